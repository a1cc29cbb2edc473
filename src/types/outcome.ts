/**
 * What applying a command answers. Refusals are replicated data like successes: a retry of the same
 * (session, seq) gets the same outcome and revision on any member.
 */
import type { RefusalCode } from './errors.js';
import type { Revision, SessionId } from './ids.js';
import type { NodeStat, Override } from './node.js';

export interface Refused {
  readonly type: 'refused';
  readonly code: RefusalCode;
  /** Transactions: which guard (negative: −1 − position) or operation refused; else 0. */
  readonly position: number;
  /** What a caller needs to see: the path, the holder of an id. */
  readonly detail: string;
}

export interface Created {
  readonly type: 'created';
  /** With the sequence suffix. */
  readonly path: string;
  readonly stat: NodeStat;
}

export interface DataSet {
  readonly type: 'set';
  readonly stat: NodeStat;
}

export interface Deleted {
  readonly type: 'deleted';
}

export interface Transacted {
  readonly type: 'transacted';
  readonly results: readonly (Created | DataSet | Deleted)[];
}

export interface SessionAttached {
  readonly type: 'attached';
  readonly session: SessionId;
  readonly epoch: number;
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Highest seq applied: the client sends everything above it again. */
  readonly lastSeq: number;
}

export interface Registered {
  readonly type: 'registered';
  readonly path: string;
  readonly stat: NodeStat;
  /** An existing place on the roll was kept. */
  readonly tookOver: boolean;
  /** An operator's, in force over the instance. */
  readonly override?: Override;
}

/** A subtree or a session's nodes went, at one revision. */
export interface Removed {
  readonly type: 'removed';
  readonly nodes: number;
}

/** Nothing to say beyond "done". */
export interface Done {
  readonly type: 'done';
}

export type Outcome =
  | Refused
  | Created
  | DataSet
  | Deleted
  | Transacted
  | SessionAttached
  | Registered
  | Done
  | Removed;

/** An outcome and the revision of the entry that first produced it. */
export interface Applied {
  readonly outcome: Outcome;
  readonly revision: Revision;
}
