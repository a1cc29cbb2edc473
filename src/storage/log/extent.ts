/**
 * Which entries the log holds, by index and term, without their bytes: kept by the writer to refuse a
 * write that makes no sense, and by recovery to find one. Operations that do not fit are answered with
 * the reason and change nothing.
 * Invariant: base.index ≤ lastIndex; spans are consecutive, terms in them rise, the last ends at lastIndex.
 */
import { asIndex, asTerm, type Index, NO_TERM, type Term } from '../../types/ids.js';
import type { Run, SnapshotMeta } from '../../types/log.js';
import type { LogPosition, Operation } from './operation.js';

interface Span {
  readonly first: number;
  last: number;
  readonly term: Term;
}

export class LogExtent {
  #spans: Span[] = [];
  #base: SnapshotMeta;
  #checkpoint: string | undefined;
  #lastIndex: Index;
  #lastTerm: Term;
  #floor: number;

  constructor(position: LogPosition) {
    this.#base = position.base;
    this.#checkpoint = position.checkpoint;
    this.#lastIndex = position.lastIndex;
    this.#lastTerm = position.lastTerm;
    this.#floor = position.lastIndex + 1;
  }

  get position(): LogPosition {
    return {
      lastIndex: this.#lastIndex,
      lastTerm: this.#lastTerm,
      base: this.#base,
      checkpoint: this.#checkpoint,
    };
  }

  /** All entries behind the base are at hand: a log that was opened in its middle may lack some. */
  get isWhole(): boolean {
    return this.#floor <= this.#base.index + 1;
  }

  /** The entry that a snapshot ends with is in this log, so what follows it continues the snapshot. */
  holds(base: SnapshotMeta): boolean {
    return base.index <= this.#lastIndex && this.#termAt(base.index) === base.term;
  }

  /** `undefined`, or why the operation does not fit. */
  apply(operation: Operation): string | undefined {
    switch (operation.type) {
      case 'truncate':
        return this.#truncate(operation.from);
      case 'run':
        return this.#append(operation.run);
      case 'trim':
        return this.#trim(operation.base);
      case 'reset':
        return this.#reset(operation);
      case 'preamble':
        return this.#continueFrom(operation.preamble.position);
      case 'seal':
        return undefined;
    }
  }

  #truncate(from: Index): string | undefined {
    if (from <= this.#base.index) return `truncation from ${from} into the base`;
    if (from > this.#lastIndex + 1) return `truncation from ${from} behind the end`;
    while (this.#spans.length > 0 && this.#spans.at(-1)!.first >= from) this.#spans.pop();
    const span = this.#spans.at(-1);
    if (span !== undefined) span.last = from - 1;
    this.#lastIndex = asIndex(from - 1);
    this.#lastTerm = this.#termAt(from - 1) ?? NO_TERM;
    this.#floor = Math.min(this.#floor, from);
    return undefined;
  }

  #append(run: Run): string | undefined {
    if (run.first !== this.#lastIndex + 1) {
      return `run from ${run.first} behind index ${this.#lastIndex}`;
    }
    if (run.term < this.#lastTerm) return `run of term ${run.term} behind term ${this.#lastTerm}`;
    const last = asIndex(run.first + run.count - 1);
    const span = this.#spans.at(-1);
    if (span?.term === run.term) span.last = last;
    else this.#spans.push({ first: run.first, last, term: run.term });
    this.#lastIndex = last;
    this.#lastTerm = run.term;
    return undefined;
  }

  #trim(base: SnapshotMeta): string | undefined {
    if (base.index < this.#base.index) return `base ${base.index} behind ${this.#base.index}`;
    if (base.index > this.#lastIndex) return `base ${base.index} past ${this.#lastIndex}`;
    if ((this.#termAt(base.index) ?? base.term) !== base.term) return 'base of another term';
    this.#base = base;
    this.#spans = this.#spans.filter((span) => span.last > base.index);
    if (base.index === this.#lastIndex) this.#lastTerm = base.term;
    return undefined;
  }

  #reset(reset: { base: SnapshotMeta; checkpoint: string; keep: boolean }): string | undefined {
    const { base, checkpoint, keep } = reset;
    if (base.index < this.#base.index) return `base ${base.index} behind ${this.#base.index}`;
    if (keep) {
      const problem = this.#trim(base);
      if (problem === undefined) this.#checkpoint = checkpoint;
      return problem;
    }
    this.#base = base;
    this.#checkpoint = checkpoint;
    this.#spans = [];
    this.#lastIndex = base.index;
    this.#lastTerm = base.term;
    this.#floor = base.index + 1;
    return undefined;
  }

  /** A segment that follows another repeats where that one ended. */
  #continueFrom(position: LogPosition): string | undefined {
    if (position.lastIndex !== this.#lastIndex) return 'a segment does not continue the one before';
    if (position.base.index !== this.#base.index) return 'a segment has another base';
    return undefined;
  }

  #termAt(index: number): Term | undefined {
    if (index === this.#base.index) return asTerm(this.#base.term);
    for (let i = this.#spans.length - 1; i >= 0; i--) {
      const span = this.#spans[i]!;
      if (index > span.last) return undefined;
      if (index >= span.first) return span.term;
    }
    return undefined;
  }
}
