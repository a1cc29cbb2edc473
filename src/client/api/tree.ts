/** Calls on nodes and watches over them: what the client and its sessions share. Types only. */
import type { RollcallError } from '../../types/errors.js';
import type { Cause, EventType } from '../../types/event.js';
import type { AclEntry, NodeKind, NodeStat, TreeNode } from '../../types/node.js';

/** Text is sent as UTF-8. */
export type Bytes = Uint8Array | string;

/** One per committed change, rising; below 2^53. */
export type RevisionNumber = number;

/** `session` reads are local, and never behind what this session has seen. */
export type Consistency = 'linearizable' | 'session';

/** Of any call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** The call has ended by then, one way or the other. */
  readonly timeoutMs?: number | undefined;
  /** Reads only. Default `linearizable`. */
  readonly consistency?: Consistency | undefined;
}

/** Of a list of children. */
export interface ListOptions extends CallOptions {
  /** Names after this one: `next` of the page before. */
  readonly after?: string | undefined;
  /** Nodes a page, at most 1000. */
  readonly limit?: number | undefined;
  readonly withData?: boolean | undefined;
  /** The node itself and everything below, parents first; `after` is then a path. */
  readonly recursive?: boolean | undefined;
}

/** One page of the children of a node. */
export interface Listing {
  /** By name. Without `withData` their data is empty. */
  readonly nodes: readonly TreeNode[];
  readonly revision: RevisionNumber;
  /** Set: more children follow; pass it as `after`. Pages are not one revision. */
  readonly next: string | undefined;
}

/** Of a node that is created. */
export interface CreateOptions extends CallOptions {
  /** Default `persistent`; a session's own nodes are `ephemeral`. */
  readonly kind?: NodeKind | undefined;
  /** Completes the name with ten digits that only rise. */
  readonly sequential?: boolean | undefined;
  readonly ttlMs?: number | undefined;
  /** Unset: everyone may do everything. */
  readonly acl?: readonly AclEntry[] | undefined;
}

/** Of a change that may be conditional on the version of what it changes. */
export interface VersionOptions extends CallOptions {
  /** Only when the node has this version; otherwise BAD_VERSION. */
  readonly version?: number | undefined;
}

/** Of a delete: of one node, or of all under it too. */
export interface DeleteOptions extends VersionOptions {
  /** With everything below, at one revision; not together with `version`. */
  readonly recursive?: boolean | undefined;
}

/** A node that was created: its path, with the number it got if it is sequential. */
export interface CreateResult {
  /** With the sequence suffix. */
  readonly path: string;
  readonly stat: NodeStat;
  readonly revision: RevisionNumber;
}

/** A node that was changed. */
export interface SetResult {
  readonly stat: NodeStat;
  readonly revision: RevisionNumber;
}

/** A change that removed something. */
export interface DeleteResult {
  readonly revision: RevisionNumber;
}

/** A delete, and how many nodes it removed. */
export interface TreeDeleteResult extends DeleteResult {
  /** Nodes that went. */
  readonly nodes: number;
}

/** The access list of a node. */
export interface AclResult {
  readonly acl: readonly AclEntry[];
  readonly stat: NodeStat;
  readonly revision: RevisionNumber;
}

/** All stated conditions must hold. */
export interface GuardConditions {
  readonly exists?: boolean | undefined;
  readonly version?: number | undefined;
  readonly createRevision?: RevisionNumber | undefined;
  readonly modifyRevision?: RevisionNumber | undefined;
  /** Session id of the owner. */
  readonly owner?: number | undefined;
  /** Exactly this data. */
  readonly data?: Bytes | undefined;
  /** Of its list of children. */
  readonly childrenRevision?: RevisionNumber | undefined;
}

/** Collects what one transaction does; nothing is sent before `build` returns. */
export interface Transaction {
  check(path: string, conditions: GuardConditions): this;
  create(
    path: string,
    data?: Bytes,
    options?: Pick<CreateOptions, 'kind' | 'sequential' | 'ttlMs'>,
  ): this;
  set(path: string, data: Bytes, options?: Pick<VersionOptions, 'version'>): this;
  delete(path: string, options?: Pick<VersionOptions, 'version'>): this;
}

/** What one operation of a transaction did. */
export type TransactionStep =
  | { readonly type: 'create'; readonly path: string; readonly stat: NodeStat }
  | { readonly type: 'set'; readonly stat: NodeStat }
  | { readonly type: 'delete' };

/** A transaction that was applied. */
export interface TransactionResult {
  /** One for each operation, in their order. */
  readonly results: readonly TransactionStep[];
  readonly revision: RevisionNumber;
}

/** The calls on nodes, shared by the client and its sessions. */
export interface Tree {
  /** undefined when there is no such node. */
  get(path: string, options?: CallOptions): Promise<TreeNode | undefined>;
  list(path: string, options?: ListOptions): Promise<Listing>;
  create(path: string, data?: Bytes, options?: CreateOptions): Promise<CreateResult>;
  set(path: string, data: Bytes, options?: VersionOptions): Promise<SetResult>;
  delete(path: string, options?: DeleteOptions): Promise<TreeDeleteResult>;
  /** undefined when there is no such node. */
  acl(path: string, options?: CallOptions): Promise<AclResult | undefined>;
  /** Replaces a node's access list; `version` is that of the list. */
  setAcl(path: string, acl: readonly AclEntry[], options?: VersionOptions): Promise<SetResult>;
  transact(build: (t: Transaction) => void, options?: CallOptions): Promise<TransactionResult>;
  watch(path: string, options?: WatchOptions): Watch;
}

/** What a watch sees: the node, the node and its children, or all under it. */
export type WatchScopeName = 'node' | 'children' | 'subtree';

/** Of a watch. */
export interface WatchOptions {
  /** Default `node`. */
  readonly scope?: WatchScopeName | undefined;
  /** The nodes first (default), only changes from now on, or every change after a revision. */
  readonly from?: 'snapshot' | 'now' | RevisionNumber | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Events kept for a slow reader: 1024. */
  readonly buffer?: number | undefined;
  /** Past the buffer: start again with a marked snapshot (default), or fail with OVERLOADED. */
  readonly onOverflow?: 'resync' | 'fail' | undefined;
}

/** One change that a watch saw. */
export interface TreeChange {
  readonly type: EventType;
  readonly path: string;
  /** After the change; of a deleted node, what it was last. */
  readonly node: TreeNode;
  readonly cause: Cause;
}

/** What a watch tells: what is there, what changed, and whether that is all. */
export type WatchEvent =
  /** `marked`: it replaces what was missed. */
  | {
      readonly type: 'snapshot';
      readonly revision: RevisionNumber;
      readonly nodes: readonly TreeNode[];
      readonly marked: boolean;
    }
  /** All changes of one revision; in order, none missed or repeated. */
  | {
      readonly type: 'change';
      readonly revision: RevisionNumber;
      readonly changes: readonly TreeChange[];
    }
  /** What was shown may be old: the member or its leader has not been heard of for `ageMs`. */
  | { readonly type: 'stale'; readonly ageMs: number }
  /** Everything up to `revision` has been delivered, and a leader is confirmed. */
  | { readonly type: 'live'; readonly revision: RevisionNumber };

/** A stream of events without gaps, or with gaps that are marked. */
export interface Watch extends AsyncIterable<WatchEvent>, AsyncDisposable {
  /**
   * Instead of iterating: called for every event, in order, until disposed, which closes the watch.
   * `ended` is called once, with the reason when it could not go on. One reader at a time.
   */
  subscribe(
    listener: (event: WatchEvent) => void,
    ended?: (error: RollcallError | undefined) => void,
  ): Disposable;
  /** Everything up to here has been received. */
  readonly revision: RevisionNumber;
  readonly isLive: boolean;
  close(): Promise<void>;
}
