/**
 * A value that changes, and the iterators over its changes. A reader that lags is given the latest
 * value in place of what it missed; nothing is kept for it. Closing ends every iterator.
 */
import { reader } from './reader.js';

export class StateCell<T> {
  #value: T;
  #isClosed = false;
  readonly #watchers = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (this.#isClosed || Object.is(value, this.#value)) return;
    this.#value = value;
    this.#wakeAll();
  }

  /** `last` is still shown to every iterator. */
  close(last: T): void {
    if (this.#isClosed) return;
    this.#value = last;
    this.#isClosed = true;
    this.#wakeAll();
  }

  /** Calls at every change until disposed; the listener must not throw. */
  listen(listener: () => void): Disposable {
    this.#watchers.add(listener);
    return { [Symbol.dispose]: () => void this.#watchers.delete(listener) };
  }

  /** Resolves with the first value, present or later, that fits; undefined when closed before. */
  async until(fits: (value: T) => boolean, signal?: AbortSignal): Promise<T | undefined> {
    for await (const value of this.values(signal)) if (fits(value)) return value;
    return undefined;
  }

  /** For callers: the value now, then every change. Ends when closed, aborted or returned. */
  reader(signal?: AbortSignal): AsyncIterableIterator<T, undefined> {
    return reader((over) => this.values(over), signal);
  }

  /** The value now, then every change. Ends when closed or aborted. */
  async *values(signal?: AbortSignal): AsyncGenerator<T, void, undefined> {
    const bell = new Bell();
    const ring = () => bell.ring();
    this.#watchers.add(ring);
    signal?.addEventListener('abort', ring, { once: true });
    try {
      let shown: { readonly value: T } | undefined;
      while (signal?.aborted !== true) {
        if (shown === undefined || !Object.is(shown.value, this.#value)) {
          shown = { value: this.#value };
          yield shown.value;
        } else if (this.#isClosed) return;
        else await bell.rung();
      }
    } finally {
      this.#watchers.delete(ring);
      signal?.removeEventListener('abort', ring);
    }
  }

  #wakeAll(): void {
    for (const wake of [...this.#watchers]) wake();
  }
}

/** A ring wakes everyone who waits; with nobody waiting it is kept for the next. */
export class Bell {
  #wasRung = false;
  #waiting: (() => void)[] = [];

  ring(): void {
    this.#wasRung = this.#waiting.length === 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  async rung(): Promise<void> {
    if (this.#wasRung) this.#wasRung = false;
    else {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }
}
