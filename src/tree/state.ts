/**
 * The tables of the replicated state, bundled, and the few changes that touch more than one of them.
 * Everything here but the history is the same on every member at the same revision.
 */
import { NO_INDEX, NO_SESSION, type Revision } from '../types/ids.js';
import { type AccessList, AccessTable } from './access.js';
import { AuditLog } from './audit.js';
import { DataStore } from './bytes.js';
import { DepartureTable } from './departures.js';
import { Tracker } from './dirty.js';
import { History, type HistoryOptions } from './history.js';
import { type NodeRecord, NodeTable } from './nodes.js';
import { OriginTable } from './origins.js';
import { OverrideTable } from './overrides.js';
import { QuotaTable } from './quotas.js';
import { type SessionRecord, SessionTable } from './sessions.js';

export class TreeState {
  readonly tracker = new Tracker();
  readonly bytes = new DataStore();
  readonly nodes = new NodeTable();
  readonly sessions = new SessionTable();
  readonly access = new AccessTable();
  readonly origins = new OriginTable(this.tracker);
  readonly overrides = new OverrideTable(this.tracker);
  readonly quotas = new QuotaTable(this.tracker);
  readonly departures = new DepartureTable(this.tracker);
  readonly audit = new AuditLog(this.tracker);
  /** Containers and ttl nodes: those that may go by themselves. */
  readonly fading = new Set<NodeRecord>();
  readonly history: History;
  /** Last applied. */
  revision: Revision;

  constructor(options: HistoryOptions = {}, revision: Revision = NO_INDEX) {
    this.revision = revision;
    this.history = new History(revision, options);
  }

  /** A node that has its data. */
  linkNode(node: NodeRecord): void {
    this.nodes.link(node);
    this.access.hold(node.access);
    this.ownerOf(node)?.ephemerals.add(node);
    if (isFading(node)) this.fading.add(node);
    if (this.quotas.size > 0) this.quotas.charge(node, 1, node.dataLength);
  }

  unlinkNode(node: NodeRecord): void {
    this.nodes.unlink(node);
    this.access.used(node.access, this.revision);
    this.access.release(node.access, this.history.floor);
    this.ownerOf(node)?.ephemerals.delete(node);
    if (isFading(node)) this.fading.delete(node);
    if (this.quotas.size > 0) this.quotas.charge(node, -1, -node.dataLength);
  }

  /** The stored root takes the place of the empty one, before anything is linked. */
  loadRoot(root: NodeRecord, data: Uint8Array): void {
    this.nodes.loadRoot(root);
    this.access.hold(root.access);
    this.bytes.put(root, data);
    if (this.quotas.size > 0) this.quotas.charge(root, 1, root.dataLength);
  }

  /** Of a linked node. */
  setAccess(node: NodeRecord, access: AccessList): void {
    this.access.hold(access);
    this.access.release(node.access, this.history.floor);
    node.access = access;
  }

  /** In place of what a linked node had. */
  putData(node: NodeRecord, data: Uint8Array): void {
    if (this.quotas.size > 0) this.quotas.charge(node, 0, data.length - node.dataLength);
    this.bytes.put(node, data);
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

function isFading(node: NodeRecord): boolean {
  return node.kind === 'container' || node.kind === 'ttl';
}
