/** One timer for everything in this face that has to be done again and again: thousands of holds touch. */

const TICK_MS = 50;

interface Beat {
  readonly everyMs: number;
  readonly act: () => void;
  dueMs: number;
}

export class Pulse {
  readonly #beats = new Set<Beat>();
  #timer: NodeJS.Timeout | undefined;

  /** Acts every so often, up to a tick late, until the function that this gives is called. */
  add(everyMs: number, act: () => void): () => void {
    const beat = { everyMs, act, dueMs: performance.now() + everyMs };
    this.#beats.add(beat);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    return () => this.#remove(beat);
  }

  #tick(): void {
    const now = performance.now();
    for (const beat of this.#beats) {
      if (beat.dueMs > now) continue;
      beat.dueMs = now + beat.everyMs;
      beat.act();
    }
  }

  #remove(beat: Beat): void {
    this.#beats.delete(beat);
    if (this.#beats.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
