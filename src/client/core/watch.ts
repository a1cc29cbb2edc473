/**
 * A watch as its reader sees it: an async iterable over a bounded buffer. When the reader is too slow
 * the watch starts again with a marked snapshot as soon as the reader asks for more, or fails, as the
 * caller chose: it never drops silently.
 */

import type * as wire from '../../gen/index.js';
import { RollcallError } from '../../types/errors.js';
import type { Watch, WatchEvent, WatchOptions } from '../types.js';
import { EventBuffer, WATCH_EVENTS_DEFAULT } from './buffer.js';
import { Feed } from './feed.js';

/** What a watch needs of its connection. */
export interface WatchHost {
  /** (Re)starts it on the stream; the host calls `receive` from then on. */
  startWatch(watch: TreeWatch): void;
  stopWatch(watch: TreeWatch): void;
}

export interface WatchListener {
  event(event: WatchEvent): void;
  /** Once: closed or aborted, or failed with an error. */
  ended(error: RollcallError | undefined): void;
}

export class TreeWatch implements Watch {
  readonly feed: Feed;
  readonly #host: WatchHost;
  readonly #buffer: EventBuffer;
  readonly #onOverflow: 'resync' | 'fail';
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => this.#stop();
  #listener: WatchListener | undefined;
  /** Overflown: waits for the reader before it starts again. */
  #isResting = false;

  constructor(host: WatchHost, path: string, options: WatchOptions) {
    const { scope = 'node', from = 'snapshot', onOverflow = 'resync', signal } = options;
    this.feed = new Feed({ path, scope, from });
    this.#host = host;
    this.#buffer = new EventBuffer(Math.max(1, options.buffer ?? WATCH_EVENTS_DEFAULT));
    this.#onOverflow = onOverflow;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted === true) this.#stop();
    else host.startWatch(this);
  }

  get revision(): number {
    return this.feed.revision;
  }

  get isLive(): boolean {
    return this.feed.isLive;
  }

  get isEnded(): boolean {
    return this.#buffer.isEnded;
  }

  /** In place of iterating: for readers inside the SDK, which keep up by construction. */
  deliverTo(listener: WatchListener): void {
    this.#listener = listener;
    if (this.isEnded) listener.ended(this.#buffer.error);
  }

  receive(response: wire.WatchResponse): void {
    if (!this.#isResting) this.#take(this.feed.receive(response));
  }

  confirm(revision: number): void {
    if (!this.#isResting) this.#take(this.feed.confirm(revision));
  }

  doubt(ageMs: number): void {
    if (!this.#isResting) this.#take(this.feed.doubt(ageMs));
  }

  /** It cannot go on. */
  fail(error: RollcallError): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#buffer.end(error);
    this.#listener?.ended(error);
  }

  async close(): Promise<void> {
    this.#stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent, void, undefined> {
    try {
      for (;;) {
        const event = await this.#buffer.take(() => this.#wake());
        if (event === undefined) return;
        yield event;
      }
    } finally {
      this.#stop();
    }
  }

  #take(events: readonly WatchEvent[]): void {
    for (const event of events) {
      if (this.#listener !== undefined) this.#listener.event(event);
      else if (!this.#buffer.push(event)) {
        this.#overflow();
        return;
      }
    }
  }

  #overflow(): void {
    this.#host.stopWatch(this);
    if (this.#onOverflow === 'fail') {
      this.fail(
        new RollcallError('OVERLOADED', 'the reader of a watch was too slow for its buffer'),
      );
      return;
    }
    this.feed.forget();
    this.#isResting = true;
  }

  #wake(): void {
    if (!this.#isResting) return;
    this.#isResting = false;
    this.#host.startWatch(this);
  }

  #stop(): void {
    if (this.#buffer.isEnded) return;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#buffer.clear();
    this.#buffer.end();
    this.#host.stopWatch(this);
    this.#listener?.ended(undefined);
  }
}
