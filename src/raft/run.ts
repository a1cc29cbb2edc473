/**
 * Arithmetic on runs: ends, slices, and the two kinds that raft itself makes. A slice shares the bytes of
 * the run it was cut from; only the offsets of a partial slice are made anew.
 */
import { encodeConfiguration } from '../codec/run.js';
import { asIndex, type Index, type Term } from '../types/ids.js';
import type { Configuration, EntryBatch, Run } from '../types/log.js';

/** What a run costs beyond its bytes, in memory and on the wire; keeps empty runs from being free. */
const RUN_OVERHEAD_BYTES = 32;

export interface RunPlace {
  readonly term: Term;
  readonly first: Index;
  readonly time: number;
}

export function lastOf(run: Run): Index {
  return asIndex(run.first + run.count - 1);
}

export function costOf(run: Run): number {
  return run.bytes.length + RUN_OVERHEAD_BYTES;
}

/** The entries of `run` with from ≤ index ≤ to; at least one must be. */
export function sliceRun(run: Run, from: Index, to: Index): Run {
  const skip = Math.max(0, from - run.first);
  const end = Math.min(run.count, to - run.first + 1);
  if (skip === 0 && end === run.count) return run;
  const base = run.offsets[skip]!;
  const offsets = run.offsets.slice(skip, end + 1);
  if (base !== 0) for (let i = 0; i < offsets.length; i++) offsets[i]! -= base;
  const bytes = run.bytes.subarray(base, run.offsets[end]!);
  return { ...run, first: asIndex(run.first + skip), count: end - skip, offsets, bytes };
}

/** As many leading entries as fit into `bytesMax`, but at least one. */
export function headOf(run: Run, bytesMax: number): Run {
  let low = 1;
  let high = run.count;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (run.offsets[middle]! <= bytesMax) low = middle;
    else high = middle - 1;
  }
  return sliceRun(run, run.first, asIndex(run.first + low - 1));
}

export function commandRun(batch: EntryBatch, place: RunPlace): Run {
  const { count, offsets, bytes } = batch;
  return { kind: 'command', ...place, count, offsets, bytes };
}

export function noopRun(place: RunPlace): Run {
  return { kind: 'noop', ...place, count: 1, offsets: new Uint32Array(2), bytes: new Uint8Array() };
}

export function configurationRun(configuration: Configuration, place: RunPlace): Run {
  const bytes = encodeConfiguration(configuration);
  return {
    kind: 'configuration',
    ...place,
    count: 1,
    offsets: Uint32Array.of(0, bytes.length),
    bytes,
  };
}
