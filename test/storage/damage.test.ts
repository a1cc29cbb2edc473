/** Torn or damaged: what was never acknowledged is cut, everything else that is wrong is fenced. */
import { describe, expect, it } from 'vitest';
import type { MemoryDisk } from '../../src/storage/memory-disk.js';
import type { Random } from '../../src/types/ports.js';
import {
  base,
  createRandom,
  createStoppingDisk,
  entries,
  entriesOf,
  newDisk,
  open,
  run,
  runOf,
  segments,
  settleAll,
  vote,
} from './wal-support.js';

const LAST = runOf(5, [Uint8Array.of(5, ...new Uint8Array(1400).fill(9))]);

/** Preamble, mark, 1-2, 3-4 with a vote, and 5 in three sectors; the process died, the disk did not. */
async function writeLog(): Promise<{ bytes: Uint8Array; name: string; lastFrame: number }> {
  const disk = newDisk();
  const { log } = await open(disk);
  await log.append({ runs: [run(1, 2)], hardState: vote(1) });
  await log.append({ runs: [run(3, 2)], hardState: vote(2) });
  const lastFrame = log.sizeBytes;
  await log.append({ runs: [LAST], hardState: vote(3) });
  const name = segments(await disk.list())[0]!;
  return { bytes: disk.contents(name), name, lastFrame };
}

async function diskWith(name: string, bytes: Uint8Array): Promise<MemoryDisk> {
  const disk = newDisk();
  await (await open(disk)).log.close();
  disk.overwrite(name, bytes);
  return disk;
}

async function recover(name: string, bytes: Uint8Array) {
  const disk = await diskWith(name, bytes);
  const { recovered } = await open(disk);
  return { disk, recovered, found: entriesOf(recovered.runs) };
}

describe('a torn tail', () => {
  it('is cut at every length the file may have kept, and the log goes on', async () => {
    const { bytes, name, lastFrame } = await writeLog();
    const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
    for (let length = lastFrame; length < end; length += 7) {
      const disk = await diskWith(name, bytes.slice(0, length));
      const { log, recovered } = await open(disk);
      expect([length, recovered.damage, entriesOf(recovered.runs)]).toEqual([
        length,
        undefined,
        entries(1, 4),
      ]);
      expect(recovered.hardState).toEqual(vote(2));
      expect(recovered.cutBytes > 0).toBe(length > lastFrame);
      await log.append({ runs: [run(5, 1)] });
      disk.crash({ below: () => 1 });
      expect(entriesOf((await open(disk)).recovered.runs)).toEqual(entries(1, 5));
    }
    expect((await recover(name, bytes.slice(0, end))).found).toEqual(entries(1, 5));
  });

  it('is cut whichever of its sectors were never written', async () => {
    const { bytes, name, lastFrame } = await writeLog();
    for (let lost = 1; lost < 8; lost++) {
      const torn = bytes.slice();
      for (let sector = 0; sector < 3; sector++) {
        if ((lost & (1 << sector)) === 0) continue;
        torn.fill(0, lastFrame + sector * 512, lastFrame + (sector + 1) * 512);
      }
      const { recovered, found } = await recover(name, torn);
      expect([recovered.damage, found]).toEqual([undefined, entries(1, 4)]);
    }
  });

  it('is damage once a later frame says that it was durable', async () => {
    const disk = newDisk();
    const { log } = await open(disk);
    const start = log.sizeBytes;
    await log.append({ runs: [LAST].map((one) => ({ ...one, first: run(1, 1).first })) });
    await log.close();
    const name = segments(await disk.list())[0]!;
    for (let sector = 0; sector < 3; sector++) {
      const torn = disk.contents(name);
      torn.fill(0, start + sector * 512, start + (sector + 1) * 512);
      const { recovered } = await recover(name, torn);
      expect(recovered.damage).toContain(sector === 0 ? 'frame missing' : 'wrong checksum');
    }
  });
});

describe('a flipped bit', () => {
  it('never goes unnoticed where something was written', async () => {
    const { bytes, name } = await writeLog();
    const sound = await recover(name, bytes);
    const end = bytes.findLastIndex((byte) => byte !== 0);
    for (let at = 0; at <= end; at += 3) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1 << (at % 8);
      const { recovered, found } = await recover(name, flipped);
      if (recovered.damage === undefined) {
        expect([at, found]).toEqual([at, sound.found]);
        expect(bytes[at]).toBe(0);
      } else {
        expect(found).toEqual([]);
      }
    }
  });

  it('leaves the vote intact when a newer frame, or the frame itself, still names it', async () => {
    const { bytes, name, lastFrame } = await writeLog();
    for (const at of [512, lastFrame - 512 + 90, lastFrame + 700]) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1;
      const { recovered } = await recover(name, flipped);
      expect(recovered.damage).toBeDefined();
      expect(recovered).toMatchObject({ hardState: vote(3), hardStateIntact: true });
    }
  });

  it('in the newest frame header means that a vote may be lost', async () => {
    const { bytes, name, lastFrame } = await writeLog();
    const flipped = bytes.slice();
    flipped[lastFrame + 9]! ^= 1;
    const { recovered } = await recover(name, flipped);
    expect(recovered).toMatchObject({ hardState: vote(2), hardStateIntact: false });
  });
});

describe('a log with one write gone astray', () => {
  const SECTOR = 512;

  /** Six frames of one to four sectors, and what the log held after each. */
  async function writeHistory() {
    const disk = newDisk();
    const { log } = await open(disk);
    const states = [''];
    const held: string[] = [];
    for (const count of [1, 900, 3, 1700, 2, 500]) {
      const added = run(held.length + 1, count);
      await log.append({ runs: [added], hardState: vote(states.length) });
      held.push(...entriesOf([added]));
      states.push(held.join());
    }
    const name = segments(await disk.list())[0]!;
    const used = log.sizeBytes;
    return { states, name, used, bytes: disk.contents(name).slice(0, used + SECTOR) };
  }

  function goAstray(bytes: Uint8Array, random: Random): Uint8Array {
    const sectors = bytes.length / SECTOR;
    const [from, to] = [random.below(sectors) * SECTOR, random.below(sectors) * SECTOR];
    const after = bytes.slice();
    const kind = random.below(3);
    if (kind === 0) after.copyWithin(to, from, from + SECTOR);
    if (kind === 1) after.fill(0, to, to + SECTOR);
    if (kind === 2) for (let i = 0; i < SECTOR; i++) after[to + i] = random.below(256);
    return after;
  }

  it('gives what was written up to the last frame, or nothing', async () => {
    const { states, name, bytes } = await writeHistory();
    const whole = states.length - 1;
    const random = createRandom(11);
    const seen = new Set<string>();
    for (let trial = 0; trial < 300; trial++) {
      const { recovered, found } = await recover(name, goAstray(bytes, random));
      if (recovered.damage !== undefined) {
        seen.add('damage');
        continue;
      }
      const position = states.indexOf(found.join());
      expect(position).toBeGreaterThanOrEqual(whole - 1);
      expect(recovered.hardState).toEqual(vote(position));
      seen.add(position === whole ? 'whole' : 'cut');
    }
    expect([...seen].sort()).toEqual(['cut', 'damage', 'whole']);
  });
});

describe('quarantine', () => {
  async function quarantined(): Promise<MemoryDisk> {
    const { bytes, name } = await writeLog();
    bytes[520]! ^= 1;
    return diskWith(name, bytes);
  }

  it('outlives restarts, keeps the files, and ends when it is lifted', async () => {
    const disk = await quarantined();
    const first = await open(disk);
    expect(first.recovered.damage).toContain('log segment 1');
    expect(await disk.list()).toContain('damaged-log-000000000001.wal');
    await first.log.reset(base(100, 3), 'state-1');
    await first.log.append({ runs: [run(101, 2, 3)], hardState: vote(4) });
    disk.crash({ below: () => 1 });
    const second = await open(disk);
    expect(second.recovered.damage).toBe(first.recovered.damage);
    expect(entriesOf(second.recovered.runs)).toEqual(entries(101, 102, 3));
    expect(second.recovered.hardState).toEqual(vote(4));
    await second.log.liftQuarantine();
    await second.log.close();
    expect((await open(disk)).recovered).toMatchObject({ damage: undefined, base: base(100, 3) });
  });

  it('comes about whole, wherever the power goes in the middle', async () => {
    const { bytes, name } = await writeLog();
    bytes[520]! ^= 1;
    let isDone = false;
    for (let steps = 0; !isDone; steps++) {
      const { disk, stopAfter } = createStoppingDisk();
      await (await open(disk)).log.close();
      disk.overwrite(name, bytes);
      stopAfter(steps);
      open(disk).then(() => {
        isDone = true;
      });
      await settleAll();
      disk.crash(createRandom(steps));
      stopAfter(Number.POSITIVE_INFINITY);
      const { recovered } = await open(disk);
      expect(recovered.damage).toBeDefined();
      expect(recovered).toMatchObject({ hardState: vote(3), hardStateIntact: true });
      expect(disk.contents(`damaged-${name}`)).toEqual(bytes);
    }
  });

  it('follows when segments that must be there are not', async () => {
    const fill = async (disk: MemoryDisk): Promise<string[]> => {
      const { log } = await open(disk, { segmentBytes: 2048 });
      for (let i = 1; i <= 9; i++) await log.append({ runs: [run(i, 1)] });
      await log.close();
      return segments(await disk.list());
    };
    const count = (await fill(newDisk())).length;
    expect(count).toBeGreaterThan(3);
    for (let missing = 0; missing < count; missing++) {
      const disk = newDisk();
      disk.lose((await fill(disk))[missing]!);
      const { recovered } = await open(disk);
      expect([missing, recovered.damage !== undefined]).toEqual([missing, true]);
    }
    const disk = newDisk();
    for (const name of await fill(disk)) disk.lose(name);
    expect((await open(disk)).recovered).toMatchObject({ hardStateIntact: false });
  });

  it('follows when a segment belongs to another member', async () => {
    const { bytes, name } = await writeLog();
    const disk = await diskWith(name, bytes);
    const { recovered } = await open(disk, { memberId: '0000000000000009' as never });
    expect(recovered.damage).toContain('another member');
  });
});
