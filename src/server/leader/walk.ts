/**
 * Goes over a collection that changes meanwhile, again and again, a piece at a time. Whatever is in it all
 * the time is met once in every walk.
 */

/** Looked at in one piece: about a millisecond's worth. */
const PIECE = 5_000;
/** From the beginning of one walk to that of the next. */
const INTERVAL_MS = 1_000;

export class Walk<T> {
  readonly #begin: () => Iterable<T>;
  #rest: Iterator<T> | undefined;
  #begunAt = Number.NEGATIVE_INFINITY;

  constructor(begin: () => Iterable<T>) {
    this.#begin = begin;
  }

  /** `look` answers whether to go on with this piece. True when a walk has come to its end. */
  step(now: number, look: (item: T) => boolean): boolean {
    if (this.#rest === undefined) {
      if (now - this.#begunAt < INTERVAL_MS) return false;
      this.#begunAt = now;
      this.#rest = this.#begin()[Symbol.iterator]();
    }
    for (let i = 0; i < PIECE; i++) {
      const { done, value } = this.#rest.next();
      if (done === true) {
        this.#rest = undefined;
        return true;
      }
      if (!look(value)) return false;
    }
    return false;
  }
}
