import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFileDisk } from '../../src/storage/file-disk.js';
import { MemoryDisk } from '../../src/storage/memory-disk.js';
import type { Random } from '../../src/types/ports.js';
import { describeDisk } from '../contract/disk.js';

describeDisk('the file disk', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-disk-'));
  return {
    disk: createFileDisk(directory),
    dispose: () => rm(directory, { recursive: true }),
  };
});

describeDisk('the memory disk', async () => ({
  disk: new MemoryDisk(),
  dispose: async () => {},
}));

const always = (value: number): Random => ({ below: (bound) => Math.min(value, bound - 1) });
const KEEP = always(0);
const LOSE = always(1);
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

async function written(disk: MemoryDisk, value: number): Promise<void> {
  const file = await disk.open('a', 'create');
  await file.write(0, [bytes(value)]);
  await file.sync();
  await disk.syncDirectory();
  await file.write(0, [bytes(value + 1)]);
}

describe('the memory disk after a crash', () => {
  it('has what was synced, and may have lost the rest', async () => {
    const lost = new MemoryDisk();
    await written(lost, 1);
    lost.crash(LOSE);
    expect(lost.contents('a')).toEqual(bytes(1));
    const kept = new MemoryDisk();
    await written(kept, 1);
    kept.crash(KEEP);
    expect(kept.contents('a')).toEqual(bytes(2));
  });

  it('tears a write by sectors', async () => {
    const disk = new MemoryDisk();
    const file = await disk.open('a', 'create');
    await disk.syncDirectory();
    await file.write(100, [new Uint8Array(1000).fill(1)]);
    const answers = [2, 1, 0, 1];
    disk.crash({ below: () => answers.shift()! });
    const left = disk.contents('a');
    expect(left.length).toBe(1024);
    expect([left[100], left[511], left[512], left[1023]]).toEqual([0, 0, 1, 1]);
  });

  it('may have forgotten names that were not synced', async () => {
    const disk = new MemoryDisk();
    await written(disk, 1);
    await disk.rename('a', 'b');
    disk.crash(LOSE);
    expect(await disk.list()).toEqual(['a']);
    await disk.rename('a', 'b');
    disk.crash(KEEP);
    expect(await disk.list()).toEqual(['b']);
    await disk.remove('b');
    await disk.syncDirectory();
    disk.crash(LOSE);
    expect(await disk.list()).toEqual([]);
  });

  it('never makes durable what a failed sync covered', async () => {
    let failing = true;
    const fault = (operation: string): Error | undefined =>
      operation === 'sync' && failing ? new Error('EIO') : undefined;
    const disk = new MemoryDisk({ fault });
    const file = await disk.open('a', 'create');
    await disk.syncDirectory();
    await file.write(0, [bytes(1)]);
    await expect(file.sync()).rejects.toThrow('EIO');
    failing = false;
    await file.sync();
    expect(await file.read(0, 1)).toEqual(bytes(1));
    disk.crash(LOSE);
    expect(disk.contents('a')).toEqual(bytes());
  });

  it('never answers whoever held it before', async () => {
    const disk = new MemoryDisk();
    const file = await disk.open('a', 'create');
    let answered = false;
    const note = (): void => {
      answered = true;
    };
    file.sync().then(note, note);
    disk.crash(KEEP);
    file.write(0, [bytes(1)]).then(note, note);
    disk.crash(KEEP);
    await disk.list();
    await disk.list();
    expect(answered).toBe(false);
  });

  it('completes when the scheduler says so', async () => {
    const held: (() => void)[] = [];
    const disk = new MemoryDisk({ schedule: (_, complete) => held.push(complete) });
    const opening = disk.open('a', 'create');
    expect(held.length).toBe(1);
    held.shift()!();
    const file = await opening;
    const syncing = file.sync();
    held.shift()!();
    await syncing;
    expect(held.length).toBe(0);
  });
});
