/** What every state database must do; run against LevelDB and its twin in memory. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  CheckpointMeta,
  Row,
  StateDatabase,
  StateDatabases,
} from '../../src/storage/state-database.js';
import { asIndex, asMemberId, asTerm } from '../../src/types/ids.js';

export interface DatabasesUnderTest {
  readonly databases: StateDatabases;
  readonly dispose: () => Promise<void>;
}

export function metaAt(index: number, digest = `digest ${index}`): CheckpointMeta {
  const voter = { id: asMemberId('0000000000000001'), name: 'a', peerAddress: 'localhost:1' };
  const configuration = { voters: [voter], learners: [] };
  const snapshot = { index: asIndex(index), term: asTerm(1), configuration };
  return { snapshot, digest, time: 1000 + index, formatVersion: 1 };
}

export const rowOf = (key: readonly number[], value = key[0]!): Row => [
  Uint8Array.from(key),
  Uint8Array.of(value),
];

export async function collect(
  rows: AsyncIterable<readonly Row[]>,
): Promise<(readonly [number[], number[]])[]> {
  const all: (readonly [number[], number[]])[] = [];
  for await (const slice of rows)
    all.push(...slice.map(([k, v]): [number[], number[]] => [[...k], [...v]]));
  return all;
}

export function describeStateDatabases(
  name: string,
  create: () => Promise<DatabasesUnderTest>,
): void {
  describe(`${name} keeps the contract of a state database`, () => {
    let made: DatabasesUnderTest;
    let state: StateDatabase;
    beforeEach(async () => {
      made = await create();
      state = await made.databases.open('state-1', 'create');
    });
    afterEach(async () => {
      await state.close();
      await made.dispose();
    });
    const put = (...rows: Row[]): Promise<void> =>
      state.write({ puts: rows, deletes: [] }, { durable: true });

    it('begins without rows and without a description', async () => {
      const view = await state.view();
      expect(view.meta).toBe(undefined);
      expect(await view.read(undefined, 1000)).toEqual({ rows: [], done: true });
      await view.close();
      expect(await collect(state.rows())).toEqual([]);
    });

    it('gives rows in the order of their bytes, shorter before longer', async () => {
      await put(rowOf([255]), rowOf([1, 0]), rowOf([0]), rowOf([1]), rowOf([128]));
      const keys = (await collect(state.rows())).map(([key]) => key);
      expect(keys).toEqual([[0], [1], [1, 0], [128], [255]]);
    });

    it('changes rows and description together, and keeps both when opened again', async () => {
      await put(rowOf([1]), rowOf([2]));
      const batch = { puts: [rowOf([3])], deletes: [Uint8Array.of(1), Uint8Array.of(9)] };
      await state.write({ ...batch, meta: metaAt(7) }, { durable: true });
      await state.close();
      state = await made.databases.open('state-1', 'existing');
      expect(await collect(state.rows())).toEqual([
        [[2], [2]],
        [[3], [3]],
      ]);
      const view = await state.view();
      expect(view.meta).toEqual(metaAt(7));
      await view.close();
    });

    it('does not keep a hold on the memory it was given', async () => {
      const row = rowOf([1]);
      await put(row);
      row[0].fill(9);
      row[1].fill(9);
      expect(await collect(state.rows())).toEqual([[[1], [1]]]);
    });

    it('holds a view still while rows change', async () => {
      await state.write(
        { puts: [rowOf([1]), rowOf([2])], deletes: [], meta: metaAt(1) },
        { durable: true },
      );
      const view = await state.view();
      await state.write(
        { puts: [rowOf([0]), rowOf([2], 9)], deletes: [Uint8Array.of(1)], meta: metaAt(2) },
        { durable: true },
      );
      expect(view.meta).toEqual(metaAt(1));
      const { rows, done } = await view.read(undefined, 1000);
      expect([rows.map(([k, v]) => [k[0], v[0]]), done]).toEqual([
        [
          [1, 1],
          [2, 2],
        ],
        true,
      ]);
      await view.close();
    });

    it('reads a view in pages, behind any key, at least one row each', async () => {
      await put(...[1, 2, 3, 4, 5].map((key) => rowOf([key])));
      const view = await state.view();
      const keysOf = async (after: number | undefined, bytesMax: number) => {
        const key = after === undefined ? undefined : Uint8Array.of(after);
        const page = await view.read(key, bytesMax);
        return [page.rows.map(([k]) => k[0]), page.done];
      };
      expect(await keysOf(undefined, 4)).toEqual([[1, 2], false]);
      expect(await keysOf(2, 4)).toEqual([[3, 4], false]);
      expect(await keysOf(4, 100)).toEqual([[5], true]);
      expect(await keysOf(3, 1)).toEqual([[4], false]);
      await view.close();
    });

    it('takes and gives more rows than a slice', async () => {
      const rows = Array.from({ length: 2500 }, (_, i) => rowOf([i >> 8, i & 255]));
      await put(...rows);
      let slices = 0;
      let count = 0;
      for await (const slice of state.rows()) {
        slices++;
        count += slice.length;
      }
      expect([slices > 1, count]).toEqual([true, 2500]);
      const gone = rows.slice(0, 2400).map(([key]) => key);
      await state.write({ puts: [], deletes: gone }, { durable: true });
      expect((await collect(state.rows())).length).toBe(100);
    });

    it('shows after settling what was written without waiting', async () => {
      await state.write({ puts: [rowOf([1])], deletes: [] }, { durable: false });
      await state.settle();
      expect(await collect(state.rows())).toEqual([[[1], [1]]]);
    });

    it('lists its directories, empties one that is created again, and removes them', async () => {
      await put(rowOf([1]));
      const other = await made.databases.open('state-2', 'create');
      await other.close();
      expect((await made.databases.list()).sort()).toEqual(['state-1', 'state-2']);
      await made.databases.remove('state-2');
      await state.close();
      state = await made.databases.open('state-1', 'create');
      expect(await collect(state.rows())).toEqual([]);
      expect(await made.databases.list()).toEqual(['state-1']);
    });

    it('sets a directory aside under a name that is no state', async () => {
      await state.close();
      await made.databases.setAside(['state-1']);
      expect(await made.databases.list()).toEqual([]);
      for (const name of ['state-2', 'state-3'])
        await (await made.databases.open(name, 'create')).close();
      await made.databases.setAside(['state-2', 'state-3']);
      expect(await made.databases.list()).toEqual([]);
      state = await made.databases.open('state-1', 'create');
    });

    it('calls a directory that is not there damage', async () => {
      const opening = made.databases.open('state-9', 'existing');
      await expect(opening).rejects.toMatchObject({ name: 'StateDamage' });
    });
  });
}
