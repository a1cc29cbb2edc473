/**
 * The log since the trim point, in memory, as runs. It knows terms, finds conflicts and reads ranges; it
 * does not know what is committed or durable, and never decides to cut. Every operation costs per run.
 *
 * Invariant: runs follow each other without a gap from trimmed.index + 1, and their terms never fall.
 */
import { assert } from '../types/assert.js';
import { asIndex, type Index, type Term } from '../types/ids.js';
import type { Run } from '../types/log.js';
import { costOf, headOf, lastOf, sliceRun } from './run.js';

/** The identity of an entry. */
export interface Position {
  readonly index: Index;
  readonly term: Term;
}

export class RaftLog {
  #runs: Run[] = [];
  /** The last entry that is no longer here, or (0, 0). It is committed. */
  #trimmed: Position;
  /** The greatest stamp seen; outlives the runs that carried it. */
  #lastTime = 0;

  constructor(trimmed: Position, runs: readonly Run[]) {
    this.#trimmed = trimmed;
    for (const run of runs) this.append(run);
  }

  get trimmed(): Position {
    return this.#trimmed;
  }

  get lastIndex(): Index {
    const last = this.#runs.at(-1);
    return last === undefined ? this.#trimmed.index : lastOf(last);
  }

  get lastTerm(): Term {
    return this.#runs.at(-1)?.term ?? this.#trimmed.term;
  }

  get lastTime(): number {
    return this.#lastTime;
  }

  append(run: Run): void {
    assert(run.first === this.lastIndex + 1, 'a run must follow the last entry');
    assert(run.count >= 1 && run.term >= this.lastTerm, 'a run has entries, and terms never fall');
    this.#runs.push(run);
    this.#lastTime = Math.max(this.#lastTime, run.time);
  }

  /** The term of an entry from the trim point on; `undefined` outside. */
  termAt(index: Index): Term | undefined {
    if (index === this.#trimmed.index) return this.#trimmed.term;
    if (index < this.#trimmed.index || index > this.lastIndex) return undefined;
    return this.#runs[this.#find(index)]!.term;
  }

  /** Whether this log has that entry. What was trimmed is committed, hence the same in every log. */
  holds(index: Index, term: Term): boolean {
    return index < this.#trimmed.index || this.termAt(index) === term;
  }

  /** The first index in `runs` at which this log has no entry or one of another term. */
  firstDifference(runs: readonly Run[]): Index | undefined {
    for (const run of runs) {
      const difference = this.#firstDifference(run);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }

  #firstDifference(run: Run): Index | undefined {
    const last = this.lastIndex;
    let index = asIndex(Math.max(run.first, this.#trimmed.index + 1));
    while (index <= lastOf(run)) {
      if (index > last) return index;
      const own = this.#runs[this.#find(index)]!;
      if (own.term !== run.term) return index;
      index = asIndex(lastOf(own) + 1);
    }
    return undefined;
  }

  /** Cuts the entry at `from` and all behind it. */
  truncate(from: Index): void {
    assert(from > this.#trimmed.index, 'the trimmed part cannot be cut');
    while (this.#runs.length > 0 && lastOf(this.#runs.at(-1)!) >= from) {
      const run = this.#runs.pop()!;
      if (run.first < from) this.#runs.push(sliceRun(run, run.first, asIndex(from - 1)));
    }
  }

  /** The greatest index ≤ `index` whose term is ≤ `term`: where two logs may still agree. */
  lastIndexWithin(index: Index, term: Term): Index {
    const bound = asIndex(Math.min(index, this.lastIndex));
    if (bound <= this.#trimmed.index) return bound;
    let at = this.#find(bound);
    while (at >= 0 && this.#runs[at]!.term > term) at -= 1;
    if (at < 0) return this.#trimmed.index;
    return asIndex(Math.min(bound, lastOf(this.#runs[at]!)));
  }

  /** The entries from … to, both included; runs at the edges are cut to fit. */
  read(from: Index, to: Index): Run[] {
    const runs: Run[] = [];
    if (from > to) return runs;
    for (let at = this.#find(from); at < this.#runs.length; at++) {
      const run = this.#runs[at]!;
      if (run.first > to) break;
      runs.push(sliceRun(run, from, to));
    }
    return runs;
  }

  /** Entries from `from` on, as many as fit into `bytesMax`, but at least one; none past the end. */
  readBounded(from: Index, bytesMax: number): Run[] {
    const last = this.lastIndex;
    const runs: Run[] = [];
    if (from > last) return runs;
    let left = bytesMax;
    for (let at = this.#find(from); at < this.#runs.length; at++) {
      const run = sliceRun(this.#runs[at]!, from, last);
      const fits = costOf(run) <= left;
      if (!fits && runs.length > 0) break;
      runs.push(fits ? run : headOf(run, bytesMax));
      if (!fits) break;
      left -= costOf(run);
    }
    return runs;
  }

  /** Bytes of the entries from … to, both included. */
  bytesBetween(from: Index, to: Index): number {
    let bytes = 0;
    if (from > to) return bytes;
    for (let at = this.#find(from); at < this.#runs.length; at++) {
      const run = this.#runs[at]!;
      if (run.first > to) break;
      const start = Math.max(0, from - run.first);
      const end = Math.min(run.count, to - run.first + 1);
      bytes += run.offsets[end]! - run.offsets[start]!;
    }
    return bytes;
  }

  /** Forgets the entries up to `to`, which must be here. */
  trim(to: Index): void {
    const term = this.termAt(to);
    assert(term !== undefined, 'the trim point must be in the log');
    if (to === this.#trimmed.index) return;
    const at = this.#find(to);
    const run = this.#runs[at]!;
    const rest = lastOf(run) > to ? [sliceRun(run, asIndex(to + 1), lastOf(run))] : [];
    this.#runs.splice(0, at + 1, ...rest);
    this.#trimmed = { index: to, term };
  }

  /** Empty, starting behind `trimmed`. */
  restart(trimmed: Position): void {
    this.#runs = [];
    this.#trimmed = trimmed;
  }

  /** The place of the run that holds `index`, which must be in the log. */
  #find(index: Index): number {
    assert(index > this.#trimmed.index && index <= this.lastIndex, 'index outside the log');
    let low = 0;
    let high = this.#runs.length - 1;
    if (this.#runs[high]!.first <= index) return high;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#runs[middle]!.first <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
