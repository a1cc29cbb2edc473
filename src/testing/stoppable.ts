/**
 * The process that a member would have to itself: everything it does comes through here, so that it can
 * be stopped, as by SIGSTOP, and ended, as by SIGKILL. While it is stopped what reaches it waits, up to a
 * bound, and its clocks skip; once it has ended nothing runs any more and no timer is left.
 */

/** What may wait for a stopped member: some minutes of what its peers say to it. */
const WAITING_MAX = 50_000;

export class Stoppable {
  readonly #timers = new Set<() => void>();
  #waiting: (() => void)[] = [];
  #isStopped = false;
  #hasEnded = false;

  get isStopped(): boolean {
    return this.#isStopped;
  }

  run(task: () => void): void {
    if (this.#hasEnded) return;
    if (!this.#isStopped) task();
    else this.#waiting.push(task);
  }

  /** For what may get lost on its way, and does when too much waits. */
  runUnlessFull(task: () => void): void {
    if (this.#waiting.length < WAITING_MAX) this.run(task);
  }

  /** Resolves when it may go on; never, once it has ended. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.run(resolve));
  }

  defer(task: () => void): void {
    setImmediate(() => this.run(task));
  }

  /** Answers how to stop. A tick that falls into a stop is skipped. */
  every(intervalMs: number, task: () => void): () => void {
    const timer = setInterval(() => {
      if (!this.#isStopped) task();
    }, intervalMs);
    return this.#kept(() => clearInterval(timer));
  }

  /** Answers how to cancel. */
  after(delayMs: number, task: () => void): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(cancel);
      this.run(task);
    }, delayMs);
    const cancel = this.#kept(() => clearTimeout(timer));
    return cancel;
  }

  stop(): void {
    this.#isStopped = true;
  }

  goOn(): void {
    this.#isStopped = false;
    while (!this.#isStopped && this.#waiting.length > 0) {
      for (const task of this.#waiting.splice(0)) this.run(task);
    }
  }

  end(): void {
    this.#hasEnded = true;
    this.#waiting = [];
    for (const clear of [...this.#timers]) clear();
  }

  #kept(clear: () => void): () => void {
    if (this.#hasEnded) clear();
    const once = (): void => {
      this.#timers.delete(once);
      clear();
    };
    this.#timers.add(once);
    return once;
  }
}
