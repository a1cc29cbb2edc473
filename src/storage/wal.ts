/**
 * The log of one member. Writes become durable in the order of the calls; while one sync is under way all
 * that arrive wait and share the next. After the first failure of the disk nothing is accepted any more:
 * the member stops, and the next start finds out what is on the disk.
 */
import { ByteWriter } from '../codec/cursor.js';
import { assert } from '../types/assert.js';
import type { ClusterId, Index, MemberId } from '../types/ids.js';
import { LOG_SEGMENT_BYTES } from '../types/limits.js';
import type { Configuration, HardState, LogWrite, Run, SnapshotMeta } from '../types/log.js';
import type { Clock, Disk, Random } from '../types/ports.js';
import { Batch, WriterPool } from './log/batch.js';
import type { LogExtent } from './log/extent.js';
import { beginFrame } from './log/frame.js';
import type { ClosedSegment } from './log/loading.js';
import { type LogPosition, type Operation, writeOperation } from './log/operation.js';
import { readQuarantine, removeQuarantine, writeQuarantine } from './log/quarantine.js';
import { type Recovery, recoverLog } from './log/recovery.js';
import {
  ALLOCATE_BYTES_MAX,
  createSegment,
  type SegmentWriter,
  segmentName,
} from './log/segment.js';

export interface RecoveredLog {
  readonly hardState: HardState;
  /** Where the log begins; index 0, term 0 and the founders if it was never trimmed. */
  readonly base: SnapshotMeta;
  /** The checkpoint directory that the base needs, when it came with an installed snapshot. */
  readonly checkpoint: string | undefined;
  readonly runs: readonly Run[];
  /** In quarantine: why. No votes until the lost entries are refetched. */
  readonly damage: string | undefined;
  /** False: a vote may be lost with the damage; this member must come back under a new id. */
  readonly hardStateIntact: boolean;
  /** The state beside this log is to be set aside, and then `startedOver` called. */
  readonly startsOver: boolean;
  /** Length of the torn tail that was cut. */
  readonly cutBytes: number;
}

export interface LogStore {
  /** Durable as a whole when it resolves. */
  append(write: LogWrite): Promise<void>;
  /** Entries at and before the base may go. */
  trim(base: SnapshotMeta): Promise<void>;
  /** A snapshot was installed: the log restarts behind it, or goes on if it holds the base's entry. */
  reset(base: SnapshotMeta, checkpoint: string): Promise<void>;
  /** Found elsewhere that this member's state or log cannot be trusted: outlives restarts. */
  quarantine(reason: string, options: QuarantineOptions): Promise<void>;
  /** The state was set aside too: what comes now is to be kept by the next opening. */
  startedOver(): Promise<void>;
  /** What was lost has been refetched: this member may vote again. */
  liftQuarantine(): Promise<void>;
  readonly sizeBytes: number;
  /** Files that it is kept in. */
  readonly segmentCount: number;
  close(): Promise<void>;
}

export interface QuarantineOptions {
  readonly hardStateIntact: boolean;
  /** The next opening sets log and state aside and begins empty ones. Otherwise they are kept. */
  readonly startsOver?: boolean;
}

export interface IdleTimer {
  /** Answers how to cancel. */
  start(delayMs: number, callback: () => void): () => void;
}

export interface WalOptions {
  readonly clusterId: ClusterId;
  readonly memberId: MemberId;
  readonly founders: Configuration;
  /** Must not be guessable by clients: frames are sealed with a seed drawn from it. */
  readonly random: Random;
  /** Without it no mark is written when the log goes idle. */
  readonly timer?: IdleTimer;
  readonly clock?: Pick<Clock, 'monotonicMs'>;
  readonly onSync?: (ms: number) => void;
  readonly segmentBytes?: number;
  readonly allocateBytes?: number;
}

/** An empty frame, some time after the last one: says that the last one was durable. */
const IDLE_MARK_MS = 50;

export async function openWal(
  disk: Disk,
  options: WalOptions,
): Promise<{ readonly log: LogStore; readonly recovered: RecoveredLog }> {
  const { clusterId, memberId, founders, random } = options;
  const allocateBytes = options.allocateBytes ?? ALLOCATE_BYTES_MAX;
  const owner = { clusterId, memberId };
  const found = await recoverLog(disk, { owner, founders, random, allocateBytes });
  const log = new Wal(disk, options, found);
  await log.begin();
  const { base, checkpoint } = found.extent.position;
  const recovered = {
    hardState: found.hardState,
    base,
    checkpoint,
    runs: found.runs,
    damage: found.quarantine?.reason,
    hardStateIntact: found.quarantine?.hardStateIntact ?? true,
    startsOver: found.quarantine?.startsOver ?? false,
    cutBytes: found.cutBytes,
  };
  return { log, recovered };
}

class Wal implements LogStore {
  readonly #disk: Disk;
  readonly #options: WalOptions;
  readonly #extent: LogExtent;
  readonly #closed: ClosedSegment[];
  readonly #writers = new WriterPool();
  readonly #waiting: Batch[] = [];
  #current: SegmentWriter;
  #hardState: HardState;
  #flushing: Promise<void> | undefined;
  #failure: Error | undefined;
  #isMarked = false;
  #isClosed = false;
  #cancelMark: (() => void) | undefined;

  constructor(disk: Disk, options: WalOptions, found: Recovery) {
    this.#disk = disk;
    this.#options = options;
    this.#extent = found.extent;
    this.#closed = found.closed;
    this.#current = found.current;
    this.#hardState = found.hardState;
  }

  /** Marks what was found as durable, and finishes a trim that a crash cut short. */
  async begin(): Promise<void> {
    await this.#mark();
    await this.#dropSegments(this.#extent.position.base.index);
  }

  get sizeBytes(): number {
    return this.#closed.reduce((sum, segment) => sum + segment.bytes, this.#current.end);
  }

  get segmentCount(): number {
    return this.#closed.length + 1;
  }

  append(write: LogWrite): Promise<void> {
    const operations: Operation[] = [];
    if (write.truncateFrom !== undefined) {
      operations.push({ type: 'truncate', from: write.truncateFrom });
    }
    for (const run of write.runs) operations.push({ type: 'run', run });
    return this.#enqueue(operations, write.hardState);
  }

  async trim(base: SnapshotMeta): Promise<void> {
    await this.#enqueue([{ type: 'trim', base }]);
    await this.#dropSegments(base.index);
  }

  async reset(base: SnapshotMeta, checkpoint: string): Promise<void> {
    const keep = this.#extent.holds(base);
    await this.#enqueue([{ type: 'reset', base, checkpoint, keep }]);
    await this.#dropSegments(base.index);
  }

  quarantine(reason: string, options: QuarantineOptions): Promise<void> {
    const { hardStateIntact, startsOver = false } = options;
    const kept = this.#closed[0]?.number ?? this.#current.number;
    const firstSegment = startsOver ? this.#current.number + 1 : kept;
    const hardState = this.#hardState;
    const record = { reason, hardState, hardStateIntact, firstSegment, startsOver };
    return writeQuarantine(this.#disk, record);
  }

  async startedOver(): Promise<void> {
    const record = await readQuarantine(this.#disk, this.#current.number + 1);
    assert(record !== undefined, 'starting over is part of a quarantine');
    await writeQuarantine(this.#disk, { ...record, startsOver: false });
  }

  liftQuarantine(): Promise<void> {
    return removeQuarantine(this.#disk);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelMark?.();
    await this.#flushing;
    try {
      if (this.#failure === undefined && !this.#isMarked) await this.#mark();
    } finally {
      await this.#current.close();
    }
  }

  #enqueue(operations: readonly Operation[], hardState?: HardState): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#isClosed) return Promise.reject(new Error('the log is closed'));
    const batch = this.#openBatch();
    batch.isMark = false;
    for (const operation of operations) this.#add(batch, operation);
    if (hardState !== undefined) this.#hardState = batch.hardState = hardState;
    this.#flushing ??= this.#flush();
    return batch.done;
  }

  #add(batch: Batch, operation: Operation): void {
    const problem = this.#extent.apply(operation);
    assert(problem === undefined, `the log cannot take this: ${problem}`);
    writeOperation(operation, batch.writer);
    if (operation.type === 'reset') batch.resetTo = this.#extent.position;
  }

  #openBatch(): Batch {
    const last = this.#waiting.at(-1);
    if (last !== undefined && !last.isFull) return last;
    const batch = new Batch(this.#writers.take(), this.#extent.position, this.#hardState);
    this.#waiting.push(batch);
    return batch;
  }

  async #flush(): Promise<void> {
    this.#cancelMark?.();
    try {
      for (let batch = this.#waiting.shift(); batch !== undefined; batch = this.#waiting.shift()) {
        await this.#write(batch);
      }
      this.#flushing = undefined;
      this.#planMark();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  async #write(batch: Batch): Promise<void> {
    try {
      await this.#makeRoom(batch);
      const startedMs = this.#options.clock?.monotonicMs() ?? 0;
      await this.#current.append(batch.writer, batch.hardState);
      if (this.#options.clock) {
        this.#options.onSync?.(this.#options.clock.monotonicMs() - startedMs);
      }
      this.#isMarked = batch.isMark;
      if (batch.resetTo !== undefined) await this.#rotate(batch.resetTo, batch.hardState);
    } catch (error) {
      batch.reject(error as Error);
      throw error;
    }
    this.#writers.give(batch.writer);
    batch.resolve();
  }

  async #makeRoom(batch: Batch): Promise<void> {
    const end = this.#current.end + batch.writer.length;
    if (end <= (this.#options.segmentBytes ?? LOG_SEGMENT_BYTES)) return;
    await this.#rotate(batch.before, batch.hardStateBefore);
  }

  /** The next segment is durable before this one is sealed: a seal with nothing behind it is damage. */
  async #rotate(position: LogPosition, hardState: HardState): Promise<void> {
    const old = this.#current;
    const { clusterId, memberId, random } = this.#options;
    const begin = {
      owner: { clusterId, memberId },
      number: old.number + 1,
      seed: random.below(2 ** 32),
      position,
      previous: old.previous,
      hardState,
    };
    const allocateBytes = this.#options.allocateBytes ?? ALLOCATE_BYTES_MAX;
    const next = await createSegment(this.#disk, begin, allocateBytes);
    const writer = new ByteWriter();
    beginFrame(writer);
    writeOperation({ type: 'seal' }, writer);
    await old.append(writer, hardState);
    await old.close();
    this.#closed.push({ number: old.number, bytes: old.end, lastIndex: position.lastIndex });
    this.#current = next;
  }

  /** Oldest first; what a crash leaves behind is dropped at the next start. */
  async #dropSegments(baseIndex: Index): Promise<void> {
    let count = 0;
    while (count < this.#closed.length && this.#closed[count]!.lastIndex <= baseIndex) count++;
    const dropped = this.#closed.splice(0, count);
    if (dropped.length === 0) return;
    try {
      for (const { number } of dropped) await this.#disk.remove(segmentName(number));
      await this.#disk.syncDirectory();
    } catch (error) {
      this.#fail(error as Error);
      throw error;
    }
  }

  #planMark(): void {
    if (this.#isMarked || this.#isClosed) return;
    this.#cancelMark = this.#options.timer?.start(IDLE_MARK_MS, () => {
      if (this.#flushing === undefined && !this.#isMarked) this.#mark().catch(() => {});
    });
  }

  async #mark(): Promise<void> {
    const batch = this.#openBatch();
    this.#flushing ??= this.#flush();
    await batch.done;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const batch of this.#waiting.splice(0)) batch.reject(this.#failure);
  }
}
