import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLevelDatabases } from '../../src/storage/level-state-database.js';
import { MemoryStateDatabases } from '../../src/storage/memory-state-database.js';
import { collect, describeStateDatabases, metaAt, rowOf } from '../contract/state-database.js';

describeStateDatabases('LevelDB', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-state-'));
  return {
    databases: createLevelDatabases(directory),
    dispose: () => rm(directory, { recursive: true }),
  };
});

describeStateDatabases('the memory state', async () => ({
  databases: new MemoryStateDatabases(),
  dispose: async () => {},
}));

describe('the memory state after a crash', () => {
  it('has every durable batch and a prefix of the others', async () => {
    for (const [kept, keys] of [
      [0, [1]],
      [1, [1, 2]],
      [2, [1, 2, 3]],
    ] as const) {
      const databases = new MemoryStateDatabases();
      const state = await databases.open('state-1', 'create');
      await state.write({ puts: [rowOf([1])], deletes: [], meta: metaAt(1) }, { durable: true });
      await state.write({ puts: [rowOf([2])], deletes: [] }, { durable: false });
      await state.write({ puts: [rowOf([3])], deletes: [] }, { durable: false });
      databases.crash({ below: () => kept });
      const again = await databases.open('state-1', 'existing');
      expect((await collect(again.rows())).map(([key]) => key[0])).toEqual(keys);
    }
  });
});

describe('LevelDB damage', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rollcall-state-'));
    const state = await createLevelDatabases(directory).open('state-1', 'create');
    await state.write({ puts: [rowOf([1])], deletes: [] }, { durable: true });
    await state.settle();
    await state.close();
  });
  afterEach(() => rm(directory, { recursive: true }));

  it.each([
    ['CURRENT', 'remove'],
    ['CURRENT', 'scramble'],
    ['MANIFEST', 'remove'],
    ['MANIFEST', 'scramble'],
  ])('in %s is told from other failures (%s)', async (prefix, how) => {
    const path = join(directory, 'state-1');
    const name = (await readdir(path)).find((one) => one.startsWith(prefix))!;
    if (how === 'remove') await rm(join(path, name));
    else await writeFile(join(path, name), 'nothing that LevelDB wrote');
    const opening = createLevelDatabases(directory).open('state-1', 'existing');
    await expect(opening).rejects.toMatchObject({ name: 'StateDamage' });
  });

  it('is not suspected when another holds the directory', async () => {
    const databases = createLevelDatabases(directory);
    const state = await databases.open('state-1', 'existing');
    await expect(databases.open('state-1', 'existing')).rejects.toThrow('in use');
    await state.close();
  });
});
