/** What a member notes of the runs that it applies. */
import { expect, test } from 'vitest';
import { Applier, type ApplierHost } from '../../src/server/writes/applier.js';
import { Tree } from '../../src/tree/tree.js';
import { asIndex, asTerm } from '../../src/types/ids.js';

test('time does not go back when the first run behind a fetched state has no time of its own', () => {
  const tree = new Tree();
  const host = { tree: () => tree } as unknown as ApplierHost;
  const configuration = { voters: [], learners: [] };
  const applier = new Applier(host, { term: asTerm(1), configuration, time: 1_790_000_000_000 });
  const empty = { count: 1, offsets: new Uint32Array(2), bytes: new Uint8Array(0) };
  applier.add([{ kind: 'noop', term: asTerm(2), first: asIndex(1), time: 0, ...empty }]);
  applier.step();
  expect(applier.meta).toMatchObject({ index: 1, term: 2 });
  expect(applier.time).toBe(1_790_000_000_000);
});
