/** How often a member does what. Production values here; simulations draw their own. */
import {
  CHECKPOINT_BYTES,
  CHECKPOINT_ENTRIES,
  CHECKPOINT_INTERVAL_MS,
  CONTAINER_IDLE_MS,
  HISTORY_BYTES_MAX,
  HISTORY_EVENTS_MAX,
} from '../types/limits.js';

export interface Tuning {
  /** Raft's clock: heartbeat and election below are counted in it. */
  readonly raftTickMs: number;
  readonly heartbeatTicks: number;
  readonly electionTicksMin: number;
  readonly electionTicksMax: number;
  /** Touches and close reports travel, and countdowns advance, once per session tick. */
  readonly sessionTickMs: number;
  /** Watches of an idle stream get a bookmark this often. */
  readonly bookmarkMs: number;
  readonly statusMs: number;
  /** A container goes this long after its last child. */
  readonly containerIdleMs: number;
  /** A read round without an answer is begun anew. */
  readonly readRetryMs: number;
  /** Forwarded commands without progress are sent again. */
  readonly forwardRetryMs: number;
  /** Forwarded and not yet applied, per member: bounds what a leader has to hold. */
  readonly forwardWindowBytes: number;
  readonly checkpointEntries: number;
  readonly checkpointBytes: number;
  readonly checkpointIntervalMs: number;
  readonly historyEventsMax: number;
  readonly historyBytesMax: number;
}

export const DEFAULT_TUNING: Tuning = {
  raftTickMs: 15,
  heartbeatTicks: 5,
  electionTicksMin: 30,
  electionTicksMax: 50,
  sessionTickMs: 100,
  bookmarkMs: 500,
  statusMs: 500,
  containerIdleMs: CONTAINER_IDLE_MS,
  readRetryMs: 150,
  forwardRetryMs: 500,
  forwardWindowBytes: 8 * 1024 * 1024,
  checkpointEntries: CHECKPOINT_ENTRIES,
  checkpointBytes: CHECKPOINT_BYTES,
  checkpointIntervalMs: CHECKPOINT_INTERVAL_MS,
  historyEventsMax: HISTORY_EVENTS_MAX,
  historyBytesMax: HISTORY_BYTES_MAX,
};
