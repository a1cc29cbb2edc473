/**
 * The watches of one connection: which still have to be started on the open stream, under which ids
 * they run there, and what concerns all of them at once.
 */
import type * as wire from '../../gen/index.js';
import type { RollcallError } from '../../types/errors.js';
import type { OperationMessage } from './operation.js';
import type { TreeWatch } from './watch.js';

export class WatchSet {
  readonly #waiting = new Set<TreeWatch>();
  /** Turned away for a while. */
  readonly #resting = new Set<TreeWatch>();
  readonly #running = new Map<number, TreeWatch>();
  readonly #ids = new Map<TreeWatch, number>();
  #ended: number[] = [];

  get size(): number {
    return this.#waiting.size + this.#resting.size + this.#running.size;
  }

  get hasUnsent(): boolean {
    return this.#waiting.size > 0 || this.#ended.length > 0;
  }

  add(watch: TreeWatch): void {
    this.#waiting.add(watch);
  }

  remove(watch: TreeWatch): void {
    this.#waiting.delete(watch);
    this.#resting.delete(watch);
    const id = this.#ids.get(watch);
    if (id === undefined) return;
    this.#forget(watch, id);
    this.#ended.push(id);
  }

  /** What has to be sent for them now. */
  takeMessages(takeId: () => number): OperationMessage[] {
    const messages: OperationMessage[] = [];
    for (const id of this.#ended) messages.push({ ...envelope(takeId()), unwatch: id });
    this.#ended = [];
    for (const watch of this.#waiting) {
      const id = takeId();
      this.#running.set(id, watch);
      this.#ids.set(watch, id);
      messages.push({ ...envelope(id), watch: watch.feed.start() });
    }
    this.#waiting.clear();
    return messages;
  }

  receive(id: number, response: wire.WatchResponse): void {
    this.#running.get(id)?.receive(response);
  }

  /** The watch with this id was refused; undefined when there is none. */
  refused(id: number): TreeWatch | undefined {
    const watch = this.#running.get(id);
    if (watch !== undefined) this.#forget(watch, id);
    return watch;
  }

  /** It is not started before it is woken. */
  rest(watch: TreeWatch): void {
    this.#resting.add(watch);
  }

  wake(watch: TreeWatch): void {
    if (this.#resting.delete(watch)) this.#waiting.add(watch);
  }

  confirm(revision: number): void {
    for (const watch of [...this.#running.values()]) watch.confirm(revision);
  }

  doubt(ageMs: number): void {
    for (const watch of this.#all()) watch.doubt(ageMs);
  }

  /** The stream is gone: all of them have to be started again. */
  detached(): void {
    for (const watch of this.#running.values()) this.#waiting.add(watch);
    this.#running.clear();
    this.#ids.clear();
    this.#ended = [];
  }

  failAll(error: RollcallError): void {
    const all = this.#all();
    this.detached();
    this.#waiting.clear();
    this.#resting.clear();
    for (const watch of all) watch.fail(error);
  }

  /** Ends all of them without an error. */
  closeAll(): void {
    const all = this.#all();
    this.detached();
    for (const watch of all) void watch.close();
  }

  #all(): TreeWatch[] {
    return [...this.#waiting, ...this.#resting, ...this.#running.values()];
  }

  #forget(watch: TreeWatch, id: number): void {
    this.#running.delete(id);
    this.#ids.delete(watch);
  }
}

function envelope(id: number) {
  return { id, seq: 0, timeoutMs: 0 };
}
