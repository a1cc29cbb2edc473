/**
 * A watch as its reader sees it: an async iterable over a bounded buffer. When the reader is too slow
 * the watch starts again with a marked snapshot as soon as the reader asks for more, or fails, as the
 * caller chose: it never drops silently.
 */

import type * as wire from '../../gen/index.js';
import { RollcallError } from '../../types/errors.js';
import type { Watch, WatchDescription, WatchEvent, WatchOptions } from '../types.js';
import { onAbort } from './aborts.js';
import { EventBuffer, WATCH_EVENTS_DEFAULT } from './buffer.js';
import { checkListener } from './checks.js';
import { Feed } from './feed.js';
import { type Namespace, NO_NAMESPACE } from './namespace.js';
import { tell } from './tell.js';

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

export interface TreeWatchOptions extends WatchOptions {
  /** In front of its path, and not shown. */
  readonly namespace?: Namespace | undefined;
}

const OVER = { done: true, value: undefined } as const;

export class TreeWatch implements Watch {
  readonly feed: Feed;
  readonly #host: WatchHost;
  readonly #buffer: EventBuffer;
  readonly #onOverflow: 'resync' | 'fail';
  readonly #onAbort = () => this.#stop();
  readonly #unlisten: (() => void) | undefined;
  #listener: WatchListener | undefined;
  /** Overflown: waits for the reader before it starts again. */
  #isResting = false;
  #isRead = false;

  constructor(host: WatchHost, path: string, options: TreeWatchOptions) {
    const { scope = 'node', from = 'snapshot', onOverflow = 'resync', signal } = options;
    const { namespace = NO_NAMESPACE } = options;
    this.feed = new Feed({ path, scope, from, namespace });
    this.#host = host;
    this.#buffer = new EventBuffer(Math.max(1, options.buffer ?? WATCH_EVENTS_DEFAULT));
    this.#onOverflow = onOverflow;
    this.#unlisten = signal && onAbort(signal, this.#onAbort);
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
    this.#unlisten?.();
    this.#buffer.end(error);
    this.#listener?.ended(error);
  }

  async close(): Promise<void> {
    this.#stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
  }

  subscribe(
    listener: (event: WatchEvent) => void,
    ended?: (error: RollcallError | undefined) => void,
  ): Disposable {
    checkListener(listener);
    this.#claim();
    const told: WatchListener = {
      event: (event) => tell(listener, event),
      ended: (error) => ended !== undefined && tell(ended, error),
    };
    // Not before the caller has its hands on it.
    queueMicrotask(() => this.#handOver(told));
    return { [Symbol.dispose]: () => this.#stop() };
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchEvent, undefined> {
    this.#claim();
    return {
      next: async () => {
        const value = await this.#buffer.take(() => this.#wake());
        return value === undefined ? OVER : { done: false, value };
      },
      return: async () => {
        this.#stop();
        return OVER;
      },
    };
  }

  describe(): WatchDescription {
    const { path, scope, revision, isLive } = this.feed;
    return { path, scope, revision, isLive, buffered: this.#buffer.size };
  }

  /** Events go to one reader: two would each see a part. One that has ended may be asked again why. */
  #claim(): void {
    if (this.#isRead && !this.isEnded) {
      throw new RollcallError(
        'INVALID_ARGUMENT',
        'a watch has one reader at a time: start another',
      );
    }
    this.#isRead = true;
  }

  #handOver(listener: WatchListener): void {
    for (const event of this.#buffer.takeAll()) listener.event(event);
    this.deliverTo(listener);
    this.#wake();
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
    this.#unlisten?.();
    this.#buffer.clear();
    this.#buffer.end();
    this.#host.stopWatch(this);
    this.#listener?.ended(undefined);
  }
}
