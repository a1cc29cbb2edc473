/**
 * Every change that can be asked of the state machine. A log entry is an *envelope* (who asks, which
 * attempt) in front of a *body* (what is asked). Bodies are encoded once, by the face that received
 * them; commands are decided when applied, the same on every member.
 */
import type { MemberId, Revision, SessionId, Term } from './ids.js';
import type { AclEntry, NodeKind, Override, QuotaLimits } from './node.js';

/** A version that matches any. */
export const ANY_VERSION = -1;

export interface Create {
  readonly kind: 'create';
  readonly path: string;
  readonly data: Uint8Array;
  readonly nodeKind: NodeKind;
  /** The name is completed by the parent's create count, ten digits. */
  readonly sequential: boolean;
  readonly ttlMs: number;
  /** Empty: world, all permissions. */
  readonly acl: readonly AclEntry[];
}

export interface SetData {
  readonly kind: 'set';
  readonly path: string;
  readonly data: Uint8Array;
  /** Expected version or ANY_VERSION. */
  readonly version: number;
}

export interface Delete {
  readonly kind: 'delete';
  readonly path: string;
  readonly version: number;
}

/** A node and everything below, at one revision. At most DELETE_TREE_NODES_MAX nodes. */
export interface DeleteTree {
  readonly kind: 'deleteTree';
  readonly path: string;
}

/** Replaces a node's access list; needs ADMIN under the old one. */
export interface SetAcl {
  readonly kind: 'setAcl';
  readonly path: string;
  /** Empty: world, all permissions. */
  readonly acl: readonly AclEntry[];
  /** Expected version of the list or ANY_VERSION. */
  readonly version: number;
}

/** Bounds what may stand under a path. Both bounds 0: lifted. */
export interface SetQuota {
  readonly kind: 'setQuota';
  readonly path: string;
  readonly limits: QuotaLimits;
  readonly who: string;
  readonly why: string;
}

/**
 * By the leader only: a container whose last child went a while ago, or a ttl node past its time. A no-op
 * when any of the three numbers differs, or the node has children again.
 */
export interface Reap {
  readonly kind: 'reap';
  readonly path: string;
  readonly createRevision: Revision;
  readonly modifyRevision: Revision;
  readonly createCount: number;
}

/** All stated conditions must hold; unset ones are not looked at. */
export interface Guard {
  readonly path: string;
  readonly exists?: boolean;
  readonly version?: number;
  readonly createRevision?: Revision;
  readonly modifyRevision?: Revision;
  /** Of its list of children. */
  readonly childrenRevision?: Revision;
  readonly owner?: SessionId;
  /** Exactly these bytes. */
  readonly data?: Uint8Array;
}

export type TreeOperation = Create | SetData | Delete;

/** Flat: guards first, then operations in order; all or nothing at one revision. */
export interface Transact {
  readonly kind: 'transact';
  readonly guards: readonly Guard[];
  readonly operations: readonly TreeOperation[];
}

/** Idempotent by the secret: the same hash gets the same session. */
export interface OpenSession {
  readonly kind: 'openSession';
  /** SHA-256 of the client's secret. */
  readonly secretHash: Uint8Array;
  readonly timeoutMs: number;
  /** Disconnect grace, 0 for none (contract 6). */
  readonly graceMs: number;
  /** What the client says of itself; for people. */
  readonly label: string;
}

/** Raises the attach epoch; older attachments are MOVED from here on. */
export interface AttachSession {
  readonly kind: 'attachSession';
  readonly session: SessionId;
  readonly secretHash: Uint8Array;
}

/** The envelope's session ends; its ephemerals go in the same revision. */
export interface CloseSession {
  readonly kind: 'closeSession';
}

/** By the leader only: the peer closed the connection of this epoch. */
export interface DetachSession {
  readonly kind: 'detachSession';
  readonly session: SessionId;
  readonly epoch: number;
  /** A no-op unless it is the term of its entry (contract S4). */
  readonly term: Term;
}

/** By the leader only. A no-op when the session was active after `lastRevision` or attached again since. */
export interface ExpireSession {
  readonly kind: 'expireSession';
  readonly session: SessionId;
  readonly epoch: number;
  readonly lastRevision: Revision;
  readonly term: Term;
  readonly cause: 'expiry' | 'grace';
}

/** An operator ends a session: its nodes go, and the act is in the audit. */
export interface RevokeSession {
  readonly kind: 'revokeSession';
  readonly session: SessionId;
  readonly who: string;
  readonly why: string;
}

/** Consumes its seq and does nothing: for a request the client gave up. */
export interface Skip {
  readonly kind: 'skip';
}

/** Claims an id of a service for the envelope's session (or for nobody, when static). */
export interface Register {
  readonly kind: 'register';
  readonly service: string;
  readonly id: string;
  readonly address: string;
  readonly port: number;
  /** The instance as JSON (`codec/instance.ts`). */
  readonly data: Uint8Array;
  /** Persistent instead of ephemeral. */
  readonly isStatic: boolean;
  /** Displace a live holder. */
  readonly takeover: boolean;
}

/** Changes what an instance says of itself (state, weight, tags); guarded by the claim. */
export interface UpdateInstance {
  readonly kind: 'updateInstance';
  readonly service: string;
  readonly id: string;
  readonly data: Uint8Array;
  /** The claim's incarnation; anything else is answered REPLACED or NO_NODE. */
  readonly incarnation: Revision;
}

export interface Deregister {
  readonly kind: 'deregister';
  readonly service: string;
  readonly id: string;
  /** 0: whatever claim stands (an operator's hand). */
  readonly incarnation: Revision;
  /** Not empty: an operator, and the act is in the audit. */
  readonly who: string;
  readonly why: string;
}

/** Sets or lifts an operator's override. */
export interface SetOverride {
  readonly kind: 'setOverride';
  readonly service: string;
  readonly id: string;
  /** `lift`: what stood ends. */
  readonly action: Override['action'] | 'lift';
  readonly who: string;
  readonly reason: string;
  /** Milliseconds since 1970, or 0 for "until lifted". */
  readonly until: number;
}

/** By the leader only: the time of an override has come. A no-op unless it is still the one of `revision`. */
export interface ExpireOverride {
  readonly kind: 'expireOverride';
  readonly service: string;
  readonly id: string;
  readonly revision: Revision;
}

/** Replaces a service's settings; makes the service when there is none. */
export interface SetSettings {
  readonly kind: 'setSettings';
  readonly service: string;
  /** JSON (`codec/settings.ts`); empty: none, and an empty service may be reaped. */
  readonly data: Uint8Array;
  /** Expected version, 0 also standing for a service that does not exist; or ANY_VERSION. */
  readonly version: number;
  readonly who: string;
  readonly why: string;
}

/** By the leader only: here every member takes the digest of its state, to compare. Changes nothing. */
export interface MarkDigest {
  readonly kind: 'markDigest';
}

export type CommandBody =
  | TreeOperation
  | Transact
  | OpenSession
  | AttachSession
  | CloseSession
  | DetachSession
  | ExpireSession
  | Skip
  | Register
  | UpdateInstance
  | Deregister
  | SetOverride
  | DeleteTree
  | SetAcl
  | SetQuota
  | Reap
  | RevokeSession
  | ExpireOverride
  | SetSettings
  | MarkDigest;

export type CommandKind = CommandBody['kind'];

/** Where a request entered the cluster. Number 0: proposed by the leader itself, never forwarded, not sequenced. */
export interface Origin {
  readonly member: MemberId;
  /** Counts the starts of that member. */
  readonly boot: number;
  /** Counts its requests from 1; applied strictly in order, each once. */
  readonly number: number;
}

export interface Envelope {
  readonly kind: CommandKind;
  readonly origin: Origin;
  /** NO_SESSION for anonymous requests. */
  readonly session: SessionId;
  readonly epoch: number;
  /** Rises by one per request of the session, from 1; 0 when anonymous. */
  readonly seq: number;
  /** The client has the results of all seqs below this one. */
  readonly ackedSeq: number;
  /** "scheme:id" of whoever asks, empty for the anonymous world. */
  readonly identities: readonly string[];
}

export interface Command {
  readonly envelope: Envelope;
  readonly body: CommandBody;
  /** FNV-1a of the encoded body: tells a retry from another request with the same seq. */
  readonly bodyHash: number;
}

/** The place of a command in the log. */
export interface EntryContext {
  readonly revision: Revision;
  readonly term: Term;
  readonly time: number;
}
