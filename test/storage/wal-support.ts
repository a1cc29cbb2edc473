/** Builders for tests of the log. */
import { MemoryDisk, type MemoryDiskOptions } from '../../src/storage/memory-disk.js';
import {
  type LogStore,
  openWal,
  type RecoveredLog,
  type WalOptions,
} from '../../src/storage/wal.js';
import { asClusterId, asIndex, asMemberId, asTerm } from '../../src/types/ids.js';
import type { Configuration, HardState, Run, SnapshotMeta } from '../../src/types/log.js';
import type { Disk, Random } from '../../src/types/ports.js';

export const FOUNDERS: Configuration = {
  voters: [{ id: asMemberId('0000000000000001'), name: 'a', peerAddress: 'localhost:1' }],
  learners: [],
};

/** A small linear generator: the tests repeat. */
export function createRandom(seed: number): Random {
  let state = (seed * 2654435761 + 1) >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  return { below: (bound) => Math.floor((next() / 2 ** 32) * bound) };
}

export const OPTIONS: WalOptions = {
  clusterId: asClusterId('c'.repeat(32)),
  memberId: asMemberId('0000000000000001'),
  founders: FOUNDERS,
  random: createRandom(1),
  allocateBytes: 4096,
};

export const newDisk = (options?: MemoryDiskOptions): MemoryDisk => new MemoryDisk(options);

export async function open(
  disk: Disk,
  options: Partial<WalOptions> = {},
): Promise<{ log: LogStore; recovered: RecoveredLog }> {
  return openWal(disk, { ...OPTIONS, ...options });
}

/** Entries of one byte each, whose value is their index. */
export function run(first: number, count: number, term = 1): Run {
  const bytes = Uint8Array.from({ length: count }, (_, i) => (first + i) & 0xff);
  return runOf(
    first,
    Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)),
    term,
  );
}

export function runOf(first: number, entries: readonly Uint8Array[], term = 1): Run {
  const offsets = new Uint32Array(entries.length + 1);
  entries.forEach((entry, i) => {
    offsets[i + 1] = offsets[i]! + entry.length;
  });
  const bytes = Uint8Array.from(Buffer.concat(entries));
  const place = { term: asTerm(term), first: asIndex(first), time: 1000 + first };
  return { kind: 'command', ...place, count: entries.length, offsets, bytes };
}

export function vote(term: number, commitIndex = 0): HardState {
  const votedFor = asMemberId('00000000000000ff');
  return { term: asTerm(term), votedFor, commitIndex: asIndex(commitIndex) };
}

export function base(index: number, term = 1): SnapshotMeta {
  return { index: asIndex(index), term: asTerm(term), configuration: FOUNDERS };
}

/** index:term of each entry, which must hold its index as value. */
export function entriesOf(runs: readonly Run[]): string[] {
  return runs.flatMap((one) =>
    Array.from({ length: one.count }, (_, i) => {
      const value = one.bytes[one.offsets[i]!];
      const index = one.first + i;
      return `${index}:${one.term}${value === (index & 0xff) ? '' : ' WRONG'}`;
    }),
  );
}

export function entries(first: number, last: number, term = 1): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}:${term}`);
}

export function segments(names: readonly string[]): string[] {
  return names.filter((name) => name.startsWith('log-'));
}

/** A disk that stops for good after so many completed operations. */
export function createStoppingDisk(): { disk: MemoryDisk; stopAfter: (count: number) => void } {
  let left = Number.POSITIVE_INFINITY;
  const disk = new MemoryDisk({
    schedule: (_, complete) => {
      if (left-- > 0) queueMicrotask(complete);
    },
  });
  return {
    disk,
    stopAfter: (count) => {
      left = count;
    },
  };
}

export async function settleAll(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
