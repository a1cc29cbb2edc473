/**
 * The client's clock and timers behind a port, with one wake-up per owner. Timers never keep a process
 * alive by themselves; what is under way does, through `KeepAlive`.
 */

export interface Time {
  /** Monotonic. */
  nowMs(): number;
  /** Milliseconds since 1970, for stamps. */
  wallMs(): number;
  after(ms: number, run: () => void): Cancel;
}

export type Cancel = () => void;

const TIMER_MS_MAX = 2 ** 31 - 1;

export const systemTime: Time = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(TIMER_MS_MAX, Math.max(0, Math.ceil(ms))));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Wakes its owner no later than the earliest time asked for since the last wake-up. */
export class Alarm {
  readonly #time: Time;
  readonly #wake: () => void;
  #atMs = Number.POSITIVE_INFINITY;
  #cancel: Cancel | undefined;

  constructor(time: Time, wake: () => void) {
    this.#time = time;
    this.#wake = wake;
  }

  by(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.#cancel?.();
    this.#atMs = atMs;
    this.#cancel = this.#time.after(atMs - this.#time.nowMs(), () => this.#ring());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#atMs = Number.POSITIVE_INFINITY;
  }

  #ring(): void {
    this.stop();
    this.#wake();
  }
}

/** Keeps the process alive while something is under way. */
export class KeepAlive {
  #timer: NodeJS.Timeout | undefined;

  set(isNeeded: boolean): void {
    if (isNeeded) this.#timer ??= setInterval(() => undefined, TIMER_MS_MAX);
    else if (this.#timer !== undefined) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}
