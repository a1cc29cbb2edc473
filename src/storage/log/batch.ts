/**
 * The writes that will share one frame, encoded as they come, and the one promise that all of them wait
 * for. It remembers where the log stood before it, since a new segment may have to begin there.
 */
import { ByteWriter } from '../../codec/cursor.js';
import { LOG_FRAME_BYTES_MAX } from '../../types/limits.js';
import type { HardState } from '../../types/log.js';
import { beginFrame } from './frame.js';
import type { LogPosition } from './operation.js';

const WRITER_BYTES = 64 * 1024;
/** One is filled while the other is written. */
const SPARE_WRITERS_MAX = 2;

export class Batch {
  readonly writer: ByteWriter;
  /** Where the log stood before it. */
  readonly before: LogPosition;
  readonly hardStateBefore: HardState;
  hardState: HardState;
  /** It says nothing but that all before it is durable. */
  isMark = true;
  /** It ends with a reset; the next segment begins from here. */
  resetTo: LogPosition | undefined;
  readonly done: Promise<void>;
  resolve!: () => void;
  reject!: (error: Error) => void;

  constructor(writer: ByteWriter, before: LogPosition, hardState: HardState) {
    this.writer = writer;
    this.before = before;
    this.hardState = hardState;
    this.hardStateBefore = hardState;
    beginFrame(writer);
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever waits sees the failure; a mark has nobody who waits.
    this.done.catch(() => {});
  }

  get isFull(): boolean {
    return this.resetTo !== undefined || this.writer.length >= LOG_FRAME_BYTES_MAX;
  }
}

/** Memory of frames, used again; that of a rare large frame is let go. */
export class WriterPool {
  readonly #spare: ByteWriter[] = [];

  take(): ByteWriter {
    return this.#spare.pop() ?? new ByteWriter(WRITER_BYTES);
  }

  give(writer: ByteWriter): void {
    if (this.#spare.length >= SPARE_WRITERS_MAX || writer.length > LOG_FRAME_BYTES_MAX) return;
    this.#spare.push(writer);
  }
}
