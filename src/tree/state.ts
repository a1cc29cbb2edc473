/**
 * The tables of the replicated state, bundled, and the few changes that touch more than one of them.
 * Everything here but the history is the same on every member at the same revision.
 */
import { NO_INDEX, NO_SESSION, type Revision } from '../types/ids.js';
import { AccessTable } from './access.js';
import { DataStore } from './bytes.js';
import { Tracker } from './dirty.js';
import { History, type HistoryOptions } from './history.js';
import { type NodeRecord, NodeTable } from './nodes.js';
import { OriginTable } from './origins.js';
import { OverrideTable } from './overrides.js';
import { type SessionRecord, SessionTable } from './sessions.js';

export class TreeState {
  readonly tracker = new Tracker();
  readonly bytes = new DataStore();
  readonly nodes = new NodeTable();
  readonly sessions = new SessionTable();
  readonly access = new AccessTable();
  readonly origins = new OriginTable(this.tracker);
  readonly overrides = new OverrideTable(this.tracker);
  readonly history: History;
  /** Last applied. */
  revision: Revision;

  constructor(options: HistoryOptions = {}, revision: Revision = NO_INDEX) {
    this.revision = revision;
    this.history = new History(revision, options);
  }

  linkNode(node: NodeRecord): void {
    this.nodes.link(node);
    this.ownerOf(node)?.ephemerals.add(node);
  }

  unlinkNode(node: NodeRecord): void {
    this.nodes.unlink(node);
    this.ownerOf(node)?.ephemerals.delete(node);
  }

  addSession(session: SessionRecord): void {
    this.tracker.created(session);
    this.sessions.add(session);
  }

  removeSession(session: SessionRecord): void {
    this.tracker.removed(session);
    this.sessions.remove(session);
  }

  ownerOf(node: NodeRecord): SessionRecord | undefined {
    return node.owner === NO_SESSION ? undefined : this.sessions.get(node.owner);
  }
}
