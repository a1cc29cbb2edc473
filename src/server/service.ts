/**
 * The one interface that faces call. A face attaches a connection, submits requests in batches and
 * gets everything back (answers, failures, events, touch answers) through one ordered sink: there is
 * no promise per operation. Behind it live the per-session gate (order of pipelined reads and writes,
 * event before newer read), forwarding to the leader, sessions and watches, once for all faces.
 */
import type { CommandKind } from '../types/command.js';
import type { ErrorCode, FailureOutcome } from '../types/errors.js';
import type { EventBatch } from '../types/event.js';
import type { Revision, SessionId } from '../types/ids.js';
import type { TreeNode } from '../types/node.js';
import type { Outcome } from '../types/outcome.js';
import type { MemberStatus } from '../types/peer.js';

export interface Service {
  /** A connection arrives. Everything for it goes to `sink` until `close`. */
  attach(options: AttachOptions, sink: Sink): Attachment;
  status(): ServiceStatus;
  /** Every configured member, with what it last said of itself. */
  members(): readonly MemberView[];
}

export interface AttachOptions {
  /** "scheme:id" of whoever is behind the connection; empty for the anonymous world. */
  readonly identities: readonly string[];
  /**
   * True: one client's stream; answers come in the order of the requests, and it may carry a session.
   * False: a bundle of unrelated unary calls; each is answered as soon as it can be.
   */
  readonly ordered: boolean;
}

export interface Attachment {
  /** Never throws; what cannot be accepted is answered as a failure. Bodies are kept, not copied. */
  submit(requests: readonly Request[]): void;
  /** The client's highest consecutively received seq + 1, told with each later write. */
  acknowledge(ackedSeq: number): void;
  /** The sink had refused more (`unsentBytes` above its bound) and takes again. */
  drained(): void;
  /** `peerClosed`: the client's side ended the connection: its disconnect grace begins. Otherwise (the member's own doing) nothing is reported. */
  close(reason: 'peerClosed' | 'local'): void;
}

export interface Sink {
  /** All that one turn of the member has for this connection, in order. Must not call back synchronously. */
  deliver(batch: readonly Delivery[]): void;
  /** Bytes accepted and not yet handed to the kernel; past ATTACHMENT_UNSENT_BYTES_MAX deliveries wait. */
  unsentBytes(): number;
}

interface Base {
  /** Chosen by the face, unique among the open requests of the attachment. */
  readonly id: number;
  /** The face's caller gives up after this; 0 means the default. */
  readonly timeoutMs: number;
}

/** A change. Inside a session `seq` ≥ 1 (rising by one), otherwise 0. */
export interface WriteRequest extends Base {
  readonly type: 'write';
  readonly kind: CommandKind;
  /** From `encodeBody`; validated with `validateBody` by the face. */
  readonly body: Uint8Array;
  readonly seq: number;
}

export interface OpenSessionRequest extends Base {
  readonly type: 'openSession';
  readonly secretHash: Uint8Array;
  readonly timeoutMsWanted: number;
  readonly graceMs: number;
}

/** From here on the attachment speaks for the session. */
export interface AttachSessionRequest extends Base {
  readonly type: 'attachSession';
  readonly session: SessionId;
  readonly secretHash: Uint8Array;
}

export interface ReadRequest extends Base {
  readonly type: 'read';
  readonly query: Query;
  readonly consistency: 'linearizable' | 'session';
  /** Session reads: answered once the member has applied this far. */
  readonly floor: Revision;
}

/** Answered (`touched`) when the leader has confirmed a report that includes it. */
export interface TouchRequest {
  readonly type: 'touch';
  readonly number: number;
}

/**
 * A unary touch: one session's liveness without a stream. Answered with an outcome `done`, or
 * SESSION_EXPIRED / WRONG_SECRET.
 */
export interface TouchSessionRequest extends Base {
  readonly type: 'touchSession';
  readonly session: SessionId;
  readonly secretHash: Uint8Array;
}

export interface WatchStart extends Base {
  readonly type: 'watch';
  /** Names the watch in deliveries; unique on the attachment. */
  readonly watch: number;
  readonly path: string;
  readonly scope: WatchScope;
  /** 'snapshot': the nodes in scope first. A revision: everything after it. */
  readonly start: 'now' | 'snapshot' | Revision;
}

export interface WatchEnd {
  readonly type: 'unwatch';
  readonly watch: number;
}

export type WatchScope = 'node' | 'children' | 'subtree';

export type Request =
  | WriteRequest
  | OpenSessionRequest
  | AttachSessionRequest
  | ReadRequest
  | TouchRequest
  | TouchSessionRequest
  | WatchStart
  | WatchEnd;

export type Query =
  | { readonly type: 'get'; readonly path: string }
  | {
      readonly type: 'list';
      readonly path: string;
      readonly after: string;
      readonly limit: number;
      readonly withData: boolean;
    }
  /** Instances in the order of joining. */
  | { readonly type: 'instances'; readonly service: string }
  | { readonly type: 'services'; readonly after: string; readonly limit: number };

export type Answer =
  | { readonly type: 'node'; readonly node: TreeNode | undefined }
  | {
      readonly type: 'nodes';
      /** undefined: the parent does not exist. */
      readonly nodes: readonly TreeNode[] | undefined;
      readonly more: boolean;
    }
  | {
      readonly type: 'services';
      readonly services: readonly { readonly name: string; readonly instances: number }[];
      readonly more: boolean;
    };

export type Delivery =
  /** A change was applied; refusals are outcomes too. */
  | {
      readonly type: 'outcome';
      readonly id: number;
      readonly outcome: Outcome;
      readonly revision: Revision;
    }
  | {
      readonly type: 'answer';
      readonly id: number;
      readonly answer: Answer;
      readonly revision: Revision;
    }
  | {
      readonly type: 'failure';
      readonly id: number;
      readonly code: ErrorCode;
      readonly outcome: FailureOutcome;
      readonly message: string;
      readonly retryAfterMs: number;
    }
  | { readonly type: 'events'; readonly watch: number; readonly batch: EventBatch }
  | {
      readonly type: 'snapshot';
      readonly watch: number;
      readonly nodes: readonly TreeNode[];
      readonly revision: Revision;
      /** Until then, events in between change what the parts have shown. */
      readonly complete: boolean;
      readonly marked: boolean;
      /** Parts before this one are void. */
      readonly restarted: boolean;
    }
  | { readonly type: 'touched'; readonly number: number }
  | { readonly type: 'bookmark'; readonly revision: Revision }
  | { readonly type: 'stale'; readonly ageMs: number }
  | { readonly type: 'live'; readonly revision: Revision }
  | {
      readonly type: 'sessionEnded';
      readonly cause: 'closed' | 'expired' | 'disconnected' | 'revoked' | 'moved';
    }
  /** Requests are open and nothing was said for 250 ms. */
  | { readonly type: 'progress' };

export interface ServiceStatus {
  readonly clusterId: string;
  readonly self: MemberStatus;
  /** Name of the leader it follows. */
  readonly leader: string | undefined;
  readonly hasQuorum: boolean;
  /** Its disk was damaged: every request is refused until it has refetched its state. */
  readonly isQuarantined: boolean;
  readonly confirmationAgeMs: number;
  readonly sessions: number;
  readonly watches: number;
  readonly nodes: number;
  readonly services: number;
  readonly uptimeMs: number;
}

export interface MemberView {
  readonly status: MemberStatus;
  /** False: not heard of lately; the rest is the last that was said. */
  readonly reachable: boolean;
}
