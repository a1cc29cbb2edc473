/**
 * Runs something once at the end of this turn: after all calls of the running code and of the promises
 * that settle with it, before the event loop moves on.
 */
export class Turn {
  readonly #run: () => void;
  #isScheduled = false;

  constructor(run: () => void) {
    this.#run = run;
  }

  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(this.#afterMicrotasks);
  }

  readonly #afterMicrotasks = (): void => {
    process.nextTick(this.#now);
  };

  readonly #now = (): void => {
    this.#isScheduled = false;
    this.#run();
  };
}
