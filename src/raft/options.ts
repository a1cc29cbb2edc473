/**
 * What a `Raft` is built from. Ticks are abstract; at the usual 15 ms the defaults are a heartbeat every
 * 75 ms and elections after 450–750 ms of silence.
 */
import type { Index, MemberId } from '../types/ids.js';
import {
  RAFT_APPEND_BYTES_MAX,
  RAFT_INFLIGHT_APPENDS_MAX,
  RAFT_INFLIGHT_BYTES_MAX,
  RAFT_UNCOMMITTED_BYTES_MAX,
} from '../types/limits.js';
import type { HardState, Run, SnapshotMeta } from '../types/log.js';
import type { Random } from '../types/ports.js';

export interface RaftLimits {
  readonly appendBytesMax: number;
  readonly inflightAppendsMax: number;
  readonly inflightBytesMax: number;
  readonly uncommittedBytesMax: number;
}

export interface InitialState {
  readonly hardState: HardState;
  /** The trim point: its configuration is the base. At bootstrap index 0, term 0 and the founders. */
  readonly snapshot: SnapshotMeta;
  /** The durable log behind the trim point. */
  readonly runs: readonly Run[];
  /** What the state machine holds already; `committed` starts behind it. */
  readonly appliedIndex: Index;
}

export interface RaftOptions {
  readonly self: MemberId;
  readonly random: Random;
  readonly heartbeatTicks: number;
  /** Also: how long a follower stays loyal to a leader, and how often a leader checks its quorum. */
  readonly electionTicksMin: number;
  readonly electionTicksMax: number;
  readonly limits: RaftLimits;
  readonly initial: InitialState;
}

export const RAFT_TICKS_DEFAULT = {
  heartbeatTicks: 5,
  electionTicksMin: 30,
  electionTicksMax: 50,
} as const;

export const RAFT_LIMITS_DEFAULT: RaftLimits = {
  appendBytesMax: RAFT_APPEND_BYTES_MAX,
  inflightAppendsMax: RAFT_INFLIGHT_APPENDS_MAX,
  inflightBytesMax: RAFT_INFLIGHT_BYTES_MAX,
  uncommittedBytesMax: RAFT_UNCOMMITTED_BYTES_MAX,
};
