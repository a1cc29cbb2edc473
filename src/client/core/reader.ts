/**
 * An async iterator that ends whenever it is told to: by its signal, or by `return()` even while a
 * `next()` waits, which a generator alone would let wait for ever. Nothing is held before the first
 * `next()`, and nothing after the end.
 */

import { onAbort } from './aborts.js';

/** Yields until its signal aborts, and soon after. */
export type Read<T> = (signal: AbortSignal) => AsyncGenerator<T, void, undefined>;

const OVER = { done: true, value: undefined } as const;

export function reader<T>(
  read: Read<T>,
  signal?: AbortSignal,
): AsyncIterableIterator<T, undefined> {
  return new Reader(read, signal);
}

class Reader<T> implements AsyncIterableIterator<T, undefined> {
  readonly #read: Read<T>;
  readonly #signal: AbortSignal | undefined;
  readonly #controller = new AbortController();
  readonly #onAbort = (): void => this.#controller.abort(this.#signal?.reason);
  #generator: AsyncGenerator<T, void, undefined> | undefined;
  #unlisten: (() => void) | undefined;
  #isOver = false;

  constructor(read: Read<T>, signal: AbortSignal | undefined) {
    this.#read = read;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#isOver) return OVER;
    this.#generator ??= this.#begin();
    try {
      const result = await this.#generator.next();
      if (result.done !== true && !this.#isOver) return result;
    } catch (error) {
      // An end that was asked for is no failure.
      if (!this.#isOver && !this.#controller.signal.aborted) {
        this.#end();
        throw error;
      }
    }
    this.#end();
    return OVER;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#end();
    await this.#generator?.return();
    return OVER;
  }

  #begin(): AsyncGenerator<T, void, undefined> {
    this.#unlisten = this.#signal && onAbort(this.#signal, this.#onAbort);
    if (this.#signal?.aborted === true) this.#onAbort();
    return this.#read(this.#controller.signal);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#unlisten?.();
    this.#controller.abort();
  }
}
