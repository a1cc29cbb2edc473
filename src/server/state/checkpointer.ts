/**
 * Keeps the replay at a start short: when enough has happened since the last checkpoint, what changed
 * is frozen, encoded in slices between turns, and saved as one atomic batch with its index and digest
 * (build rule R21). Then the log before the *previous* checkpoint may go. It also serves the latest
 * checkpoint to a member that has fallen behind the log.
 */
import { encodeCheckpointMeta, encodeRows } from '../../codec/checkpoint.js';
import type { CheckpointSnapshot, CheckpointStore } from '../../storage/checkpoint-store.js';
import type { LogStore } from '../../storage/wal.js';
import type { CheckpointChunk, CheckpointRequest } from '../../transport/transport.js';
import type { DirtyRows } from '../../tree/dirty.js';
import { RollcallError } from '../../types/errors.js';
import { CHECKPOINT_HELD_LOG_BYTES_MAX } from '../../types/limits.js';
import type { CheckpointMeta, CheckpointRow, SnapshotMeta } from '../../types/log.js';
import type { Clock } from '../../types/ports.js';
import type { Core } from '../core.js';
import type { Scheduler } from '../member.js';
import type { Tuning } from '../tuning.js';

export interface CheckpointerOptions {
  readonly store: CheckpointStore;
  readonly log: LogStore;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly tuning: Tuning;
  /** The checkpoint that this start loaded. */
  readonly loaded: SnapshotMeta;
}

/** Rows encoded in one piece, a few milliseconds' worth. */
const SLICE_ROWS = 1_000;
const CHUNK_BYTES = 256 * 1024;
/** A transfer that was interrupted can go on for so long. */
const HELD_MS = 60_000;

export interface CheckpointFigures {
  readonly taken: number;
  /** Of the latest: from freezing what changed until it was durable, and its bytes. */
  readonly tookMs: number;
  readonly bytes: number;
  /** Since the latest, or since the start. */
  readonly ageMs: number;
}

interface Held {
  readonly snapshot: CheckpointSnapshot;
  usedAtMs: number;
  isDropped: boolean;
}

export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #last: SnapshotMeta;
  #lastAtMs: number;
  #lastLogBytes = 0;
  /** The checkpoint under way. */
  #taking: Promise<void> | undefined;
  #isSuspended = false;
  #taken = 0;
  #tookMs = 0;
  #bytes = 0;
  /** Snapshots being fetched, by index: the log behind the oldest must stay. */
  readonly #held = new Map<number, Held>();

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#last = options.loaded;
    this.#lastAtMs = options.clock.monotonicMs();
  }

  /** The state on disk. */
  get latest(): SnapshotMeta {
    return this.#last;
  }

  /** Of those that this process took. */
  get figures(): CheckpointFigures {
    const ageMs = this.#options.clock.monotonicMs() - this.#lastAtMs;
    return { taken: this.#taken, tookMs: this.#tookMs, bytes: this.#bytes, ageMs };
  }

  /** After every turn: begins a checkpoint when one is due. */
  consider(core: Core, failed: (error: unknown) => void): void {
    if (this.#taking !== undefined || this.#isSuspended || !this.#isDue(core)) return;
    this.#taking = this.#take(core)
      .catch(failed)
      .finally(() => {
        this.#taking = undefined;
      });
  }

  /**
   * None is under way when it resolves, and none begins before `installed`: what changed in the state that
   * is being replaced must not be saved over the one that replaces it.
   */
  async suspend(): Promise<void> {
    this.#isSuspended = true;
    await this.#taking;
  }

  async *serve(request: CheckpointRequest): AsyncIterable<CheckpointChunk> {
    const held = await this.#open(request);
    const { snapshot } = held;
    let after = request.afterKey;
    let meta: Uint8Array | undefined =
      after === undefined ? encodeCheckpointMeta(snapshot.meta) : undefined;
    for (;;) {
      if (held.isDropped) throw notHeld();
      held.usedAtMs = this.#options.clock.monotonicMs();
      const page = await snapshot.read(after, CHUNK_BYTES);
      const chunk = { rows: encodeRows(page.rows), done: page.done };
      yield meta === undefined ? chunk : { ...chunk, meta };
      meta = undefined;
      if (page.done) return;
      after = page.rows.at(-1)![0];
    }
  }

  /** Another state is in force here: counting starts over from it. */
  installed(meta: SnapshotMeta): void {
    this.#isSuspended = false;
    this.#countFrom(meta);
  }

  #countFrom(meta: SnapshotMeta): void {
    this.#last = meta;
    this.#lastAtMs = this.#options.clock.monotonicMs();
    this.#lastLogBytes = this.#options.log.sizeBytes;
  }

  async close(): Promise<void> {
    for (const { snapshot } of this.#held.values()) await snapshot.close();
    this.#held.clear();
  }

  #isDue(core: Core): boolean {
    const { tuning, clock, log } = this.#options;
    const entries = core.tree.revision - this.#last.index;
    if (entries === 0) return false;
    if (entries >= tuning.checkpointEntries) return true;
    if (log.sizeBytes - this.#lastLogBytes >= tuning.checkpointBytes) return true;
    return clock.monotonicMs() - this.#lastAtMs >= tuning.checkpointIntervalMs;
  }

  async #take(core: Core): Promise<void> {
    const { store, log, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const previous = this.#last;
    const snapshot = core.applied;
    const dirty = core.tree.takeDirty();
    const time = core.appliedTime;
    const meta: CheckpointMeta = { snapshot, digest: dirty.digest, time, formatVersion: 1 };
    const { puts, deletes } = await this.#encode(dirty);
    await store.save({ meta, puts, deletes });
    this.#countFrom(snapshot);
    this.#taken++;
    this.#tookMs = clock.monotonicMs() - startedMs;
    this.#bytes = bytesOf(puts, deletes);
    await this.#dropStale();
    const keep = Math.min(previous.index, ...this.#held.keys());
    if (keep < previous.index || previous.index <= core.raft.trimmedIndex) return;
    await log.trim(previous);
    core.trimmed(previous.index);
  }

  async #encode(dirty: DirtyRows): Promise<{ puts: CheckpointRow[]; deletes: Uint8Array[] }> {
    const puts: CheckpointRow[] = [];
    const deletes: Uint8Array[] = [];
    for (let slice = dirty.next(SLICE_ROWS); slice; slice = dirty.next(SLICE_ROWS)) {
      for (const { key, value } of slice.puts) puts.push([key, value]);
      for (const key of slice.deletes) deletes.push(key);
      await new Promise<void>((resolve) => this.#options.scheduler.defer(resolve));
    }
    return { puts, deletes };
  }

  async #open(request: CheckpointRequest): Promise<Held> {
    const held = this.#held.get(request.index);
    if (held !== undefined) return held;
    if (request.afterKey !== undefined) throw notHeld();
    const snapshot = await this.#options.store.openSnapshot();
    if (snapshot === undefined) throw new RollcallError('UNAVAILABLE', 'no checkpoint yet');
    const { index } = snapshot.meta.snapshot;
    const known = this.#held.get(index);
    if (known === undefined) {
      const usedAtMs = this.#options.clock.monotonicMs();
      const opened = { snapshot, usedAtMs, isDropped: false };
      this.#held.set(index, opened);
      return opened;
    }
    await snapshot.close();
    return known;
  }

  async #dropStale(): Promise<void> {
    const sinceMs = this.#options.clock.monotonicMs() - HELD_MS;
    const isTooMuch = this.#options.log.sizeBytes > CHECKPOINT_HELD_LOG_BYTES_MAX;
    for (const [index, held] of [...this.#held]) {
      if (held.usedAtMs > sinceMs && !isTooMuch) continue;
      this.#held.delete(index);
      held.isDropped = true;
      await held.snapshot.close();
    }
  }
}

function bytesOf(puts: readonly CheckpointRow[], deletes: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const [key, value] of puts) bytes += key.length + value.length;
  for (const key of deletes) bytes += key.length;
  return bytes;
}

function notHeld(): RollcallError {
  return new RollcallError('COMPACTED', 'that checkpoint is not held any more: start over');
}
