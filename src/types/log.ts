/**
 * What raft, storage and transport share about the log. The unit of all three is a *run*: consecutive
 * entries of one term as one buffer, so that cost is paid per run and not per operation.
 */
import type { Index, MemberId, Term } from './ids.js';

/**
 * `command`: opaque entries for the state machine. `noop` and `configuration` runs hold exactly one
 * entry each (a no-op's is empty; a configuration's is `encodeConfiguration`).
 */
export type RunKind = 'command' | 'noop' | 'configuration';

/**
 * Consecutive entries. Entry i (0 ≤ i < count) has index `first + i` and the bytes
 * `bytes.subarray(offsets[i], offsets[i + 1])`.
 *
 * Invariant: count ≥ 1, offsets.length = count + 1, offsets[0] = 0 ≤ offsets[i] ≤ offsets[i + 1],
 * offsets[count] = bytes.length.
 */
export interface Run {
  readonly kind: RunKind;
  readonly term: Term;
  readonly first: Index;
  /** Milliseconds since 1970, stamped by the leader: max(previous run's, its wall clock). For ctime and mtime only. */
  readonly time: number;
  readonly count: number;
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
}

/** A run before the leader gives it a place in the log. */
export interface EntryBatch {
  readonly count: number;
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
}

/** Durable before any message that depends on it leaves (thesis figure 3.1). */
export interface HardState {
  readonly term: Term;
  readonly votedFor: MemberId | undefined;
  /** A hint that saves work at start; never ahead of what is committed. */
  readonly commitIndex: Index;
}

export interface ConfiguredMember {
  readonly id: MemberId;
  readonly name: string;
  /** HOST:PORT where other members reach it. */
  readonly peerAddress: string;
}

/** Who counts. The only source of truth for membership (build rule R27). */
export interface Configuration {
  readonly voters: readonly ConfiguredMember[];
  readonly learners: readonly ConfiguredMember[];
}

/** The log up to `index` is replaced by the state at `index`. */
export interface SnapshotMeta {
  readonly index: Index;
  readonly term: Term;
  readonly configuration: Configuration;
}

/** One write to the log on disk, made durable as a whole, in the order given: truncate, runs, hard state. */
export interface LogWrite {
  /** Entries at and above this index are cut first (a term conflict). */
  readonly truncateFrom?: Index;
  readonly runs: readonly Run[];
  readonly hardState?: HardState;
}

/** A row of a checkpoint, as stored. Keys are not empty and sort by their bytes. */
export type CheckpointRow = readonly [key: Uint8Array, value: Uint8Array];

/** What a checkpoint says of itself; one atomic batch with its rows (build rule R21). */
export interface CheckpointMeta {
  readonly snapshot: SnapshotMeta;
  /** Over all rows, by the state machine; kept and returned by the store, never computed there. */
  readonly digest: string;
  /** Milliseconds since 1970, the writer's clock: for people. */
  readonly time: number;
  readonly formatVersion: number;
}
