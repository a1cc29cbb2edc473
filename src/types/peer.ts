/**
 * Everything that travels on the stream between two members: Raft's own messages, forwarded commands,
 * session reports, status and digests. Encoded by `codec/peer.ts`; a frame holds many messages.
 */
import type { ClusterId, Index, MemberId, Revision, SessionId, Term } from './ids.js';
import type { EntryBatch } from './log.js';
import type { RaftMessage } from './message.js';

/** First on every stream, both ways; a mismatch ends the stream. */
export interface PeerHello {
  /** Unset while the sender has none: the founding meeting. */
  readonly clusterId: ClusterId | undefined;
  readonly memberId: MemberId;
  readonly name: string;
  readonly protocolVersion: number;
}

/** Commands that `from` received, in its request-number order: numbers first … first + count − 1. */
export interface Forward {
  readonly type: 'forward';
  readonly boot: number;
  readonly first: number;
  readonly batch: EntryBatch;
}

/** The leader's answer: `next` is the number it wants to see next; `accepting` false asks to wait and send again. */
export interface ForwardReply {
  readonly type: 'forwardReply';
  readonly boot: number;
  readonly next: number;
  readonly accepting: boolean;
}

export interface Attachment {
  readonly session: SessionId;
  readonly epoch: number;
}

/** Every session tick: who was heard from, and whose connection the peer closed (repeated until resolved). */
export interface SessionReport {
  readonly type: 'sessionReport';
  /** Rises by one with each report of this boot. */
  readonly number: number;
  readonly touched: readonly Attachment[];
  readonly closed: readonly Attachment[];
}

/**
 * Sent once a quorum round begun after the report was recorded has completed: only then may touches
 * be acknowledged to clients (contract 5).
 */
export interface SessionReportReply {
  readonly type: 'sessionReportReply';
  readonly number: number;
  readonly term: Term;
  /** Touched in that report, but their expiry was already proposed: these are not acknowledged. */
  readonly refused: readonly SessionId[];
}

/** Gossip for `rollcall members`; about twice a second. */
export interface MemberStatus {
  readonly type: 'status';
  readonly id: MemberId;
  readonly name: string;
  /** `quarantined`: its disk was damaged; no votes until its state is refetched. */
  readonly role: 'leader' | 'follower' | 'candidate' | 'learner' | 'quarantined';
  /** `stalled`: a write to its log has been under way too long; it does not stand for the lead. */
  readonly disk: 'ok' | 'stalled';
  readonly term: Term;
  readonly commitIndex: Index;
  readonly appliedIndex: Index;
  readonly pid: number;
  readonly version: string;
  readonly peerAddress: string;
  /** Where clients reach it: HOST:PORT. */
  readonly clientAddress: string;
  readonly httpAddress: string;
}

/** What the sender's whole state comes to at a mark in the log. Said again until there is a newer one. */
export interface DigestReport {
  readonly type: 'digest';
  /** How rows are written and hashed: digests of different formats say nothing about each other. */
  readonly format: number;
  readonly revision: Revision;
  /** 16 hex digits. */
  readonly digest: string;
}

export interface RaftEnvelope {
  readonly type: 'raft';
  readonly message: RaftMessage;
}

export type PeerMessage =
  | RaftEnvelope
  | Forward
  | ForwardReply
  | SessionReport
  | SessionReportReply
  | MemberStatus
  | DigestReport;
