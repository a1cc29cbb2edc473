/** A clock that only moves when told, and choices without chance. */
import type { Time } from '../../src/client/core/time.js';
import type { Random } from '../../src/types/ports.js';

export class TestTime implements Time {
  #nowMs = 1_000;
  #timers: { atMs: number; run: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, ms), run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Timers ring at their time, and what they set off is done before the clock moves on. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const next = this.#timers
        .filter(({ atMs }) => atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
      await settle();
    }
    this.#nowMs = endMs;
  }

  /** Jumps without ringing anything on the way: the process was stopped. */
  async stall(ms: number): Promise<void> {
    this.#nowMs += ms;
    await this.advance(0);
  }
}

export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** The first of a few, the middle of a range. */
export const firstChoice: Random = { below: (bound) => (bound < 8 ? 0 : bound >> 1) };
