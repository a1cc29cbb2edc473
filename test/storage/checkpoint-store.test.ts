import { describe, expect, it } from 'vitest';
import {
  type CheckpointStore,
  openCheckpointStore,
  type Row,
  type RowDigest,
} from '../../src/storage/checkpoint-store.js';
import { MemoryDisk } from '../../src/storage/memory-disk.js';
import { MemoryStateDatabases } from '../../src/storage/memory-state-database.js';
import { collect, metaAt, rowOf } from '../contract/state-database.js';
import { base, createRandom, open, settleAll } from './wal-support.js';

/** The keys, one after the other. */
function createDigest(): RowDigest {
  const keys: number[] = [];
  return {
    add: (rows: readonly Row[]) => keys.push(...rows.map(([key]) => key[0]!)),
    finish: () => keys.join(),
  };
}

/** Disk and state directories that stop for good after so many operations in all. */
function createStoppingMachine() {
  let left = Number.POSITIVE_INFINITY;
  const schedule = (_: unknown, complete: () => void): void => {
    if (left-- > 0) queueMicrotask(complete);
  };
  return {
    disk: new MemoryDisk({ schedule }),
    databases: new MemoryStateDatabases({ schedule }),
    stopAfter: (count: number) => {
      left = count;
    },
  };
}

const newMachine = () => ({ disk: new MemoryDisk(), databases: new MemoryStateDatabases() });
type Machine = ReturnType<typeof newMachine>;

async function openStore(machine: Machine, needed?: string): Promise<CheckpointStore> {
  const { store, damage } = await openCheckpointStore(machine.disk, machine.databases, needed);
  expect(damage).toBe(undefined);
  return store;
}

async function keysIn(store: CheckpointStore): Promise<number[]> {
  const loaded = await store.load();
  return (await collect(loaded!.rows)).map(([key]) => key[0]!);
}

const save = (store: CheckpointStore, index: number, keys: readonly number[]): Promise<void> =>
  store.save({ meta: metaAt(index), puts: keys.map((key) => rowOf([key])), deletes: [] });

describe('the checkpoint store', () => {
  it('has nothing to load at first, and after a save what was saved last', async () => {
    const machine = newMachine();
    const store = await openStore(machine);
    expect(await store.load()).toBe(undefined);
    expect(await store.openSnapshot()).toBe(undefined);
    await save(store, 5, [1, 2]);
    const deletes = [Uint8Array.of(1)];
    await store.save({ meta: metaAt(9), puts: [rowOf([3])], deletes });
    await store.close();
    const again = await openStore(machine);
    expect((await again.load())!.meta).toEqual(metaAt(9));
    expect(await keysIn(again)).toEqual([2, 3]);
  });

  it('holds a snapshot for one that lags while saves go on, and resumes behind a key', async () => {
    const store = await openStore(newMachine());
    await save(store, 5, [1, 2, 3]);
    const snapshot = (await store.openSnapshot())!;
    await save(store, 6, [0, 4]);
    expect(snapshot.meta).toEqual(metaAt(5));
    const first = await snapshot.read(undefined, 4);
    expect([first.rows.length, first.done]).toEqual([2, false]);
    const rest = await snapshot.read(first.rows.at(-1)![0], 100);
    expect([rest.rows.map(([key]) => key[0]), rest.done]).toEqual([[3], true]);
    await snapshot.close();
  });

  it('switches to an installed state, once it is verified', async () => {
    const machine = newMachine();
    const store = await openStore(machine);
    await save(store, 5, [1, 2]);
    const install = await store.beginInstall(metaAt(50, '7,8,9'));
    await install.add([rowOf([7]), rowOf([8])]);
    await install.add([rowOf([9])]);
    expect(await keysIn(store)).toEqual([1, 2]);
    expect(await install.finish(createDigest())).toBe(true);
    await install.switchTo();
    expect(store.directory).toBe(install.name);
    expect(await keysIn(store)).toEqual([7, 8, 9]);
    await store.close();
    expect(await machine.databases.list()).toEqual([install.name]);
    expect(await keysIn(await openStore(machine))).toEqual([7, 8, 9]);
  });

  it('keeps the old state when an install is not what it should be, or is given up', async () => {
    const machine = newMachine();
    const store = await openStore(machine);
    await save(store, 5, [1, 2]);
    const wrong = await store.beginInstall(metaAt(50, '7,8'));
    await wrong.add([rowOf([7])]);
    expect(await wrong.finish(createDigest())).toBe(false);
    expect(() => wrong.switchTo()).toThrow('verified');
    await wrong.abort();
    const given = await store.beginInstall(metaAt(50, '7,8'));
    await given.abort();
    expect(await keysIn(store)).toEqual([1, 2]);
    expect(await machine.databases.list()).toEqual([store.directory]);
  });

  it('sets a state aside that cannot be opened, and says so', async () => {
    const machine = newMachine();
    const store = await openStore(machine);
    await save(store, 5, [1]);
    await store.close();
    machine.databases.damage(store.directory);
    const found = await openCheckpointStore(machine.disk, machine.databases, undefined);
    expect(found.damage).toContain(store.directory);
    expect(await found.store.load()).toBe(undefined);
    await save(found.store, 6, [2]);
    await found.store.close();
    expect(await keysIn(await openStore(machine))).toEqual([2]);
  });

  it('deletes nothing when the pointer is damaged', async () => {
    const machine = newMachine();
    const store = await openStore(machine);
    await store.close();
    machine.disk.overwrite('current-state.json', Uint8Array.of(1, 2, 3));
    const found = await openCheckpointStore(machine.disk, machine.databases, undefined);
    expect(found.damage).toContain('current-state.json');
    const missing = await openCheckpointStore(machine.disk, machine.databases, 'state-9');
    expect(missing.damage).toContain('state-9 is missing');
  });
});

describe('an install under power loss', () => {
  async function install(machine: Machine): Promise<void> {
    const { log, recovered } = await open(machine.disk);
    const store = await openStore(machine, recovered.checkpoint);
    const next = await store.beginInstall(metaAt(50, '7,8,9'));
    await next.add([rowOf([7]), rowOf([8])]);
    await next.add([rowOf([9])]);
    expect(await next.finish(createDigest())).toBe(true);
    await log.reset(base(50), next.name);
    await next.switchTo();
  }

  it('leaves the old state or the new one, and the log always fits it', async () => {
    const ends = new Set<string>();
    for (let trial = 0; trial < 150; trial++) {
      const machine = createStoppingMachine();
      const { log } = await open(machine.disk);
      await log.close();
      const store = await openStore(machine);
      await save(store, 5, [1, 2]);
      await store.close();
      machine.stopAfter(trial % 75);
      let isDone = false;
      install(machine).then(() => {
        isDone = true;
      });
      await settleAll();
      const random = createRandom(trial);
      machine.disk.crash(random);
      machine.databases.crash(random);
      machine.stopAfter(Number.POSITIVE_INFINITY);
      const { recovered } = await open(machine.disk);
      const after = await openStore(machine, recovered.checkpoint);
      const index = (await after.load())!.meta.snapshot.index;
      const keys = await keysIn(after);
      ends.add(`log ${recovered.base.index} state ${index}: ${keys}${isDone ? ' done' : ''}`);
    }
    expect([...ends].sort()).toEqual([
      'log 0 state 5: 1,2',
      'log 50 state 50: 7,8,9',
      'log 50 state 50: 7,8,9 done',
    ]);
  });
});
