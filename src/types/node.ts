/** A record of the tree and what is known about it: ZooKeeper's model with its full stat. */
import type { Revision, SessionId } from './ids.js';

/** Container nodes go when their last child went; ttl nodes when unmodified and childless for ttlMs. */
export type NodeKind = 'persistent' | 'ephemeral' | 'container' | 'ttl';

/** Permission bits of access lists, ZooKeeper's values. */
export const READ = 1;
export const WRITE = 2;
export const CREATE = 4;
export const DELETE = 8;
/** Changing the access list itself. */
export const ADMIN = 16;

/** Who may do what to a node; `permissions` is a sum of the constants above. */
export interface AclEntry {
  readonly scheme: string;
  readonly id: string;
  /** Bits as in ZooKeeper: 1 read, 2 write, 4 create, 8 delete, 16 admin. */
  readonly permissions: number;
}

/** ZooKeeper's stat, with our own fields last. Revisions are its zxids. */
export interface NodeStat {
  /** Revision that created the node, last changed its data, last changed its list of children. */
  readonly createRevision: Revision;
  readonly modifyRevision: Revision;
  readonly childrenRevision: Revision;
  /** Milliseconds since 1970, the leader's stamp. */
  readonly createTime: number;
  readonly modifyTime: number;
  /** Changes of the data since creation. */
  readonly version: number;
  /** Creates of any kind below this node, ever: the next sequence suffix. ZooKeeper's cversion = 2·creates − children. */
  readonly createCount: number;
  readonly aclVersion: number;
  /** The session it dies with; 0 unless ephemeral. */
  readonly owner: SessionId;
  readonly dataLength: number;
  readonly childCount: number;
  readonly kind: NodeKind;
  /** Only for ttl nodes, else 0. */
  readonly ttlMs: number;
  /** Position among the nodes created by the same revision; with createRevision it orders all nodes. */
  readonly ordinal: number;
  /** The parent's create count when this node was created: never changes, never reused under that parent. */
  readonly sequence: number;
  /** Instances only: revision of the latest claim, the fencing token. 0 elsewhere. */
  readonly incarnation: Revision;
}

/** A node as it was read: path, data and stat. */
export interface TreeNode {
  readonly path: string;
  readonly data: Uint8Array;
  readonly stat: NodeStat;
  /** Instances only: set while an operator's override is in force. */
  readonly override?: Override;
}

/** An operator's word over an instance; kept apart from it, so that it survives re-registration. */
export interface Override {
  readonly action: 'drain' | 'deregister';
  readonly who: string;
  readonly reason: string;
  /** Milliseconds since 1970, or 0 for "until lifted". */
  readonly until: number;
  readonly revision: Revision;
}

/** An override and what it speaks of. */
export interface OverrideOf {
  readonly service: string;
  readonly id: string;
  readonly override: Override;
}

/** Bounds of a subtree, its root counted. 0: no bound of that kind. */
export interface QuotaLimits {
  readonly nodes: number;
  readonly bytes: number;
}

/** A quota and what stands under it: nodes, and bytes of their data. */
export interface QuotaUsage {
  readonly path: string;
  readonly limits: QuotaLimits;
  readonly nodes: number;
  readonly bytes: number;
}
