/**
 * Who is told of what. Subscribers of the same path and scope share one channel, so each revision
 * makes one batch for all of them, which a face encodes once. A subscriber has no queue of its own:
 * when its connection is full it notes where it stands and later reads on from the history; when the
 * history no longer reaches back, it gets a marked snapshot (contract W7: never a silent drop).
 */
import type { Tree } from '../tree/tree.js';
import type { EventBatch, TreeEvent } from '../types/event.js';
import { asRevision, type Revision } from '../types/ids.js';
import { PAGE_NODES_MAX } from '../types/limits.js';
import type { TreeNode } from '../types/node.js';
import { isWithin, parentPath } from '../types/path.js';
import type { Gate } from './gate.js';
import type { WatchScope, WatchStart } from './service.js';

interface Channel {
  readonly path: string;
  readonly scope: WatchScope;
  readonly watches: Set<Watch>;
  /** Events of the revision being published. */
  pending: TreeEvent[];
}

export interface Watch {
  readonly gate: Gate;
  /** Its name on the connection. */
  readonly id: number;
  readonly channel: Channel;
  /** Set while it lags: everything up to here has been delivered. */
  position: Revision | undefined;
}

export class WatchHub {
  readonly #channels = new Map<string, Channel>();
  #tree: Tree;
  #count = 0;
  #hasPublished = false;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  get count(): number {
    return this.#count;
  }

  /** Whether anything went to a subscriber since the last call. */
  takePublished(): boolean {
    const had = this.#hasPublished;
    this.#hasPublished = false;
    return had;
  }

  /** Begins a watch at what the member has applied; the reader's first deliveries are pushed at once. */
  start(gate: Gate, request: WatchStart): void {
    this.stop(gate, request.watch);
    const channel = this.#channel(request.path, request.scope);
    const watch: Watch = { gate, id: request.watch, channel, position: undefined };
    channel.watches.add(watch);
    gate.watches.set(watch.id, watch);
    this.#count++;
    if (request.start === 'snapshot') this.#sendSnapshot(watch, false);
    else if (request.start !== 'now') lag(watch, request.start);
  }

  stop(gate: Gate, id: number): void {
    const watch = gate.watches.get(id);
    if (watch === undefined) return;
    gate.watches.delete(id);
    caughtUp(watch);
    this.#count--;
    const { channel } = watch;
    channel.watches.delete(watch);
    if (channel.watches.size === 0) this.#channels.delete(channelKey(channel.path, channel.scope));
  }

  stopAll(gate: Gate): void {
    for (const id of [...gate.watches.keys()]) this.stop(gate, id);
  }

  /** All events of one revision, in order. */
  publish(events: readonly TreeEvent[]): void {
    if (this.#channels.size === 0 || events.length === 0) return;
    const touched: Channel[] = [];
    for (const event of events) this.#route(event, touched);
    for (const channel of touched) {
      const batch = { revision: events[0]!.revision, events: channel.pending };
      channel.pending = [];
      this.#hasPublished = true;
      deliver(channel, batch);
    }
  }

  /** The connection takes: its lagging watches read on from the history, a page each. */
  catchUp(gate: Gate): void {
    for (const watch of gate.watches.values())
      if (watch.position !== undefined) this.#sendPage(watch, watch.position);
  }

  /** The state was replaced by a snapshot, and history with it: every watch is shown the new state. */
  replaceTree(tree: Tree): void {
    this.#tree = tree;
    for (const channel of this.#channels.values())
      for (const watch of channel.watches) {
        if (watch.position === undefined) this.#sendSnapshot(watch, true);
      }
  }

  #channel(path: string, scope: WatchScope): Channel {
    const key = channelKey(path, scope);
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    const channel: Channel = { path, scope, watches: new Set(), pending: [] };
    this.#channels.set(key, channel);
    return channel;
  }

  #route(event: TreeEvent, touched: Channel[]): void {
    this.#add('node', event.path, event, touched);
    let ancestor: string | undefined = parentPath(event.path);
    if (ancestor !== undefined) this.#add('children', ancestor, event, touched);
    this.#add('subtree', event.path, event, touched);
    for (; ancestor !== undefined; ancestor = parentPath(ancestor))
      this.#add('subtree', ancestor, event, touched);
  }

  #add(scope: WatchScope, path: string, event: TreeEvent, touched: Channel[]): void {
    const channel = this.#channels.get(channelKey(path, scope));
    if (channel === undefined) return;
    if (channel.pending.length === 0) touched.push(channel);
    channel.pending.push(event);
  }

  #sendPage(watch: Watch, after: Revision): void {
    const { path, scope } = watch.channel;
    const page = this.#tree.since(after, (event) => concerns(path, scope, event));
    if (page === 'compacted') {
      caughtUp(watch);
      return this.#sendSnapshot(watch, true);
    }
    for (const batch of page.batches) watch.gate.push({ type: 'events', watch: watch.id, batch });
    if (page.through >= this.#tree.revision) caughtUp(watch);
    else watch.position = page.through;
  }

  #sendSnapshot(watch: Watch, marked: boolean): void {
    const nodes = snapshotNodes(this.#tree, watch.channel.path, watch.channel.scope);
    const { revision } = this.#tree;
    for (let i = 0; i === 0 || i < nodes.length; i += PAGE_NODES_MAX) {
      const part = nodes.slice(i, i + PAGE_NODES_MAX);
      const complete = i + PAGE_NODES_MAX >= nodes.length;
      watch.gate.push({
        type: 'snapshot',
        watch: watch.id,
        nodes: part,
        revision,
        complete,
        marked,
      });
    }
  }
}

function deliver(channel: Channel, batch: EventBatch): void {
  for (const watch of channel.watches) {
    if (watch.position !== undefined) continue;
    if (watch.gate.isBlocked) lag(watch, asRevision(batch.revision - 1));
    else watch.gate.push({ type: 'events', watch: watch.id, batch });
  }
}

/** From here on it reads from the history, behind `position`. */
function lag(watch: Watch, position: Revision): void {
  if (watch.position === undefined) watch.gate.laggingCount++;
  watch.position = position;
}

function caughtUp(watch: Watch): void {
  if (watch.position !== undefined) watch.gate.laggingCount--;
  watch.position = undefined;
}

function snapshotNodes(tree: Tree, path: string, scope: WatchScope): readonly TreeNode[] {
  const everything = { limit: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };
  if (scope === 'subtree') return tree.subtree(path, everything)?.nodes ?? [];
  if (scope === 'children')
    return tree.children(path, { ...everything, withData: true, order: 'creation' })?.nodes ?? [];
  const node = tree.get(path);
  return node === undefined ? [] : [node];
}

function concerns(path: string, scope: WatchScope, event: TreeEvent): boolean {
  if (scope === 'node') return event.path === path;
  if (scope === 'children') return parentPath(event.path) === path;
  return isWithin(event.path, path);
}

function channelKey(path: string, scope: WatchScope): string {
  return `${scope}:${path}`;
}
