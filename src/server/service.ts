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
import type { AclEntry, NodeStat, OverrideOf, QuotaUsage, TreeNode } from '../types/node.js';
import type { Outcome } from '../types/outcome.js';
import type { MemberStatus } from '../types/peer.js';
import type { AuditEntry, Departure } from '../types/record.js';
import type { SessionInfo } from '../types/session.js';
import type { ServiceSettings } from '../types/settings.js';
import type { Connections } from './clients/connections.js';

export interface Service {
  /** How many clients may be connected, through all doors together. */
  readonly connections: Connections;
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
  /** What the client says of itself; for people. */
  readonly label: string;
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
  /** A node and everything below, parents first; `after` is a path. */
  | {
      readonly type: 'subtree';
      readonly path: string;
      readonly after: string;
      readonly limit: number;
      readonly withData: boolean;
    }
  | { readonly type: 'acl'; readonly path: string }
  | { readonly type: 'quotas' }
  /** Instances in the order of joining, after one of them. */
  | {
      readonly type: 'instances';
      readonly service: string;
      readonly after: Place | undefined;
      readonly limit: number;
    }
  | { readonly type: 'services'; readonly after: string; readonly limit: number }
  | { readonly type: 'service'; readonly service: string }
  /** `service` empty: of all. `after` is "service/id". */
  | {
      readonly type: 'overrides';
      readonly service: string;
      readonly after: string;
      readonly limit: number;
    }
  /** `id` empty: of all that were in the service. */
  | { readonly type: 'departures'; readonly service: string; readonly id: string }
  | { readonly type: 'sessions'; readonly after: SessionId; readonly limit: number }
  /** One session and the paths of its nodes. */
  | {
      readonly type: 'session';
      readonly session: SessionId;
      readonly after: string;
      readonly limit: number;
    }
  /** Operators' acts, newest first; `before` 0: from the newest. */
  | { readonly type: 'audit'; readonly before: Revision; readonly limit: number };

/** Where an instance stands on the roll. */
export interface Place {
  readonly createRevision: Revision;
  readonly ordinal: number;
}

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
    }
  | {
      readonly type: 'acl';
      /** undefined: the node does not exist. */
      readonly found: { readonly acl: readonly AclEntry[]; readonly stat: NodeStat } | undefined;
    }
  | { readonly type: 'quotas'; readonly quotas: readonly QuotaUsage[] }
  | { readonly type: 'service'; readonly service: ServiceView }
  | {
      readonly type: 'overrides';
      readonly overrides: readonly OverrideOf[];
      readonly more: boolean;
    }
  /** Oldest first. */
  | { readonly type: 'departures'; readonly departures: readonly Departure[] }
  | {
      readonly type: 'sessions';
      readonly sessions: readonly SessionInfo[];
      readonly more: boolean;
    }
  | {
      readonly type: 'session';
      /** undefined: there is none. */
      readonly session: SessionInfo | undefined;
      readonly paths: readonly string[];
      readonly more: boolean;
    }
  /** Newest first. */
  | { readonly type: 'audit'; readonly entries: readonly AuditEntry[]; readonly more: boolean }
  /** The asker may not read that. */
  | { readonly type: 'denied'; readonly path: string };

export interface ServiceView {
  readonly service: string;
  readonly exists: boolean;
  readonly settings: ServiceSettings;
  /** Of the settings: for compare-and-set. */
  readonly version: number;
  /** Of the latest change of the settings; 0: never set. */
  readonly settingsRevision: Revision;
  readonly instances: number;
  /** Subscribers and watches of the service at this member. */
  readonly subscribers: number;
}

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
  /** Connections of clients now. */
  readonly connections: number;
  /** Watches resume without a snapshot after this revision or a later one. */
  readonly historyFloor: Revision;
  /** The state on disk, apart from the log, is of this revision. */
  readonly checkpointIndex: Revision;
  /** Free on the disk of the data directory; undefined when it cannot be told. */
  readonly diskFreeBytes: number | undefined;
  /** Members disagree about the state and no majority holds one: nothing is served (design 3.11). */
  readonly isCorrupt: boolean;
}

export interface MemberView {
  readonly status: MemberStatus;
  /** False: not heard of lately; the rest is the last that was said. */
  readonly reachable: boolean;
}
