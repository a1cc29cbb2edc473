/**
 * One file of the log, written front to back and never again: a preamble, then frames. Space is claimed
 * ahead by writing zeros (so that most syncs change no metadata); zeros are *fill*, and so is whatever
 * lies behind the end of the file. Segments are numbered without gaps and never recycled.
 */
import { ByteWriter } from '../../codec/cursor.js';
import type { ClusterId, MemberId } from '../../types/ids.js';
import type { HardState } from '../../types/log.js';
import type { Disk, DiskFile } from '../../types/ports.js';
import { beginFrame, finishFrame } from './frame.js';
import { type LogPosition, type Preamble, writeOperation } from './operation.js';

/** Seals preambles, which bring the seed of all later frames. */
export const PREAMBLE_SEED = 0x726f6c6c;

export interface LogOwner {
  readonly clusterId: ClusterId;
  readonly memberId: MemberId;
}

export interface SegmentBegin {
  readonly owner: LogOwner;
  readonly number: number;
  readonly seed: number;
  readonly position: LogPosition;
  readonly previous: number;
  readonly hardState: HardState;
}

/** Where writing goes on in a segment. */
export interface SegmentTail {
  readonly number: number;
  readonly seed: number;
  /** Checksum of the last frame. */
  readonly previous: number;
  readonly frameNumber: number;
  readonly end: number;
  readonly fileBytes: number;
}

const NAME = /^log-([0-9a-f]{12})\.wal$/;
const ZEROS = new Uint8Array(1024 * 1024);
export const ALLOCATE_BYTES_MAX = ZEROS.length;

export function segmentName(number: number): string {
  return `log-${number.toString(16).padStart(12, '0')}.wal`;
}

export function parseSegmentName(name: string): number | undefined {
  const found = NAME.exec(name);
  return found === null ? undefined : Number.parseInt(found[1]!, 16);
}

export class SegmentWriter {
  readonly number: number;
  readonly #file: DiskFile;
  readonly #allocateBytes: number;
  readonly #seed: number;
  #previous: number;
  #frameNumber: number;
  #end: number;
  #fileBytes: number;

  constructor(file: DiskFile, tail: SegmentTail, allocateBytes: number) {
    this.#file = file;
    this.#allocateBytes = allocateBytes;
    this.number = tail.number;
    this.#seed = tail.seed;
    this.#previous = tail.previous;
    this.#frameNumber = tail.frameNumber;
    this.#end = tail.end;
    this.#fileBytes = tail.fileBytes;
  }

  get end(): number {
    return this.#end;
  }

  /** What the next segment names as the frame before it. */
  get previous(): number {
    return this.#previous;
  }

  /** One write and one sync. The writer holds a frame begun with `beginFrame`. */
  async append(writer: ByteWriter, hardState: HardState): Promise<void> {
    const { bytes, checksum } = this.#finish(writer, hardState);
    const end = this.#end + bytes.length;
    const parts = end > this.#fileBytes ? [bytes, this.#claim(end)] : [bytes];
    await this.#file.write(this.#end, parts);
    await this.#file.sync();
    this.#previous = checksum;
    this.#frameNumber++;
    this.#end = end;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #finish(writer: ByteWriter, hardState: HardState): ReturnType<typeof finishFrame> {
    const place = { seed: this.#seed, previous: this.#previous, number: this.#frameNumber };
    return finishFrame(writer, place, hardState);
  }

  #claim(end: number): Uint8Array {
    this.#fileBytes = Math.ceil(end / this.#allocateBytes) * this.#allocateBytes;
    return ZEROS.subarray(0, this.#fileBytes - end);
  }
}

/** A new segment, with its name durable: from here on it may hold what others rely on. */
export async function createSegment(
  disk: Disk,
  begin: SegmentBegin,
  allocateBytes: number,
): Promise<SegmentWriter> {
  const { owner, number, seed, position } = begin;
  const file = await disk.open(segmentName(number), 'create');
  const writer = new ByteWriter();
  beginFrame(writer);
  const preamble: Preamble = { ...owner, number, seed, position };
  writeOperation({ type: 'preamble', preamble }, writer);
  const place = { seed: PREAMBLE_SEED, previous: begin.previous, number: 0 };
  const { bytes, checksum } = finishFrame(writer, place, begin.hardState);
  await file.write(0, [bytes]);
  await file.sync();
  await disk.syncDirectory();
  const end = bytes.length;
  const tail = { number, seed, previous: checksum, frameNumber: 1, end, fileBytes: end };
  return new SegmentWriter(file, tail, allocateBytes);
}
