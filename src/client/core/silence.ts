/**
 * Tells a hung member from a stalled client: silence counts only while something is awaited, and never
 * more than twice the checking interval at once, so that a process that was stopped for a minute does
 * not blame its member for it. Pure.
 */

/** The server shows progress at least every 250 ms while a request is open. */
export const SILENCE_MS_MAX = 450;
export const SILENCE_CHECK_MS = 75;

export class Silence {
  #quietMs = 0;
  #checkedAtMs: number;

  constructor(nowMs: number) {
    this.#checkedAtMs = nowMs;
  }

  get quietMs(): number {
    return this.#quietMs;
  }

  /** Something was sent that wants an answer, and nothing else was open. */
  begin(nowMs: number): void {
    this.#checkedAtMs = nowMs;
    this.#quietMs = 0;
  }

  heard(): void {
    this.#quietMs = 0;
  }

  /** To be called about every SILENCE_CHECK_MS; `isAwaiting` false starts the count anew. */
  check(nowMs: number, isAwaiting: boolean): void {
    const passedMs = Math.min(nowMs - this.#checkedAtMs, 2 * SILENCE_CHECK_MS);
    this.#checkedAtMs = nowMs;
    this.#quietMs = isAwaiting ? this.#quietMs + passedMs : 0;
  }
}
