/**
 * A connection's lagging watches read on, all together: events from the history in one order of revisions
 * for all of them, then pages of the snapshots that are still to be shown. Whose place in the history is
 * gone is shown a marked snapshot (contract W7: never a silent drop). Nothing is pushed past what a full
 * connection may hold: a slow reader costs its position, not a queue.
 */
import type { Tree } from '../../tree/tree.js';
import { assert } from '../../types/assert.js';
import type { EventBatch } from '../../types/event.js';
import type { Revision } from '../../types/ids.js';
import { PAGE_BYTES_MAX, PAGE_NODES_MAX } from '../../types/limits.js';
import type { TreeNode } from '../../types/node.js';
import { comparePaths, nameOf } from '../../types/path.js';
import type { Gate } from '../clients/gate.js';
import { type Channel, Routes, type Told } from './channel.js';
import type { Visibility } from './visibility.js';
import { caughtUp, lag, type Watch } from './watch.js';

/** Batches of history looked at in one piece of work: a few milliseconds' worth. */
const BATCHES_PER_PAGE = 1024;
/** What an event or a node takes besides its path and data, about. */
const ITEM_BYTES = 128;

type Identities = readonly string[];

interface Page {
  readonly nodes: readonly TreeNode[];
  /** Where the next one begins; undefined: this was the last. */
  readonly next: string | undefined;
}

const NOTHING: Page = { nodes: [], next: undefined };

export class CatchUp {
  readonly #tree: Tree;
  readonly #visibility: Visibility;
  readonly #resynced: () => void;

  constructor(tree: Tree, visibility: Visibility, resynced: () => void) {
    this.#tree = tree;
    this.#visibility = visibility;
    this.#resynced = resynced;
  }

  /** At once when nothing is in the way, else when the connection catches up. */
  beginSnapshot(watch: Watch): void {
    watch.scan = { cursor: undefined, marked: false, restarted: false };
    lag(watch, this.#tree.revision);
    const { gate } = watch;
    if (!gate.isBlocked && gate.laggingCount === 1 && gate.hasRoom) this.#showPage(watch);
  }

  goOn(gate: Gate): void {
    const lagging = [...gate.watches.values()].filter(({ position }) => position !== undefined);
    for (const watch of lagging) if (watch.position! < this.#tree.historyFloor) this.#resync(watch);
    // A scan that has shown nothing yet has missed nothing either.
    const reading = lagging.filter(({ scan }) => scan === undefined || scan.cursor !== undefined);
    if (reading.length > 0) this.#read(gate, reading);
    const { revision } = this.#tree;
    if (reading.some(({ position }) => position! < revision)) return;
    for (const watch of lagging) {
      if (watch.scan === undefined) caughtUp(watch);
      else if (gate.hasRoom) this.#showPage(watch);
    }
  }

  /** It starts over with a snapshot, marked unless it has not seen a whole one yet. */
  #resync(watch: Watch): void {
    const { scan } = watch;
    const isUnshown = scan !== undefined && scan.cursor === undefined;
    lag(watch, this.#tree.revision);
    if (isUnshown) return;
    if (scan === undefined) this.#resynced();
    watch.scan = {
      cursor: undefined,
      marked: scan?.marked ?? true,
      restarted: scan !== undefined,
    };
  }

  /** The next piece of history for all of them, from where the one furthest behind stands. */
  #read(gate: Gate, reading: readonly Watch[]): void {
    const after = Math.min(...reading.map(({ position }) => position!)) as Revision;
    if (after === this.#tree.revision) return;
    const page = this.#tree.since(after, () => true, BATCHES_PER_PAGE);
    assert(page !== 'compacted', 'whoever stands before the history starts over');
    const groups = groupByChannel(reading);
    let { through } = page;
    for (const batch of page.batches) {
      this.#replay(batch, groups);
      if (gate.hasRoom) continue;
      through = batch.revision;
      break;
    }
    for (const watch of reading) if (watch.position! < through) watch.position = through;
  }

  #replay(batch: EventBatch, groups: Routes<Group>): void {
    const touched: Group[] = [];
    for (const event of batch.events) groups.route(event, touched);
    for (const group of touched) {
      const isAll = group.pending.length === batch.events.length;
      const mine = isAll ? batch : { revision: batch.revision, events: group.pending };
      group.pending = [];
      for (const watch of group.watches)
        if (watch.position! < batch.revision) this.#push(watch, mine);
    }
  }

  #push(watch: Watch, batch: EventBatch): void {
    const { gate, id, scan } = watch;
    const behind = scan?.cursor === undefined ? batch : cutBehind(batch, scan.cursor);
    const shown = behind && this.#visibility.ofBatch(behind, watch);
    if (shown === undefined) return;
    gate.turnBytes += bytesOf(shown.events);
    gate.push({ type: 'events', watch: id, batch: shown });
  }

  /**
   * A page of a snapshot. Between pages come the changes to what is up to the cursor; what changes ahead of
   * it is found when the scan gets there.
   */
  #showPage(watch: Watch): void {
    const { gate, id, channel } = watch;
    const { cursor, marked, restarted } = watch.scan!;
    const { identities } = gate;
    const { nodes, next } = readPage(this.#tree, channel, { after: cursor, identities });
    const { revision } = this.#tree;
    const complete = next === undefined;
    const shown = { nodes, revision, complete, marked, restarted };
    gate.turnBytes += bytesOf(nodes);
    gate.push({ type: 'snapshot', watch: id, ...shown });
    watch.scan = complete ? undefined : { cursor: next, marked, restarted: false };
    if (complete) return caughtUp(watch);
    lag(watch, revision);
    // The next page of another one comes first.
    gate.watches.delete(id);
    gate.watches.set(id, watch);
  }
}

interface Group extends Told {
  readonly watches: Watch[];
}

function groupByChannel(watches: readonly Watch[]): Routes<Group> {
  const groups = new Routes<Group>();
  for (const watch of watches) {
    const { key, path, scope } = watch.channel;
    const group = groups.get(scope, path);
    if (group === undefined) groups.add({ key, path, scope, watches: [watch], pending: [] });
    else group.watches.push(watch);
  }
  return groups;
}

function bytesOf(items: readonly { readonly path: string; readonly data: Uint8Array }[]): number {
  let bytes = ITEM_BYTES;
  for (const { path, data } of items) bytes += ITEM_BYTES + path.length + data.length;
  return bytes;
}

/** What a scan has passed already. */
function cutBehind(batch: EventBatch, cursor: string): EventBatch | undefined {
  const events = batch.events.filter(({ path }) => comparePaths(path, cursor) <= 0);
  if (events.length === batch.events.length) return batch;
  return events.length === 0 ? undefined : { revision: batch.revision, events };
}

/**
 * A page of what the reader may see. Few children come in the order of joining; a scan of many goes by
 * name, which costs the same each time.
 */
function readPage(
  tree: Tree,
  { path, scope }: Channel,
  { after, identities }: { readonly after: string | undefined; readonly identities: Identities },
): Page {
  const limits = { limit: PAGE_NODES_MAX, bytesMax: PAGE_BYTES_MAX, identities, withData: true };
  if (scope === 'node') {
    const node = tree.get(path);
    return visible(tree, identities, node && { nodes: [node], more: false });
  }
  if (scope === 'subtree')
    return visible(tree, identities, tree.subtree(path, { ...limits, after }));
  const isSmall = (tree.get(path)?.stat.childCount ?? 0) <= PAGE_NODES_MAX;
  if (after === undefined && isSmall) {
    const all = tree.children(path, { ...limits, order: 'creation' });
    if (all === 'denied' || all?.more !== true) return visible(tree, identities, all);
  }
  const name = after === undefined ? undefined : nameOf(after);
  return visible(tree, identities, tree.children(path, { ...limits, after: name }));
}

/** Lists show the names of children whose data they hide; a watch tells nothing of them at all. */
function visible(
  tree: Tree,
  identities: Identities,
  page: { readonly nodes: readonly TreeNode[]; readonly more: boolean } | 'denied' | undefined,
): Page {
  if (page === undefined || page === 'denied') return NOTHING;
  const nodes = page.nodes.filter(({ path }) => tree.mayRead(path, identities));
  return { nodes, next: page.more ? page.nodes.at(-1)!.path : undefined };
}
