/** Generated from proto/rollcall/v1/tree.proto by scripts/proto.mjs: do not edit. */
import type { Method } from '../rpc/shapes.js';

export type Tree = {
  readonly Create: Method<CreateRequest, CreateResponse>;
  readonly Set: Method<SetRequest, SetResponse>;
  readonly Delete: Method<DeleteRequest, DeleteResponse>;
  readonly Get: Method<GetRequest, GetResponse>;
  /** The children of a node by name, or everything below it, in pages. */
  readonly List: Method<ListRequest, ListResponse>;
  readonly GetAcl: Method<GetAclRequest, GetAclResponse>;
  /** Needs ADMIN under the present list. */
  readonly SetAcl: Method<SetAclRequest, SetResponse>;
  readonly Quotas: Method<QuotasRequest, QuotasResponse>;
  /** Bounds what may stand under a path; both bounds 0 lifts it. */
  readonly SetQuota: Method<SetQuotaRequest, SetQuotaResponse>;
  /** Guards and operations: all or nothing, at one revision. */
  readonly Transact: Method<TransactRequest, TransactResponse>;
  /**
   * A snapshot if asked for, then every change, in order, all events of a revision together. When
   * history is gone or the reader too slow, a snapshot marked as such comes again: never silence.
   */
  readonly Watch: Method<WatchRequest, WatchResponse>;
};

export const NodeKind = {
  NODE_KIND_PERSISTENT: 0,
  /** Dies with its session. */
  NODE_KIND_EPHEMERAL: 1,
  /** Goes when its last child went. */
  NODE_KIND_CONTAINER: 2,
  /** Goes when unmodified and childless for its time to live. */
  NODE_KIND_TTL: 3,
} as const;

export const Consistency = {
  /** As of a moment after the call began, from any member. */
  CONSISTENCY_LINEARIZABLE: 0,
  /** Local to the member, never behind `floor`. */
  CONSISTENCY_SESSION: 1,
} as const;

export interface Stat {
  readonly createRevision: number;
  readonly modifyRevision: number;
  readonly childrenRevision: number;
  /** Milliseconds since 1970. */
  readonly createTime: number;
  readonly modifyTime: number;
  readonly version: number;
  /** Creates below this node, ever: the next sequence suffix. */
  readonly createCount: number;
  readonly aclVersion: number;
  /** Session that it dies with; 0 unless ephemeral. */
  readonly owner: number;
  readonly dataLength: number;
  readonly childCount: number;
  readonly kind: number;
  readonly ttlMs: number;
  /** Position among the nodes created by the same revision. */
  readonly ordinal: number;
  /** The parent's create count at creation. */
  readonly sequence: number;
  /** Instances: revision of the latest claim, the fencing token. */
  readonly incarnation: number;
}

export interface Node {
  readonly path: string;
  readonly data: Uint8Array;
  readonly stat: Stat | undefined;
}

/** Who may do what with a node. */
export interface AclEntry {
  /**
   * world (id "anyone"), auth (whoever creates it), digest, ip (an address or CIDR), or another scheme,
   * matched exactly.
   */
  readonly scheme: string;
  readonly id: string;
  /** Bits as in ZooKeeper: 1 read, 2 write, 4 create, 8 delete, 16 admin. */
  readonly permissions: number;
}

export interface CreateRequest {
  readonly path: string;
  readonly data: Uint8Array;
  readonly kind: number;
  /** Completes the name with the parent's create count, ten digits. */
  readonly sequential: boolean;
  readonly ttlMs: number;
  /** Empty: everyone may do everything. */
  readonly acl: readonly AclEntry[];
}

export interface CreateResponse {
  /** With the sequence suffix. */
  readonly path: string;
  readonly stat: Stat | undefined;
  readonly revision: number;
}

export interface SetRequest {
  readonly path: string;
  readonly data: Uint8Array;
  readonly version: number | undefined;
  /** Which of its members is set. */
  readonly versionSet?: 'version';
}

export interface SetResponse {
  readonly stat: Stat | undefined;
  readonly revision: number;
}

export interface DeleteRequest {
  readonly path: string;
  readonly version: number | undefined;
  /** With everything below, at one revision; not in transactions, not with a version. */
  readonly recursive: boolean;
  /** Which of its members is set. */
  readonly versionSet?: 'version';
}

export interface DeleteResponse {
  readonly revision: number;
  /** Nodes that went, when recursive. */
  readonly nodes: number;
}

export interface GetAclRequest {
  readonly path: string;
  readonly consistency: number;
  readonly floor: number;
}

export interface GetAclResponse {
  readonly acl: readonly AclEntry[];
  readonly stat: Stat | undefined;
  readonly revision: number;
}

export interface SetAclRequest {
  readonly path: string;
  /** Empty: everyone may do everything. */
  readonly acl: readonly AclEntry[];
  readonly version: number | undefined;
  /** Which of its members is set. */
  readonly versionSet?: 'version';
}

export interface QuotasRequest {
  readonly consistency: number;
  readonly floor: number;
}

export interface Quota {
  readonly path: string;
  /** 0: no bound of that kind. */
  readonly nodesMax: number;
  readonly bytesMax: number;
  /** What stands there now, the root counted. */
  readonly nodes: number;
  readonly bytes: number;
}

export interface QuotasResponse {
  readonly quotas: readonly Quota[];
  readonly revision: number;
}

export interface SetQuotaRequest {
  readonly path: string;
  readonly nodesMax: number;
  readonly bytesMax: number;
  /** For the audit. */
  readonly who: string;
  readonly reason: string;
}

export interface SetQuotaResponse {
  readonly revision: number;
}

export interface GetRequest {
  readonly path: string;
  readonly consistency: number;
  /** Session reads: not behind this revision. */
  readonly floor: number;
}

export interface GetResponse {
  readonly node: Node | undefined;
  /** The revision the read saw. */
  readonly revision: number;
}

export interface ListRequest {
  readonly path: string;
  readonly consistency: number;
  readonly floor: number;
  /** Nodes a page; 0 or anything above 1000 means 1000. */
  readonly limit: number;
  /** Names after this one (paths, when recursive); from `next_after`. */
  readonly after: string;
  readonly withData: boolean;
  /** The node itself and everything below, parents first. */
  readonly recursive: boolean;
}

export interface ListResponse {
  readonly nodes: readonly Node[];
  readonly revision: number;
  /** Not empty: more children follow. Pages are not one revision: changes between them show. */
  readonly nextAfter: string;
}

/** All stated conditions must hold. */
export interface Guard {
  readonly path: string;
  readonly exists: boolean | undefined;
  readonly version: number | undefined;
  readonly createRevision: number | undefined;
  readonly modifyRevision: number | undefined;
  readonly owner: number | undefined;
  readonly data: Uint8Array | undefined;
  readonly childrenRevision: number | undefined;
  /** Which of its members is set. */
  readonly existsSet?: 'exists';
  /** Which of its members is set. */
  readonly versionSet?: 'version';
  /** Which of its members is set. */
  readonly createRevisionSet?: 'createRevision';
  /** Which of its members is set. */
  readonly modifyRevisionSet?: 'modifyRevision';
  /** Which of its members is set. */
  readonly ownerSet?: 'owner';
  /** Which of its members is set. */
  readonly dataSet?: 'data';
  /** Which of its members is set. */
  readonly childrenRevisionSet?: 'childrenRevision';
}

export interface Operation {
  readonly create: CreateRequest | undefined;
  readonly set: SetRequest | undefined;
  readonly delete: DeleteRequest | undefined;
  /** Which of its members is set. */
  readonly operation?: 'create' | 'set' | 'delete';
}

export interface TransactRequest {
  readonly guards: readonly Guard[];
  readonly operations: readonly Operation[];
}

export interface TransactResponse {
  readonly results: readonly OperationResult[];
  readonly revision: number;
}

export interface OperationResult {
  readonly create: CreateResponse | undefined;
  readonly set: SetResponse | undefined;
  readonly delete: DeleteResponse | undefined;
  /** Which of its members is set. */
  readonly result?: 'create' | 'set' | 'delete';
}

export const WatchScope = {
  WATCH_SCOPE_NODE: 0,
  /** The direct children. */
  WATCH_SCOPE_CHILDREN: 1,
  /** The node and everything below. */
  WATCH_SCOPE_SUBTREE: 2,
} as const;

export interface WatchRequest {
  readonly path: string;
  readonly scope: number;
  /** The nodes in scope first, then changes after that. */
  readonly snapshot: boolean | undefined;
  /** Every change after this revision; when history is gone, a marked snapshot instead. */
  readonly afterRevision: number | undefined;
  /** Which of its members is set. */
  readonly start?: 'snapshot' | 'afterRevision';
}

export const EventType = {
  EVENT_TYPE_CREATED: 0,
  EVENT_TYPE_CHANGED: 1,
  EVENT_TYPE_DELETED: 2,
  EVENT_TYPE_OVERRIDDEN: 3,
} as const;

export interface Event {
  readonly type: number;
  /** The node after the change; of a deleted node, what it was last. */
  readonly node: Node | undefined;
  /** client, close, expiry, grace, operator, takeover, reap, revoke, restore. */
  readonly cause: string;
  readonly override: Override | undefined;
}

/** An operator's word over an instance. */
export interface Override {
  /** drain or deregister. */
  readonly action: string;
  readonly who: string;
  readonly reason: string;
  /** Milliseconds since 1970; 0 until lifted. */
  readonly until: number;
  /** Of the change that set it. */
  readonly revision: number;
}

export interface WatchResponse {
  readonly snapshot: Snapshot | undefined;
  readonly events: Events | undefined;
  /** Everything up to this revision has been delivered. */
  readonly bookmark: number | undefined;
  /** The member has not been confirmed by a leader lately: what was shown may be old. */
  readonly stale: Stale | undefined;
  /** Confirmed again, with everything up to this revision delivered. */
  readonly live: number | undefined;
  /** Which of its members is set. */
  readonly kind?: 'snapshot' | 'events' | 'bookmark' | 'stale' | 'live';
}

export interface Snapshot {
  /** In parts; only a complete one may be shown. Events between parts change what the parts have shown. */
  readonly nodes: readonly SnapshotNode[];
  readonly revision: number;
  readonly complete: boolean;
  /** It replaces what was missed: history was gone or the reader too slow. */
  readonly marked: boolean;
  /** What came of it before is void: it begins anew. */
  readonly restarted: boolean;
}

export interface SnapshotNode {
  readonly node: Node | undefined;
  readonly override: Override | undefined;
}

export interface Events {
  readonly revision: number;
  readonly events: readonly Event[];
  /** The rest of the revision follows in the next message: what one message cannot hold. */
  readonly more: boolean;
}

export interface Stale {
  /** Milliseconds since the last confirmation. */
  readonly ageMs: number;
}
