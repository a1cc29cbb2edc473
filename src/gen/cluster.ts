/** Generated from proto/rollcall/v1/cluster.proto by scripts/proto.mjs: do not edit. */
import type { Method } from '../rpc/shapes.js';

export type Cluster = {
  /** The answering member's own view. */
  readonly Status: Method<StatusRequest, StatusResponse>;
  readonly Members: Method<MembersRequest, MembersResponse>;
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
}

export interface MembersResponse {
  readonly members: readonly MemberInfo[];
}
