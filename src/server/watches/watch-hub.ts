/**
 * Who is told of what. Subscribers of the same path and scope share one channel, so each revision
 * makes one batch for all of them, which a face encodes once. A subscriber has no queue of its own:
 * when its connection is full, or another watch of it lags, it notes where it stands and later reads on
 * from the history (`catch-up.ts`), together with the connection's other watches.
 */
import { SERVICES_ROOT } from '../../codec/instance.js';
import type { Tree } from '../../tree/tree.js';
import type { EventBatch, TreeEvent } from '../../types/event.js';
import { asRevision } from '../../types/ids.js';
import { isWithin, ROOT } from '../../types/path.js';
import type { Gate } from '../clients/gate.js';
import type { WatchStart } from '../service.js';
import { CatchUp } from './catch-up.js';
import { type Channel, channelKey, Routes } from './channel.js';
import { Visibility } from './visibility.js';
import { caughtUp, lag, NEVER, type Watch } from './watch.js';

export class WatchHub {
  readonly #channels = new Routes<Channel>();
  /** Watches of a service's instances, or of what is below. */
  readonly #ofService = new Map<string, number>();
  #visibility: Visibility;
  #catchUp: CatchUp;
  #count = 0;
  #resyncs = 0;
  #hasPublished = false;

  constructor(tree: Tree) {
    this.#visibility = new Visibility(tree);
    this.#catchUp = this.#createCatchUp(tree);
  }

  get count(): number {
    return this.#count;
  }

  /** Marked snapshots begun since the start: readers too slow, or history gone. */
  get resyncs(): number {
    return this.#resyncs;
  }

  /** Whether anything went to a subscriber since the last call. */
  takePublished(): boolean {
    const had = this.#hasPublished;
    this.#hasPublished = false;
    return had;
  }

  /** Watches here that see instances of the service come and go. */
  subscribersOf(service: string): number {
    const above = [SERVICES_ROOT, ROOT].map((path) => this.#channels.get('subtree', path));
    const wide = above.reduce((sum, channel) => sum + (channel?.watches.size ?? 0), 0);
    return wide + (this.#ofService.get(service) ?? 0);
  }

  /** Begins a watch at what the member has applied; the reader's first deliveries are pushed at once. */
  start(gate: Gate, request: WatchStart): void {
    this.stop(gate, request.watch);
    const channel = this.#channel(request);
    const nothing = { position: undefined, scan: undefined };
    const watch: Watch = { gate, id: request.watch, channel, ...nothing };
    channel.watches.add(watch);
    gate.watches.set(watch.id, watch);
    this.#counted(channel, 1);
    if (request.start === 'snapshot') this.#catchUp.beginSnapshot(watch);
    else if (request.start !== 'now') lag(watch, request.start);
  }

  stop(gate: Gate, id: number): void {
    const watch = gate.watches.get(id);
    if (watch === undefined) return;
    gate.watches.delete(id);
    caughtUp(watch);
    const { channel } = watch;
    this.#counted(channel, -1);
    channel.watches.delete(watch);
    if (channel.watches.size === 0) this.#channels.delete(channel);
  }

  stopAll(gate: Gate): void {
    for (const id of [...gate.watches.keys()]) this.stop(gate, id);
  }

  /** All events of one revision, in order. */
  publish(events: readonly TreeEvent[]): void {
    this.#visibility.note(events);
    if (this.#channels.size === 0 || events.length === 0) return;
    const touched: Channel[] = [];
    for (const event of events) this.#channels.route(event, touched);
    for (const channel of touched) {
      const batch = { revision: events[0]!.revision, events: channel.pending };
      channel.pending = [];
      this.#hasPublished = true;
      this.#deliver(channel, batch);
    }
  }

  /** The connection takes: its lagging watches read on, a page for all. */
  catchUp(gate: Gate): void {
    this.#catchUp.goOn(gate);
  }

  /**
   * The state was replaced by a snapshot, and history with it: every watch lags, and is shown the new state
   * when its connection catches up.
   */
  replaceTree(tree: Tree): void {
    this.#visibility = new Visibility(tree);
    this.#catchUp = this.#createCatchUp(tree);
    for (const channel of this.#channels.values())
      for (const watch of channel.watches) lag(watch, NEVER);
  }

  #createCatchUp(tree: Tree): CatchUp {
    return new CatchUp(tree, this.#visibility, () => void this.#resyncs++);
  }

  #channel({ path, scope }: WatchStart): Channel {
    const known = this.#channels.get(scope, path);
    if (known !== undefined) return known;
    const key = channelKey(scope, path);
    const channel: Channel = { key, path, scope, watches: new Set(), pending: [] };
    this.#channels.add(channel);
    return channel;
  }

  #counted(channel: Channel, difference: 1 | -1): void {
    this.#count += difference;
    const service = serviceSeen(channel);
    if (service === undefined) return;
    const count = (this.#ofService.get(service) ?? 0) + difference;
    if (count === 0) this.#ofService.delete(service);
    else this.#ofService.set(service, count);
  }

  /** One batch for all: only those who may not see all of it get another. */
  #deliver(channel: Channel, batch: EventBatch): void {
    const isOpen = this.#visibility.isOpen(batch, channel);
    for (const watch of channel.watches) {
      if (watch.position !== undefined) continue;
      const { gate } = watch;
      // What its other watches have yet to be told is older (contract W10: one order of revisions).
      if (gate.isBlocked || gate.laggingCount > 0) {
        lag(watch, asRevision(batch.revision - 1));
        continue;
      }
      const shown = isOpen ? batch : this.#visibility.ofBatch(batch, watch);
      if (shown !== undefined) gate.push({ type: 'events', watch: watch.id, batch: shown });
    }
  }
}

/** The service whose instances the watch sees, when it is one. */
function serviceSeen({ path, scope }: Channel): string | undefined {
  if (path === SERVICES_ROOT || !isWithin(path, SERVICES_ROOT)) return undefined;
  const [, , service, instance] = path.split('/');
  // Each registration watches its own node: that is nobody who looks at the service.
  return scope === 'node' || instance !== undefined ? undefined : service;
}
