import { describe, expect, it } from 'vitest';
import {
  eventsFrom,
  eventsMessage,
  instanceFrom,
  instanceMessage,
  nodeFrom,
  nodeMessage,
  snapshotNodeMessage,
  statFrom,
} from '../../src/rpc/convert.js';
import { codec } from '../../src/rpc/definitions.js';
import { errorDetail, errorFrom } from '../../src/rpc/failure.js';
import { ERROR_CODES, RollcallError } from '../../src/types/errors.js';
import type { EventBatch } from '../../src/types/event.js';
import { asRevision, asSessionId } from '../../src/types/ids.js';
import type { Instance } from '../../src/types/instance.js';
import type { NodeStat, TreeNode } from '../../src/types/node.js';

const stat: NodeStat = {
  createRevision: asRevision(5),
  modifyRevision: asRevision(2 ** 40),
  childrenRevision: asRevision(7),
  createTime: 1_760_000_000_000,
  modifyTime: 1_760_000_000_001,
  version: 3,
  createCount: 12,
  aclVersion: 1,
  owner: asSessionId(4),
  dataLength: 2,
  childCount: 1,
  kind: 'ttl',
  ttlMs: 60_000,
  ordinal: 2,
  sequence: 11,
  incarnation: asRevision(6),
};

const override = {
  action: 'deregister',
  who: 'ops',
  reason: 'broken',
  until: 99,
  revision: asRevision(8),
} as const;

const node: TreeNode = { path: '/a/é', data: Buffer.from('xy'), stat, override };

describe('what goes over the wire', () => {
  it('keeps every field of a node', () => {
    const bytes = codec('Node').encode(nodeMessage(node));
    const { override: _, ...plain } = node;
    expect(nodeFrom(codec('Node').decode(bytes))).toEqual(plain);
  });

  it('keeps every field of a snapshot, overrides included', () => {
    const bytes = codec('Snapshot').encode({ nodes: [snapshotNodeMessage(node)] });
    const [shown] = codec('Snapshot').decode(bytes).nodes;
    expect(nodeFrom(shown!.node!, shown!.override)).toEqual(node);
  });

  it('keeps every field of events but the access list, which stays at the member', () => {
    const revision = asRevision(9);
    const event = { type: 'deleted', cause: 'grace', revision, ordinal: 0, aclId: 0 } as const;
    const batch: EventBatch = { revision, events: [{ ...node, ...event }] };
    const bytes = codec('Events').encode(eventsMessage(batch));
    expect(eventsFrom(codec('Events').decode(bytes))).toEqual(batch);
  });

  it('keeps every field of an instance', () => {
    const instance: Instance = {
      service: 'web',
      id: 'a-1',
      address: '::1',
      port: 80,
      ports: { metrics: 9100 },
      protocol: 'https',
      basePath: '/api',
      weight: 0,
      zone: 'z',
      tags: { role: 'x' },
      state: 'DRAINING',
      registeredAt: 5,
      sequence: 1,
      revision: asRevision(3),
      createRevision: asRevision(2),
      ordinal: 1,
      incarnation: asRevision(2),
      url: 'https://[::1]:80/api',
      overridden: true,
    };
    const bytes = codec('Instance').encode(instanceMessage(instance));
    expect(instanceFrom(codec('Instance').decode(bytes))).toEqual(instance);
  });

  it('keeps code, outcome, text and waiting time of every error', () => {
    for (const code of ERROR_CODES) {
      const error = new RollcallError(code, 'because', { outcome: 'unknown', retryAfterMs: 250 });
      const bytes = codec('ErrorDetail').encode(errorDetail(error, -2));
      const detail = codec('ErrorDetail').decode(bytes);
      expect(detail.position).toBe(-2);
      const again = errorFrom(detail, 'host:1');
      expect(again).toMatchObject({ code, outcome: 'unknown', retryAfterMs: 250 });
      expect(again.message).toBe(error.message);
      expect(again.endpoint).toBe('host:1');
    }
  });

  it('turns an error code of a later version into one that this version knows', () => {
    const plain = { code: 'LATER', message: '', position: 0, retryAfterMs: 0, outcome: 1 };
    expect(errorFrom({ ...plain, retryable: true })).toMatchObject({ code: 'UNAVAILABLE' });
    expect(errorFrom({ ...plain, retryable: false })).toMatchObject({ code: 'INTERNAL' });
  });

  it('reads an absent stat as zeros', () => {
    expect(statFrom(undefined)).toEqual(statFrom(codec('Stat').decode(new Uint8Array())));
  });
});
