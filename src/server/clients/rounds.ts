/**
 * Questions to the leader and its quorum: "what is committed, and do you still lead?" One round is
 * under way at a time and everything that asks meanwhile shares the next one. An answer only counts
 * for the attempt it was given to; after silence the round is begun anew under a fresh id (rule R8).
 */
import type { Index } from '../../types/ids.js';

/** Called once, with the read index. Never called when the gate or leadership it served is gone. */
export type RoundReader = (index: Index) => void;

export class Rounds {
  readonly #begin: (id: number) => void;
  readonly #retryMs: number;
  #waiting: RoundReader[] = [];
  #asking: RoundReader[] = [];
  #id = 0;
  #begunAtMs = 0;
  #begun = 0;

  constructor(begin: (id: number) => void, retryMs: number) {
    this.#begin = begin;
    this.#retryMs = retryMs;
  }

  /** Rounds begun so far; all who ask until this changes share the next. */
  get begun(): number {
    return this.#begun;
  }

  ask(reader: RoundReader): void {
    this.#waiting.push(reader);
  }

  /** At the end of a turn. True when a round was begun, so that there is something to send. */
  startNext(nowMs: number): boolean {
    if (this.#asking.length > 0 || this.#waiting.length === 0) return false;
    this.#asking = this.#waiting;
    this.#waiting = [];
    this.#begun++;
    this.#attempt(nowMs);
    return true;
  }

  answered(id: number, index: Index): void {
    if (id !== this.#id) return;
    const readers = this.#asking;
    this.#asking = [];
    for (const reader of readers) reader(index);
  }

  /** Begins the round again when it has been silent for too long (or failed: `retryMs` of 0). */
  retry(nowMs: number): void {
    if (this.#asking.length > 0 && nowMs - this.#begunAtMs >= this.#retryMs) this.#attempt(nowMs);
  }

  /** No leader, or another one: whoever asked is asked for again with the next attempt. */
  failed(id: number): void {
    if (id === this.#id) this.#begunAtMs = Number.NEGATIVE_INFINITY;
  }

  #attempt(nowMs: number): void {
    this.#begunAtMs = nowMs;
    this.#begin(++this.#id);
  }
}
