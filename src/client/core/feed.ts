/**
 * One watch across any number of streams: pure. Turns what members send into whole events, knows from
 * where to resume, and shows a snapshot only when it is complete. Invariant: events leave it in rising
 * order of revision, none twice; after a snapshot that replaces what was missed, `marked` says so.
 */

import type * as wire from '../../gen/index.js';
import { WatchScope } from '../../gen/index.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { TreeNode } from '../../types/node.js';
import { comparePaths } from '../../types/path.js';
import type { RevisionNumber, TreeChange, WatchEvent, WatchScopeName } from '../types.js';
import { changesOf, nodeOf } from './convert.js';
import { type Namespace, NO_NAMESPACE } from './namespace.js';

export interface FeedOptions {
  readonly path: string;
  readonly scope: WatchScopeName;
  readonly from: 'snapshot' | 'now' | RevisionNumber;
  readonly namespace?: Namespace;
}

const SCOPES: Readonly<Record<WatchScopeName, number>> = {
  node: WatchScope.WATCH_SCOPE_NODE,
  children: WatchScope.WATCH_SCOPE_CHILDREN,
  subtree: WatchScope.WATCH_SCOPE_SUBTREE,
};

interface Scan {
  readonly nodes: Map<string, TreeNode>;
  wasChanged: boolean;
  isComplete: boolean;
  marked: boolean;
}

export class Feed {
  readonly #options: FeedOptions;
  readonly #namespace: Namespace;
  #revision: RevisionNumber;
  #needsSnapshot: boolean;
  #hasShown = false;
  #scan: Scan | undefined;
  /** Of a revision whose rest is on its way. */
  #part: readonly wire.Event[] = [];
  #liveness: 'unknown' | 'live' | 'stale' = 'unknown';

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#namespace = options.namespace ?? NO_NAMESPACE;
    this.#needsSnapshot = options.from === 'snapshot';
    this.#revision = typeof options.from === 'number' ? options.from : 0;
  }

  get path(): string {
    return this.#options.path;
  }

  get scope(): WatchScopeName {
    return this.#options.scope;
  }

  /** Everything up to here has been received. */
  get revision(): RevisionNumber {
    return this.#revision;
  }

  get isLive(): boolean {
    return this.#liveness === 'live';
  }

  /** What was kept is given up: the next start asks for everything. */
  forget(): void {
    this.#needsSnapshot = true;
    this.#hasShown = true;
  }

  /** To begin, or to go on at another member. */
  start(): Outgoing<wire.WatchRequest> {
    this.#scan = undefined;
    this.#part = [];
    const { path, scope } = this.#options;
    const place = { path: this.#namespace.full(path), scope: SCOPES[scope] };
    if (this.#needsSnapshot) return { ...place, snapshot: true };
    return this.#revision > 0 || this.#options.from !== 'now'
      ? { ...place, afterRevision: this.#revision }
      : place;
  }

  receive(response: wire.WatchResponse): WatchEvent[] {
    if (response.events !== undefined) return this.#join(response.events);
    if (response.snapshot !== undefined) return this.#snapshot(response.snapshot);
    if (response.bookmark !== undefined) return this.confirm(response.bookmark);
    if (response.live !== undefined) return this.confirm(response.live);
    if (response.stale !== undefined) return this.doubt(response.stale.ageMs);
    return [];
  }

  /** Everything up to `revision` was sent, and a leader is confirmed. */
  confirm(revision: RevisionNumber): WatchEvent[] {
    const shown = this.#showWhenCaughtUp(revision);
    if (this.#needsSnapshot || this.#scan !== undefined) return shown;
    if (revision > this.#revision) this.#revision = revision;
    if (this.#liveness === 'live') return shown;
    this.#liveness = 'live';
    return [...shown, { type: 'live', revision: this.#revision }];
  }

  doubt(ageMs: number): WatchEvent[] {
    if (this.#liveness === 'stale') return [];
    this.#liveness = 'stale';
    return [{ type: 'stale', ageMs }];
  }

  /** All events of a revision together (contract 7), in however many messages they came. */
  #join(events: wire.Events): WatchEvent[] {
    if (events.more) {
      this.#part = [...this.#part, ...events.events];
      return [];
    }
    if (this.#part.length === 0) return this.#events(events);
    const whole = { ...events, events: [...this.#part, ...events.events] };
    this.#part = [];
    return this.#events(whole);
  }

  #events(events: wire.Events): WatchEvent[] {
    const { revision } = events;
    if (this.#scan !== undefined) return this.#mergeIntoScan(this.#scan, events);
    if (this.#needsSnapshot || revision <= this.#revision) return [];
    this.#revision = revision;
    return [{ type: 'change', revision, changes: this.#changes(events) }];
  }

  #changes(events: wire.Events): readonly TreeChange[] {
    const changes = changesOf(events);
    if (this.#namespace.isNone) return changes;
    return changes.map((change) => {
      const node = this.#namespace.node(change.node);
      return { ...change, path: node.path, node };
    });
  }

  #snapshot({ nodes, revision, complete, marked, restarted }: wire.Snapshot): WatchEvent[] {
    if (this.#scan === undefined || this.#scan.isComplete || restarted) {
      this.#scan = { nodes: new Map(), wasChanged: false, isComplete: false, marked: false };
    }
    const scan = this.#scan;
    for (const { node, override } of nodes) {
      if (node === undefined) continue;
      const shown = this.#namespace.node(nodeOf(node, override));
      scan.nodes.set(shown.path, shown);
    }
    scan.isComplete = complete;
    scan.marked ||= marked;
    return this.#showWhenCaughtUp(revision);
  }

  /** A member that lags behind what was shown before is followed in silence until it has caught up. */
  #showWhenCaughtUp(revision: RevisionNumber): WatchEvent[] {
    const scan = this.#scan;
    if (scan?.isComplete !== true || revision < this.#revision) return [];
    const marked = scan.marked || this.#hasShown;
    const nodes = scan.wasChanged ? sorted(scan.nodes) : [...scan.nodes.values()];
    this.#scan = undefined;
    this.#needsSnapshot = false;
    this.#hasShown = true;
    this.#revision = revision;
    return [{ type: 'snapshot', revision, nodes, marked }];
  }

  /** Changes behind the cursor of a scan under way, or on the way to what was shown before. */
  #mergeIntoScan(scan: Scan, events: wire.Events): WatchEvent[] {
    for (const { type, path, node } of this.#changes(events)) {
      if (type === 'deleted') scan.nodes.delete(path);
      else scan.nodes.set(path, node);
      scan.wasChanged = true;
    }
    return this.#showWhenCaughtUp(events.revision);
  }
}

function sorted(nodes: ReadonlyMap<string, TreeNode>): TreeNode[] {
  return [...nodes.values()].sort((a, b) => comparePaths(a.path, b.path));
}
