/** Generated from proto/rollcall/v1/cluster.proto by scripts/proto.mjs: do not edit. */
import type { Method } from '../rpc/shapes.js';

export type Cluster = {
  /** The answering member's own view. */
  readonly Status: Method<StatusRequest, StatusResponse>;
  readonly Members: Method<MembersRequest, MembersResponse>;
  /** Operators' acts, newest first. */
  readonly Audit: Method<AuditRequest, AuditResponse>;
};

export type StatusRequest = Readonly<Record<never, never>>;

export interface StatusResponse {
  readonly clusterId: string;
  readonly memberId: string;
  readonly name: string;
  readonly version: string;
  /** Name of the leader it follows; empty when it knows none. */
  readonly leader: string;
  /** A leader has been confirmed by a quorum within the last 1.5 seconds. */
  readonly hasQuorum: boolean;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly sessions: number;
  readonly watches: number;
  readonly nodes: number;
  readonly services: number;
  readonly uptimeMs: number;
  /** Milliseconds since the last confirmation by a leader. */
  readonly confirmationAgeMs: number;
  /** Connections of clients now. */
  readonly connections: number;
  /** Watches resume without a snapshot after this revision or a later one. */
  readonly historyFloor: number;
  /** The state on disk, apart from the log, is of this revision. */
  readonly checkpointIndex: number;
  /** Free on the disk of the data directory; 0 when it cannot be told. */
  readonly diskFreeBytes: number;
  /** ok, or stalled: a write to its log has been under way too long. */
  readonly disk: string;
  /** Members disagree about the state and no majority holds one: nothing is served. */
  readonly corrupt: boolean;
}

export type MembersRequest = Readonly<Record<never, never>>;

export interface MemberInfo {
  readonly id: string;
  readonly name: string;
  /** Where clients reach it: HOST:PORT. */
  readonly address: string;
  readonly peerAddress: string;
  readonly httpAddress: string;
  /**
   * leader, follower, candidate, learner, quarantined (its disk was damaged and its state is being
   * refetched); unreachable when it has not been heard of lately.
   */
  readonly role: string;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly pid: number;
  readonly version: string;
  /** ok, or stalled. */
  readonly disk: string;
}

export interface MembersResponse {
  readonly members: readonly MemberInfo[];
}

export interface AuditRequest {
  readonly consistency: number;
  readonly floor: number;
  /** 0 or anything above 1000 means 1000. */
  readonly limit: number;
  /** Acts before this revision; from `next_before`. 0: from the newest. */
  readonly before: number;
}

export interface AuditEntry {
  readonly revision: number;
  /** Milliseconds since 1970, the leader's stamp. */
  readonly time: number;
  /** drain, deregister, undrain, overrideExpired, revoke, settings, quota. */
  readonly action: string;
  /** "service/id", a service, a path, or a session's id. */
  readonly subject: string;
  readonly who: string;
  readonly why: string;
}

export interface AuditResponse {
  readonly entries: readonly AuditEntry[];
  readonly revision: number;
  /** Not 0: more follow. */
  readonly nextBefore: number;
}
