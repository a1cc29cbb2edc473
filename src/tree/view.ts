/**
 * What the tree answers, as it stands: nodes, services, sessions, records, history. Nothing here changes
 * anything. Every list comes in bounded pages.
 */

import { servicePath } from '../codec/instance.js';
import { decodeSettings } from '../codec/settings.js';
import type { TreeEvent } from '../types/event.js';
import { type MemberId, NO_INDEX, type Revision, type SessionId } from '../types/ids.js';
import {
  type AclEntry,
  type NodeStat,
  type OverrideOf,
  type QuotaUsage,
  READ,
  type TreeNode,
} from '../types/node.js';
import { parentPath } from '../types/path.js';
import type { Departure } from '../types/record.js';
import type { SessionInfo } from '../types/session.js';
import { NO_SETTINGS, type ServiceSettings } from '../types/settings.js';
import { allows } from './access.js';
import type { AuditPage } from './audit.js';
import { isReapable } from './commands/reap.js';
import type { HistoryPage } from './history.js';
import { statOf } from './nodes.js';
import type { OverridesPage, OverridesRequest } from './overrides.js';
import {
  type ChildrenRequest,
  type NodePage,
  nodeOf,
  type Reader,
  readChildren,
  readServices,
  readSubtree,
  type ServicePage,
  type SubtreeRequest,
} from './reading.js';
import { isEqual } from './secrets.js';
import {
  infoOf,
  type PathsPage,
  type PathsRequest,
  readEphemerals,
  readSessions,
  type SessionsPage,
} from './session-reading.js';
import type { SessionRecord } from './sessions.js';
import type { TreeState } from './state.js';

/** A session as its member needs it. */
export type SessionView = Omit<SessionInfo, 'label' | 'openedTime' | 'member'>;

export interface SettingsView {
  readonly settings: ServiceSettings;
  /** Of the service's node: for compare-and-set. */
  readonly version: number;
  /** Of their latest change; 0: never set. */
  readonly revision: Revision;
}

/** A node that may go by itself, once the leader has seen it idle for long enough. */
export interface Reapable {
  readonly path: string;
  readonly kind: 'container' | 'ttl';
  readonly createRevision: Revision;
  readonly modifyRevision: Revision;
  readonly childrenRevision: Revision;
  readonly createCount: number;
  readonly ttlMs: number;
}

const SCAN_BATCHES_MAX = 4096;

export class TreeView {
  protected readonly state: TreeState;

  constructor(state: TreeState) {
    this.state = state;
  }

  /** The last entry applied or passed over. */
  get revision(): Revision {
    return this.state.revision;
  }

  get(path: string): TreeNode | undefined {
    const node = this.state.nodes.get(path);
    return node === undefined ? undefined : nodeOf(node, this.state);
  }

  /** undefined: there is no such parent. */
  children(path: string, request: ChildrenRequest & Reader): NodePage | 'denied' | undefined;
  children(path: string, request: ChildrenRequest): NodePage | undefined;
  children(path: string, request: ChildrenRequest): NodePage | 'denied' | undefined {
    return readChildren(this.state, path, request);
  }

  /** In the order of `comparePaths`: parents first, a subtree in one piece. */
  subtree(path: string, request: SubtreeRequest & Reader): NodePage | 'denied';
  subtree(path: string, request: SubtreeRequest): NodePage;
  subtree(path: string, request: SubtreeRequest): NodePage | 'denied' {
    return readSubtree(this.state, path, request);
  }

  services(request: { readonly after?: string; readonly limit: number }): ServicePage {
    return readServices(this.state, request);
  }

  get nodeCount(): number {
    return this.state.nodes.size;
  }

  /** undefined: there is no such service. What does not decode is as if unset. */
  settings(service: string): SettingsView | undefined {
    const node = this.state.nodes.get(servicePath(service));
    if (node === undefined) return undefined;
    const settings = decodeSettings(node.data) ?? NO_SETTINGS;
    const wasSet = node.version > 0 || node.dataLength > 0;
    return { settings, version: node.version, revision: wasSet ? node.modifyRevision : NO_INDEX };
  }

  session(id: SessionId): SessionView | undefined {
    const session = this.state.sessions.get(id);
    return session === undefined ? undefined : viewOf(session);
  }

  *sessions(): Iterable<SessionView> {
    for (const session of this.state.sessions.values()) yield viewOf(session);
  }

  get sessionCount(): number {
    return this.state.sessions.size;
  }

  sessionInfo(id: SessionId): SessionInfo | undefined {
    const session = this.state.sessions.get(id);
    return session === undefined ? undefined : infoOf(session);
  }

  /** In the order of their ids. */
  sessionInfos(request: { readonly after: SessionId; readonly limit: number }): SessionsPage {
    return readSessions(this.state.sessions, request);
  }

  /** Whether this is the hash of the session's secret. */
  isSecret(id: SessionId, secretHash: Uint8Array): boolean {
    const session = this.state.sessions.get(id);
    return session !== undefined && isEqual(session.secretHash, secretHash);
  }

  /** Paths of a session's nodes in the order of `comparePaths`; `after` empty: from the first. */
  ephemeralsPage(id: SessionId, request: PathsRequest): PathsPage {
    return readEphemerals(this.state.sessions.get(id), request);
  }

  /** Registrations of a service that ended, or of one of its ids: oldest first. */
  departures(service: string, id?: string): Departure[] {
    return this.state.departures.of(service, id);
  }

  /** Operators' acts before a revision, newest first; before 0 stands for all. */
  audit(request: { readonly before: Revision; readonly limit: number }): AuditPage {
    return this.state.audit.page(request.before, request.limit);
  }

  /** In the order of "service/id". */
  overridesPage(request: OverridesRequest): OverridesPage {
    return this.state.overrides.page(request);
  }

  /** Those that end by themselves: for the leader to watch. */
  timedOverrides(): Iterable<OverrideOf> {
    return this.state.overrides.timed();
  }

  quotas(): QuotaUsage[] {
    return this.state.quotas.usages();
  }

  /** For the leader to watch; costs a look at containers and ttl nodes only. */
  *reapables(): Iterable<Reapable> {
    for (const node of this.state.fading) {
      if (!isReapable(node)) continue;
      const kind = node.kind === 'ttl' ? 'ttl' : 'container';
      const { path, createRevision, modifyRevision, childrenRevision, createCount, ttlMs } = node;
      const seen = { createRevision, modifyRevision, childrenRevision, createCount };
      yield { path, kind, ...seen, ttlMs };
    }
  }

  /** Last applied request of that boot; 0 while a boot (or a newer one) has not been seen. */
  originNumber(member: MemberId, boot: number): number {
    const origin = this.state.origins.get(member);
    return origin?.boot === boot ? origin.number : 0;
  }

  /** The latest boot of a member of which a request was applied; 0 when none was. */
  originBoot(member: MemberId): number {
    return this.state.origins.get(member)?.boot ?? 0;
  }

  /** The access list behind an event's or a node's id. */
  acl(aclId: number): readonly AclEntry[] {
    return this.state.access.get(aclId)?.entries ?? [];
  }

  /** Whether any but the open one is known: of a node, or of an event not long ago. */
  get hasAccessLists(): boolean {
    return this.state.access.size > 0;
  }

  /** The list of what stands there, and when that was made. */
  accessAt(path: string): { readonly aclId: number; readonly since: Revision } | undefined {
    const node = this.state.nodes.get(path);
    return node && { aclId: node.access.id, since: node.createRevision };
  }

  aclOf(path: string): { readonly acl: readonly AclEntry[]; readonly stat: NodeStat } | undefined {
    const node = this.state.nodes.get(path);
    return node === undefined ? undefined : { acl: node.acl, stat: statOf(node) };
  }

  /**
   * Whether these identities have a permission (ZooKeeper's bits) under an access list; nobody has under one
   * that neither a node nor an event in the history has any more.
   */
  allows(aclId: number, permission: number, identities: readonly string[]): boolean {
    const list = this.state.access.get(aclId);
    return list !== undefined && allows(list, permission, identities);
  }

  /** True for what does not exist: there is nothing to hide, and saying so is another's. */
  mayRead(path: string, identities: readonly string[]): boolean {
    const node = this.state.nodes.get(path);
    return node === undefined || allows(node.access, READ, identities);
  }

  /** Whether its name may be told, where nobody asked for it by name: as a listing of its parent would. */
  mayFind(path: string, identities: readonly string[]): boolean {
    const parent = parentPath(path);
    if (parent !== undefined && !this.mayRead(parent, identities)) return false;
    return this.mayRead(path, identities);
  }

  /** Matching events above `revision`, a bounded piece at a time. */
  since(
    revision: Revision,
    matches: (event: TreeEvent) => boolean,
    scanMax = SCAN_BATCHES_MAX,
  ): HistoryPage | 'compacted' {
    return this.state.history.since(revision, matches, { now: this.revision, scanMax });
  }

  /** History is complete above this revision. */
  get historyFloor(): Revision {
    return this.state.history.floor;
  }

  get historyEvents(): number {
    return this.state.history.events;
  }

  get historyBytes(): number {
    return this.state.history.bytes;
  }
}

function viewOf(session: SessionRecord): SessionView {
  return {
    id: session.id,
    epoch: session.epoch,
    timeoutMs: session.timeoutMs,
    graceMs: session.graceMs,
    detached: session.detached,
    lastSeq: session.lastSeq,
    lastRevision: session.lastRevision,
    ephemeralCount: session.ephemerals.size,
  };
}
