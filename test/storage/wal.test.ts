import { describe, expect, it } from 'vitest';
import type { DiskOperation } from '../../src/storage/memory-disk.js';
import { asIndex } from '../../src/types/ids.js';
import { LOG_FRAME_BYTES_MAX } from '../../src/types/limits.js';
import {
  base,
  entries,
  entriesOf,
  FOUNDERS,
  newDisk,
  open,
  run,
  runOf,
  segments,
  vote,
} from './wal-support.js';

describe('the log', () => {
  it('begins empty, with the founders as its base', async () => {
    const { log, recovered } = await open(newDisk());
    expect(recovered).toMatchObject({ runs: [], damage: undefined, hardStateIntact: true });
    expect(recovered.base).toEqual(base(0, 0));
    expect(recovered.base.configuration).toEqual(FOUNDERS);
    expect(recovered.hardState).toEqual({ term: 0, votedFor: undefined, commitIndex: 0 });
    await log.close();
  });

  it('gives back runs and hard state, byte for byte', async () => {
    const disk = newDisk();
    const { log } = await open(disk);
    const noop = { ...runOf(3, [new Uint8Array(0)], 2), kind: 'noop' as const };
    const written = [run(1, 2), noop, runOf(4, [new Uint8Array(70_000).fill(3)], 2)];
    await log.append({ runs: written.slice(0, 1), hardState: vote(1) });
    await log.append({ runs: written.slice(1), hardState: vote(2, 2) });
    await log.close();
    const { recovered } = await open(disk);
    expect(recovered.runs).toEqual(written);
    expect(recovered.hardState).toEqual(vote(2, 2));
  });

  it('keeps data full of zeros apart from space never written', async () => {
    const disk = newDisk();
    const { log } = await open(disk);
    const written = runOf(1, [new Uint8Array(5000), Uint8Array.of(1), new Uint8Array(700)]);
    await log.append({ runs: [written] });
    await log.append({ runs: [runOf(4, [new Uint8Array(100_000)])] });
    disk.kill();
    const bytes = disk.contents(segments(await disk.list())[0]!);
    const end = bytes.findLastIndex((byte) => byte !== 0);
    for (let at = 0; at < end; at += 512) {
      expect(bytes.subarray(at, at + 512).some((byte) => byte !== 0)).toBe(true);
    }
    const { recovered } = await open(disk);
    expect(recovered.runs[0]).toEqual(written);
    expect(recovered.runs[1]!.bytes).toEqual(new Uint8Array(100_000));
  });

  it('lets all that arrive during a sync share the next one', async () => {
    const operations: DiskOperation[] = [];
    const disk = newDisk({
      schedule: (operation, complete) => {
        operations.push(operation);
        queueMicrotask(complete);
      },
    });
    const { log } = await open(disk);
    operations.length = 0;
    const writes = Array.from({ length: 100 }, (_, i) => log.append({ runs: [run(i + 1, 1)] }));
    await Promise.all(writes);
    expect(operations).toEqual(['write', 'sync', 'write', 'sync']);
    await log.close();
    expect(entriesOf((await open(disk)).recovered.runs)).toEqual(entries(1, 100));
  });

  it('splits what waits when one frame would be too large, and keeps the order', async () => {
    const disk = newDisk();
    const { log } = await open(disk, { allocateBytes: 1024 * 1024 });
    const large = new Uint8Array(LOG_FRAME_BYTES_MAX * 0.6).fill(7);
    const writes = [1, 2, 3, 4, 5].map((index) => log.append({ runs: [runOf(index, [large])] }));
    await Promise.all(writes);
    await log.close();
    const { recovered } = await open(disk);
    expect(recovered.runs.map((one) => one.first)).toEqual([1, 2, 3, 4, 5]);
  });

  it('cuts superseded entries, also across segments, and stays cut after a restart', async () => {
    const disk = newDisk();
    const { log } = await open(disk, { segmentBytes: 4096 });
    for (let i = 0; i < 20; i++) await log.append({ runs: [run(1 + 5 * i, 5)] });
    await log.append({ truncateFrom: asIndex(33), runs: [run(33, 2, 2)], hardState: vote(2) });
    await log.append({ runs: [run(35, 3, 2)] });
    await log.close();
    for (let i = 0; i < 3; i++) {
      const { log, recovered } = await open(disk, { segmentBytes: 4096 });
      expect(entriesOf(recovered.runs)).toEqual([...entries(1, 32), ...entries(33, 37, 2)]);
      expect(recovered.damage).toBe(undefined);
      await log.close();
    }
  });

  it('removes whole segments behind a trim, and keeps the hard state that stood in them', async () => {
    const disk = newDisk();
    const { log } = await open(disk, { segmentBytes: 4096 });
    await log.append({ runs: [], hardState: vote(7) });
    for (let i = 0; i < 40; i++) await log.append({ runs: [run(1 + i, 1, 7)] });
    const before = { files: segments(await disk.list()).length, bytes: log.sizeBytes };
    await log.trim(base(30, 7));
    expect(segments(await disk.list()).length).toBeLessThan(before.files - 2);
    expect(log.sizeBytes).toBeLessThan(before.bytes / 2);
    await log.close();
    const { recovered } = await open(disk);
    expect(recovered.base).toEqual(base(30, 7));
    expect(entriesOf(recovered.runs)).toEqual(entries(31, 40, 7));
    expect(recovered.hardState).toEqual(vote(7));
  });

  it('restarts behind an installed snapshot that it did not hold', async () => {
    const disk = newDisk();
    const { log } = await open(disk);
    await log.append({ runs: [run(1, 10)] });
    await log.reset(base(100, 3), 'state-2');
    expect(segments(await disk.list()).length).toBe(1);
    await log.append({ runs: [run(101, 2, 3)], hardState: vote(3) });
    await log.close();
    const { recovered } = await open(disk);
    expect(recovered).toMatchObject({ base: base(100, 3), checkpoint: 'state-2' });
    expect(entriesOf(recovered.runs)).toEqual(entries(101, 102, 3));
  });

  it('keeps what follows a snapshot that it held, and drops it when the term differs', async () => {
    for (const term of [1, 2]) {
      const disk = newDisk();
      const { log } = await open(disk);
      await log.append({ runs: [run(1, 10)] });
      await log.reset(base(6, term), 'state-2');
      await log.close();
      const { recovered } = await open(disk);
      expect(recovered).toMatchObject({ base: base(6, term), checkpoint: 'state-2' });
      expect(entriesOf(recovered.runs)).toEqual(term === 1 ? entries(7, 10) : []);
    }
  });

  it('takes nothing that does not continue it', async () => {
    const { log } = await open(newDisk());
    await log.append({ runs: [run(1, 3, 2)] });
    const append = (first: number, term: number) => () =>
      log.append({ runs: [run(first, 1, term)] });
    expect(append(5, 2)).toThrow('behind index 3');
    expect(append(4, 1)).toThrow('behind term 2');
    expect(() => log.append({ truncateFrom: asIndex(9), runs: [] })).toThrow('behind the end');
    await expect(log.trim(base(4, 2))).rejects.toThrow('past 3');
  });

  it('marks the last frame as durable when nothing follows for a while', async () => {
    let planned: (() => void) | undefined;
    const timer = {
      start: (_: number, callback: () => void) => {
        planned = callback;
        return () => {
          planned = undefined;
        };
      },
    };
    const { log } = await open(newDisk(), { timer });
    expect(planned).toBe(undefined);
    const first = log.append({ runs: [run(1, 1)] });
    await first;
    await Promise.resolve();
    const before = log.sizeBytes;
    planned!();
    await log.append({ runs: [run(2, 1)] });
    expect(log.sizeBytes).toBe(before + 2 * 512);
    await log.close();
    expect(log.sizeBytes).toBe(before + 3 * 512);
  });
});

describe('the log on a failing disk', () => {
  it.each(['write', 'sync'] as const)('accepts nothing after one failed %s', async (failing) => {
    let isFailing = false;
    const fault = (operation: string): Error | undefined =>
      isFailing && operation === failing ? new Error('EIO') : undefined;
    const disk = newDisk({ fault });
    const { log } = await open(disk);
    await log.append({ runs: [run(1, 1)] });
    isFailing = true;
    const refused = [2, 3, 4].map((index) => log.append({ runs: [run(index, 1)] }));
    for (const write of refused) await expect(write).rejects.toThrow('EIO');
    isFailing = false;
    await expect(log.append({ runs: [run(5, 1)] })).rejects.toThrow('EIO');
    await expect(log.trim(base(1))).rejects.toThrow('EIO');
    await log.close();
  });

  it('does not trust a frame whose sync failed until it was written again', async () => {
    let failures = 0;
    const fault = (operation: string): Error | undefined =>
      operation === 'sync' && failures-- === 1 ? new Error('EIO') : undefined;
    const disk = newDisk({ fault });
    const { log } = await open(disk);
    failures = 1;
    await expect(log.append({ runs: [run(1, 1)] })).rejects.toThrow('EIO');
    disk.kill();
    const second = await open(disk);
    expect(entriesOf(second.recovered.runs)).toEqual(['1:1']);
    disk.crash({ below: () => 1 });
    const third = await open(disk);
    expect(entriesOf(third.recovered.runs)).toEqual(['1:1']);
  });
});
