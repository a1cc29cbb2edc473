/**
 * Who is told of what. Subscribers of the same path and scope share one channel, so each revision
 * makes one batch for all of them, which a face encodes once. A subscriber has no queue of its own:
 * when its connection is full it notes where it stands and later reads on from the history; when the
 * history no longer reaches back, it gets a marked snapshot (contract W7: never a silent drop).
 */
import type { Tree } from '../tree/tree.js';
import type { EventBatch, TreeEvent } from '../types/event.js';
import { asRevision, type Revision } from '../types/ids.js';
import { PAGE_BYTES_MAX, PAGE_NODES_MAX } from '../types/limits.js';
import type { TreeNode } from '../types/node.js';
import { comparePaths, isWithin, nameOf, parentPath } from '../types/path.js';
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
  /** Set while it is shown a large snapshot, page by page: of what is behind `cursor` it knows all. */
  scan: { readonly cursor: string; readonly marked: boolean } | undefined;
}

interface Page {
  readonly nodes: readonly TreeNode[];
  readonly more: boolean;
}

const NOTHING: Page = { nodes: [], more: false };
/** Before everything that any history holds. */
const NEVER = asRevision(0);

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
    const nothing = { position: undefined, scan: undefined };
    const watch: Watch = { gate, id: request.watch, channel, ...nothing };
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
      if (watch.position !== undefined) this.#goOn(watch, watch.position);
  }

  /**
   * The state was replaced by a snapshot, and history with it: every watch lags, and is shown the new state
   * when its connection catches up.
   */
  replaceTree(tree: Tree): void {
    this.#tree = tree;
    for (const channel of this.#channels.values())
      for (const watch of channel.watches) lag(watch, NEVER);
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

  #goOn(watch: Watch, after: Revision): void {
    const { gate, id, channel, scan } = watch;
    const page = this.#tree.since(after, (event) => isDue(channel, scan?.cursor, event));
    if (page === 'compacted') return this.#sendSnapshot(watch, scan?.marked ?? true);
    for (const batch of page.batches) gate.push({ type: 'events', watch: id, batch });
    watch.position = page.through;
    if (page.through < this.#tree.revision) return;
    if (scan === undefined) caughtUp(watch);
    else this.#sendNodes(watch, { ...scan, restarted: false });
  }

  /** From its beginning, whatever was shown of it before. */
  #sendSnapshot(watch: Watch, marked: boolean): void {
    this.#sendNodes(watch, { cursor: undefined, marked, restarted: watch.scan !== undefined });
  }

  /**
   * A page of a snapshot. Between pages come the changes to what is behind the cursor; what changes ahead of
   * it is found when the scan gets there.
   */
  #sendNodes(
    watch: Watch,
    scan: { readonly cursor: string | undefined; readonly marked: boolean; restarted: boolean },
  ): void {
    const { gate, id, channel } = watch;
    const { nodes, more } = readPage(this.#tree, channel, scan.cursor);
    const { revision } = this.#tree;
    const { marked, restarted } = scan;
    const shown = { nodes, revision, complete: !more, marked, restarted };
    gate.push({ type: 'snapshot', watch: id, ...shown });
    watch.scan = more ? { cursor: nodes.at(-1)!.path, marked } : undefined;
    if (more) lag(watch, revision);
    else caughtUp(watch);
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

/** Few children come in the order of joining; a scan of many goes by name, which costs the same each time. */
function readPage(tree: Tree, { path, scope }: Channel, after: string | undefined): Page {
  const limits = { limit: PAGE_NODES_MAX, bytesMax: PAGE_BYTES_MAX };
  if (scope === 'node') {
    const node = tree.get(path);
    return node === undefined ? NOTHING : { nodes: [node], more: false };
  }
  const behind = after === undefined ? {} : { after };
  if (scope === 'subtree') return tree.subtree(path, { ...limits, ...behind }) ?? NOTHING;
  const isSmall = (tree.get(path)?.stat.childCount ?? 0) <= PAGE_NODES_MAX;
  const name = after === undefined ? {} : { after: nameOf(after) };
  if (after === undefined && isSmall) {
    const all = tree.children(path, { ...limits, withData: true, order: 'creation' });
    if (all?.more !== true) return all ?? NOTHING;
  }
  return tree.children(path, { ...limits, withData: true, ...name }) ?? NOTHING;
}

/** It concerns the watch and, while that scans, what the scan has passed. */
function isDue({ path, scope }: Channel, cursor: string | undefined, event: TreeEvent): boolean {
  if (!concerns(path, scope, event)) return false;
  return cursor === undefined || comparePaths(event.path, cursor) <= 0;
}

function concerns(path: string, scope: WatchScope, event: TreeEvent): boolean {
  if (scope === 'node') return event.path === path;
  if (scope === 'children') return parentPath(event.path) === path;
  return isWithin(event.path, path);
}

function channelKey(path: string, scope: WatchScope): string {
  return `${scope}:${path}`;
}
