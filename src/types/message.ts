/**
 * Raft's messages between members, as plain data. They may be lost, repeated and reordered; every
 * one carries the sender's term. Encoded by `codec/message.ts`.
 */
import type { Index, MemberId, Term } from './ids.js';
import type { Run, SnapshotMeta } from './log.js';

interface Addressed {
  readonly from: MemberId;
  readonly to: MemberId;
  /** The sender's term, but for a pre-vote request (the term it would campaign at) and a granted pre-vote (echoed). */
  readonly term: Term;
}

export interface VoteRequest extends Addressed {
  readonly type: 'voteRequest';
  /** Thesis 9.6: asks whether a campaign could succeed, changing nothing. */
  readonly pre: boolean;
  readonly lastIndex: Index;
  readonly lastTerm: Term;
  /** Campaign ordered by the leader (thesis 3.10): stickiness does not apply. */
  readonly transfer: boolean;
}

export interface VoteResponse extends Addressed {
  readonly type: 'voteResponse';
  readonly pre: boolean;
  readonly granted: boolean;
}

export interface Append extends Addressed {
  readonly type: 'append';
  readonly prevIndex: Index;
  readonly prevTerm: Term;
  readonly runs: readonly Run[];
  readonly commitIndex: Index;
  /** Highest read round begun; an answer confirms leadership for all rounds up to it. */
  readonly round: number;
}

export interface AppendResponse extends Addressed {
  readonly type: 'appendResponse';
  readonly accepted: boolean;
  /** Accepted: highest index known equal and durable. Refused: the prevIndex that was refused. */
  readonly index: Index;
  /** Refused: where to try next (last index, or end of the conflicting term), and its term. */
  readonly hintIndex: Index;
  readonly hintTerm: Term;
  readonly round: number;
}

export interface Heartbeat extends Addressed {
  readonly type: 'heartbeat';
  /** Never above what the receiver is known to match. */
  readonly commitIndex: Index;
  readonly round: number;
}

export interface HeartbeatResponse extends Addressed {
  readonly type: 'heartbeatResponse';
  readonly round: number;
}

/** A follower asks for a read index; `id` is fresh per attempt (build rule R8). */
export interface ReadRequest extends Addressed {
  readonly type: 'readRequest';
  readonly id: number;
}

export interface ReadResponse extends Addressed {
  readonly type: 'readResponse';
  readonly id: number;
  readonly index: Index;
}

/** The follower's log cannot be mended from the leader's: fetch the state, out of band, then report an AppendResponse. */
export interface InstallSnapshot extends Addressed {
  readonly type: 'installSnapshot';
  readonly snapshot: SnapshotMeta;
}

export interface TimeoutNow extends Addressed {
  readonly type: 'timeoutNow';
}

export type RaftMessage =
  | VoteRequest
  | VoteResponse
  | Append
  | AppendResponse
  | Heartbeat
  | HeartbeatResponse
  | ReadRequest
  | ReadResponse
  | InstallSnapshot
  | TimeoutNow;
