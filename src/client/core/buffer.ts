/**
 * What a watch keeps for a reader that is slower than the cluster, bounded in events and bytes. One
 * reader at a time; closing or failing ends it after what was kept, aborting at once.
 */
import type { RollcallError } from '../../types/errors.js';
import type { WatchEvent } from '../types.js';
import { Bell } from './states.js';

export const WATCH_EVENTS_DEFAULT = 1024;
/** Bytes of node data kept for a slow reader of one watch. */
export const WATCH_BYTES_MAX = 16 * 1024 * 1024;

interface Kept {
  readonly event: WatchEvent;
  readonly bytes: number;
}

export class EventBuffer {
  readonly #eventsMax: number;
  readonly #bell = new Bell();
  #kept: Kept[] = [];
  #bytes = 0;
  #end: { readonly error: RollcallError | undefined } | undefined;

  constructor(eventsMax: number) {
    this.#eventsMax = eventsMax;
  }

  get size(): number {
    return this.#kept.length;
  }

  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  get error(): RollcallError | undefined {
    return this.#end?.error;
  }

  /** False: it was full, and everything kept is gone. A snapshot is always taken. */
  push(event: WatchEvent): boolean {
    if (this.#end !== undefined) return true;
    const bytes = bytesOf(event);
    const isFull =
      this.#kept.length >= this.#eventsMax ||
      (this.#kept.length > 0 && this.#bytes + bytes > WATCH_BYTES_MAX);
    if (isFull) {
      this.clear();
      return false;
    }
    this.#kept.push({ event, bytes });
    this.#bytes += bytes;
    this.#bell.ring();
    return true;
  }

  takeAll(): WatchEvent[] {
    const events = this.#kept.map(({ event }) => event);
    this.clear();
    return events;
  }

  clear(): void {
    this.#kept = [];
    this.#bytes = 0;
  }

  /** `error` undefined: the reader's loop ends; otherwise it throws it. Only the first end counts. */
  end(error?: RollcallError): void {
    this.#end ??= { error };
    this.#bell.ring();
  }

  /** undefined: ended. `onEmpty` is called before it waits. */
  async take(onEmpty: () => void): Promise<WatchEvent | undefined> {
    for (;;) {
      const kept = this.#kept.shift();
      if (kept !== undefined) {
        this.#bytes -= kept.bytes;
        return kept.event;
      }
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return undefined;
      }
      onEmpty();
      await this.#bell.rung();
    }
  }
}

function bytesOf(event: WatchEvent): number {
  if (event.type === 'snapshot')
    return event.nodes.reduce((sum, { path, data }) => sum + path.length + data.length, 64);
  if (event.type === 'change')
    return event.changes.reduce((sum, { path, node }) => sum + path.length + node.data.length, 64);
  return 64;
}
