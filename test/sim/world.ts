/**
 * Virtual time: one heap of events, one seeded source of chance. Nothing in a simulated cluster waits for
 * real time; after each event whatever its promises lead to is drained before the next one runs. The same
 * seed gives the same run.
 */
import type { Clock, Random } from '../../src/types/ports.js';

interface Event {
  readonly atMs: number;
  /** Ties go by the order of scheduling. */
  readonly order: number;
  readonly run: () => void;
}

/** Mulberry32: small, fast, good enough for faults. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e37_79b9) >>> 0;
  }

  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  /** True in `share` of 10 000 cases. */
  chance(share: number): boolean {
    return this.below(10_000) < share;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

export class World implements Clock {
  readonly random: SeededRandom;
  #nowMs = 0;
  #order = 0;
  #heap: Event[] = [];
  /** Folds in everything that happens: equal for equal runs. */
  #trace = 0x811c_9dc5;
  events = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + Math.floor(this.#nowMs);
  }

  get traceHash(): number {
    return this.#trace >>> 0;
  }

  note(text: string): void {
    for (let i = 0; i < text.length; i++)
      this.#trace = Math.imul(this.#trace ^ text.charCodeAt(i), 0x0100_0193);
  }

  schedule(delayMs: number, run: () => void): void {
    this.#push({ atMs: this.#nowMs + delayMs, order: this.#order++, run });
  }

  /** Answers how to stop. */
  every(intervalMs: number, run: () => void): () => void {
    let stopped = false;
    const again = () => {
      if (stopped) return;
      run();
      this.schedule(intervalMs, again);
    };
    this.schedule(intervalMs, again);
    return () => {
      stopped = true;
    };
  }

  /** Runs everything due within the next `ms`, calling `check` after each event. */
  async run(ms: number, check: () => void = () => {}): Promise<void> {
    const end = this.#nowMs + ms;
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= end; next = this.#heap[0]) {
      this.#pop();
      this.#nowMs = next.atMs;
      this.events++;
      next.run();
      await drained();
      check();
    }
    this.#nowMs = end;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let i = heap.push(event) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Every promise that can settle has settled. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
