/**
 * Changes for one who is slower than they come: whenever it asks, it gets the latest state, and whether that is
 * one change or the outcome of several. Holds one change, however many come. Knows nothing of services.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Latest<T> {
  readonly value: T;
  /** Others came before it that were not taken. */
  readonly isMerged: boolean;
}

/** Changes that never pause are passed on all the same, after this many times the pause. */
const DEBOUNCE_TURNS_MAX = 10;

/** The first one comes at once; of the others each waits until none came for `debounceMs`. */
export async function* latestOf<T>(
  source: AsyncIterable<T>,
  debounceMs: number,
): AsyncGenerator<Latest<T>, void, undefined> {
  const slot = new Slot<T>();
  const filling = slot.fill(source);
  // Awaited at the end; until then its failure only ends the loop.
  filling.catch(() => {});
  for (let isFirst = true; await slot.untilFilled(); isFirst = false) {
    if (debounceMs > 0 && !isFirst) await slot.untilQuiet(debounceMs);
    yield slot.take();
  }
  await filling;
}

class Slot<T> {
  #values: [T] | undefined;
  #count = 0;
  #isOver = false;
  #wake: () => void = () => {};

  async fill(source: AsyncIterable<T>): Promise<void> {
    try {
      for await (const value of source) {
        this.#values = [value];
        this.#count++;
        this.#wake();
      }
    } finally {
      this.#isOver = true;
      this.#wake();
    }
  }

  /** False when nothing will come any more. */
  async untilFilled(): Promise<boolean> {
    while (this.#values === undefined && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#values !== undefined;
  }

  async untilQuiet(ms: number): Promise<void> {
    for (let turn = 0; turn < DEBOUNCE_TURNS_MAX && !this.#isOver; turn++) {
      const before = this.#count;
      await sleep(ms);
      if (this.#count === before) return;
    }
  }

  take(): Latest<T> {
    const [value] = this.#values!;
    const isMerged = this.#count > 1;
    this.#values = undefined;
    this.#count = 0;
    return { value, isMerged };
  }
}
