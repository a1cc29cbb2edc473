/**
 * The watches of one connection: which still have to be started on the open stream, under which ids
 * they run there, when one that was turned away is started again, and what concerns all of them at once.
 */
import type * as wire from '../../gen/index.js';
import { errorFrom } from '../../rpc/failure.js';
import type { RollcallError } from '../../types/errors.js';
import type { Random } from '../../types/ports.js';
import type { WatchDescription } from '../types.js';
import { delayMs, REQUEST_BACKOFF } from './backoff.js';
import type { OperationMessage } from './operation.js';
import { FRAME_BYTES_MAX, FRAME_OPERATIONS_MAX } from './outbox.js';
import type { Seen } from './plans.js';
import { closed } from './reasons.js';
import type { Time } from './time.js';
import { revisionShown, verdictOf } from './verdict.js';
import type { Vitals } from './vitals.js';
import type { TreeWatch, WatchHost } from './watch.js';

/** A watch that was turned away rests as long as a request that was turned away so often. */
const REST_FAILURES = 4;
const PROBE = { path: '/', consistency: 1, floor: 0 };

export interface WatchSetOptions {
  readonly time: Time;
  readonly random: Random;
  readonly vitals: Vitals;
  readonly seen: Seen;
  /** There is something to be sent. */
  readonly changed: () => void;
}

export class WatchSet implements WatchHost {
  readonly #options: WatchSetOptions;
  readonly #waiting = new Set<TreeWatch>();
  /** Turned away for a while. */
  readonly #resting = new Set<TreeWatch>();
  readonly #running = new Map<number, TreeWatch>();
  readonly #ids = new Map<TreeWatch, number>();
  #ended: number[] = [];
  /** Started on the open stream, and not yet known to the member as far as we can tell. */
  readonly #unheard = new Set<number>();
  /** Nothing was sent behind some of these that would be answered. */
  #needsAnswer = false;
  /** Why no watch can run any more. */
  #over: RollcallError | undefined;

  constructor(options: WatchSetOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size + this.#resting.size + this.#running.size;
  }

  get hasUnsent(): boolean {
    return this.#waiting.size > 0 || this.#ended.length > 0;
  }

  describe(): WatchDescription[] {
    return this.#all().map((watch) => watch.describe());
  }

  startWatch(watch: TreeWatch): void {
    const over = this.#over;
    if (over !== undefined) queueMicrotask(() => watch.fail(over));
    else this.#add(watch);
  }

  stopWatch(watch: TreeWatch): void {
    this.#remove(watch);
    if (this.#over === undefined) this.#options.changed();
  }

  #add(watch: TreeWatch): void {
    const { time, vitals, changed } = this.#options;
    if (this.size === 0) vitals.confirmedAtMs = time.nowMs();
    this.#waiting.add(watch);
    changed();
  }

  #remove(watch: TreeWatch): void {
    this.#waiting.delete(watch);
    this.#resting.delete(watch);
    const id = this.#ids.get(watch);
    if (id === undefined) return;
    this.#forget(watch, id);
    this.#ended.push(id);
  }

  /** What has to be sent for them now, at most a frame's worth: `hasUnsent` says when more is to come. */
  takeMessages(takeId: () => number): OperationMessage[] {
    const ended = this.#ended.splice(0, FRAME_OPERATIONS_MAX);
    const messages = ended.map((id): OperationMessage => ({ ...envelope(takeId()), unwatch: id }));
    let bytes = 0;
    for (const watch of this.#waiting) {
      if (messages.length >= FRAME_OPERATIONS_MAX || bytes >= FRAME_BYTES_MAX) break;
      const message = this.#run(watch, takeId());
      bytes += Buffer.byteLength(message.watch?.path ?? '');
      messages.push(message);
    }
    return messages;
  }

  /** A read, where one is needed behind watches that may have nothing to say for long. */
  followed(calls: OperationMessage[], takeId: () => number): OperationMessage[] {
    const isNeeded = this.#needsAnswer && calls.length === 0;
    this.#needsAnswer = false;
    return isNeeded ? [{ ...envelope(takeId()), get: PROBE }] : calls;
  }

  #run(watch: TreeWatch, id: number): OperationMessage {
    this.#waiting.delete(watch);
    this.#running.set(id, watch);
    this.#ids.set(watch, id);
    this.#unheard.add(id);
    const message = watch.feed.start();
    this.#needsAnswer ||= message.snapshot !== true;
    return { ...envelope(id), watch: message };
  }

  receive(id: number, response: wire.WatchResponse): void {
    const isConfirmed = response.bookmark !== undefined || response.live !== undefined;
    this.#saw(revisionShown(response), isConfirmed);
    this.#unheard.delete(id);
    this.#running.get(id)?.receive(response);
  }

  /** The request with this id was refused: fails its watch, or starts it again in a while. */
  refused(id: number, detail: wire.ErrorDetail, endpoint: string | undefined): void {
    const watch = this.#running.get(id);
    if (watch === undefined) return;
    this.#forget(watch, id);
    const isInvented =
      detail.code === 'FUTURE_REVISION' && watch.revision > this.#options.seen.revision;
    if (isInvented || verdictOf(detail, false) === 'final') watch.fail(errorFrom(detail, endpoint));
    else this.#rest(watch);
  }

  #rest(watch: TreeWatch): void {
    const { time, random, changed, vitals } = this.#options;
    this.#resting.add(watch);
    // Answers go on meanwhile, and it would still pass for live.
    const ageMs = Math.round(Math.max(0, time.nowMs() - vitals.confirmedAtMs));
    if (watch.isLive) watch.doubt(ageMs);
    time.after(delayMs(REQUEST_BACKOFF, REST_FAILURES, random), () => {
      if (!this.#resting.delete(watch)) return;
      this.#waiting.add(watch);
      changed();
    });
  }

  /** A member takes requests in their order: every watch sent before this one is known to it. */
  answered(id: number): void {
    for (const unheard of this.#unheard) if (unheard < id) this.#unheard.delete(unheard);
  }

  confirm(revision: number): void {
    this.#saw(revision, true);
    for (const [id, watch] of [...this.#running]) {
      // On its way before the member knew of the watch, it would pass over what the watch is to be told.
      if (!this.#unheard.has(id)) watch.confirm(revision);
    }
  }

  /** Everyone is told when the last confirmation is too old, whatever the reason. */
  checkAge(nowMs: number): void {
    const ageMs = this.#options.vitals.doubtfulForMs(nowMs);
    if (ageMs !== undefined) this.doubt(ageMs);
  }

  doubt(ageMs: number): void {
    for (const watch of this.#all()) watch.doubt(ageMs);
  }

  /** The stream is gone: all of them have to be started again. */
  detached(): void {
    for (const watch of this.#running.values()) this.#waiting.add(watch);
    this.#running.clear();
    this.#unheard.clear();
    this.#ids.clear();
    this.#ended = [];
  }

  failAll(error: RollcallError): void {
    this.#over = error;
    const all = this.#all();
    this.detached();
    this.#waiting.clear();
    this.#resting.clear();
    for (const watch of all) watch.fail(error);
  }

  /** Ends all of them without an error. */
  closeAll(): void {
    this.#over = closed();
    const all = this.#all();
    this.detached();
    for (const watch of all) void watch.close();
  }

  /** Session reads never go back behind it, at whichever member. */
  #saw(revision: number, isConfirmed: boolean): void {
    const { vitals, seen } = this.#options;
    if (isConfirmed) vitals.confirmedAtMs = vitals.heardAtMs;
    if (revision > seen.revision) seen.revision = revision;
  }

  #all(): TreeWatch[] {
    return [...this.#waiting, ...this.#resting, ...this.#running.values()];
  }

  #forget(watch: TreeWatch, id: number): void {
    this.#running.delete(id);
    this.#unheard.delete(id);
    this.#ids.delete(watch);
  }
}

function envelope(id: number) {
  return { id, seq: 0, timeoutMs: 0 };
}
