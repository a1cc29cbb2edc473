/**
 * Goal: a checkpoint that another member is fetching is there for as long as that goes on, however slow the
 * link; one that nobody fetches any more is let go. Method: a cluster of one with its state in memory.
 */
import { expect, test } from 'vitest';
import { Checkpointer } from '../../src/server/state/checkpointer.js';
import { DEFAULT_TUNING } from '../../src/server/tuning.js';
import { openCheckpointStore } from '../../src/storage/checkpoint-store.js';
import { MemoryDisk } from '../../src/storage/memory-disk.js';
import { MemoryStateDatabases } from '../../src/storage/memory-state-database.js';
import type { LogStore } from '../../src/storage/wal.js';
import type { CheckpointChunk } from '../../src/transport/transport.js';
import { Solo } from './support.js';

const SLOW_MS = 40_000;

test('a slow transfer is served to its end, while checkpoints go on', async () => {
  const { write, checkpoint, fetch, pass } = await setting();
  for (const path of ['/a', '/b', '/c', '/d']) write(path);
  await checkpoint();
  const chunks = fetch();
  let next = await chunks.next();
  let count = 0;
  while (next.done !== true) {
    count++;
    pass(SLOW_MS);
    write(`/while-${count}`);
    await checkpoint();
    next = await chunks.next();
  }
  expect(count).toBeGreaterThan(3);
});

test('a transfer that fell silent long ago has to start over', async () => {
  const { write, checkpoint, fetch, pass } = await setting();
  for (const path of ['/a', '/b', '/c', '/d']) write(path);
  await checkpoint();
  const chunks = fetch();
  await chunks.next();
  pass(2 * SLOW_MS);
  write('/e');
  await checkpoint();
  await expect(chunks.next()).rejects.toThrow();
});

async function setting() {
  const solo = Solo.led();
  const client = solo.connect();
  const disk = new MemoryDisk();
  const { store } = await openCheckpointStore(disk, new MemoryStateDatabases(), undefined);
  const checkpointer = new Checkpointer({
    store,
    log: { sizeBytes: 0, trim: () => Promise.resolve() } as unknown as LogStore,
    clock: { monotonicMs: () => solo.nowMs, wallMs: () => 0 },
    scheduler: { defer: (task) => void setImmediate(task), every: () => () => {} },
    tuning: { ...DEFAULT_TUNING, checkpointEntries: 1 },
    loaded: { ...solo.core.applied, index: solo.core.raft.trimmedIndex },
  });
  return {
    write: (path: string): void => {
      const create = { kind: 'create', path, nodeKind: 'persistent', sequential: false } as const;
      client.write({ ...create, data: new Uint8Array(200_000), ttlMs: 0, acl: [] });
      solo.turn();
    },
    checkpoint: async (): Promise<void> => {
      checkpointer.consider(solo.core, (error) => {
        throw error;
      });
      await checkpointer.suspend();
      checkpointer.installed({ ...solo.core.applied });
    },
    fetch: (): AsyncIterator<CheckpointChunk> => {
      const { index, term } = solo.core.applied;
      return checkpointer.serve({ index, term, afterKey: undefined })[Symbol.asyncIterator]();
    },
    pass: (ms: number): void => {
      solo.nowMs += ms;
    },
  };
}
