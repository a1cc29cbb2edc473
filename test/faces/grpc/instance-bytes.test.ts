/** Goal: bytes kept of an instance are never those of what it was before, and what is kept is bounded. */
import { expect, test } from 'vitest';
import { decodeInstance, encodeInstance } from '../../../src/codec/instance.js';
import { InstanceBytes } from '../../../src/faces/grpc/instance-bytes.js';
import { instanceMessage, statFrom } from '../../../src/rpc/convert.js';
import { codec } from '../../../src/rpc/definitions.js';
import { asRevision } from '../../../src/types/ids.js';
import { INSTANCE_BYTES_KEPT_MAX } from '../../../src/types/limits.js';
import type { NodeStat, TreeNode } from '../../../src/types/node.js';

function dataOf(id: string, zone: string): Uint8Array {
  const place = { service: 's', id, address: '10.0.0.1', port: 1, ports: {}, protocol: 'http' };
  const rest = { basePath: '', zone, tags: {}, registeredAt: 0, weight: 1 };
  return encodeInstance({ ...place, ...rest, state: 'UP' });
}

function node(id: string, zone: string, stat: Partial<NodeStat> = {}): TreeNode {
  const path = `/services/s/${id}`;
  return { path, data: dataOf(id, zone), stat: { ...statFrom(undefined), ...stat } };
}

const plainly = (of: TreeNode) => codec('Instance').encode(instanceMessage(decodeInstance(of)!));

const first = { createRevision: asRevision(5), modifyRevision: asRevision(5), version: 0 };
const override = { action: 'drain', who: 'op', reason: '', until: 0 } as const;

test.each<[string, TreeNode]>([
  ['changed', node('a', 'y', { ...first, modifyRevision: asRevision(6), version: 1 })],
  ['changed twice at one revision', node('a', 'y', { ...first, version: 2 })],
  ['gone and there again at one revision', node('a', 'y', { ...first, ordinal: 3 })],
  ['taken over', node('a', 'y', { ...first, incarnation: asRevision(9) })],
  ['drained', { ...node('a', 'x', first), override: { ...override, revision: asRevision(7) } }],
])('an instance that was %s is shown as it is', (_what, now) => {
  const bytes = new InstanceBytes();
  const before = node('a', 'x', first);
  expect(bytes.of(before)).toEqual(plainly(before));
  expect(bytes.of(before)).toBe(bytes.of(node('a', 'x', first)));
  expect(bytes.of(now)).toEqual(plainly(now));
  expect(bytes.of(before)).toEqual(plainly(before));
});

test('a node that holds no instance is none, the second time too', () => {
  const bytes = new InstanceBytes();
  const byHand = { ...node('a', 'x'), data: Buffer.from('?') };
  expect([bytes.of(byHand), bytes.of(byHand)]).toEqual([undefined, undefined]);
});

test('what was used for longest goes when the bound is reached', () => {
  const bytes = new InstanceBytes();
  const large = 'z'.repeat(INSTANCE_BYTES_KEPT_MAX / 8);
  const [a, b, other] = [node('a', large), node('b', large), node('other', large)];
  const more = (from: number, to: number) => {
    for (let i = from; i < to; i++) bytes.of({ ...other, path: `/services/s/other${i}` });
  };
  const [keptA, keptB] = [bytes.of(a), bytes.of(b)];
  more(0, 4);
  const isKept = [bytes.of(a) === keptA];
  more(4, 6);
  isKept.push(bytes.of(a) === keptA, bytes.of(b) === keptB);
  expect(isKept).toEqual([true, true, false]);
});
