/**
 * Reads one segment and says what it is: sound up to its end, torn there (a write that was never
 * acknowledged: the file is shorter than the frame, or a sector of it was never written), or damaged. Pure.
 * A frame that is wrong in any other way, or that has a valid frame behind it, is damage: each frame was
 * written only after the one before it was durable.
 */
import type { HardState } from '../../types/log.js';
import {
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameBytes,
  hasFillSector,
  isFill,
  readHeader,
  readPayload,
  SECTOR_BYTES,
} from './frame.js';
import { decodeOperations, type Operation, type Preamble } from './operation.js';
import { type LogOwner, PREAMBLE_SEED, type SegmentTail } from './segment.js';

export type Verdict =
  | { readonly type: 'sound' }
  | { readonly type: 'torn'; readonly cutBytes: number }
  | { readonly type: 'damaged'; readonly reason: string };

export interface Scan {
  /** Missing when not even the first frame is whole. */
  readonly preamble: Preamble | undefined;
  /** Checksum of the frame before the preamble, in the segment before. */
  readonly previous: number;
  readonly operations: readonly Operation[];
  readonly hardState: HardState | undefined;
  readonly sealed: boolean;
  /** Where the sound part ends; a seal is left out of `previous`, as it is no link of the chain. */
  readonly tail: SegmentTail;
  readonly lastFrame: { readonly offset: number; readonly bytes: number };
  readonly verdict: Verdict;
}

export interface ScanExpectation {
  readonly owner: LogOwner;
  readonly number: number;
}

export function scanSegment(bytes: Uint8Array, expected: ScanExpectation): Scan {
  return new Scanner(bytes, expected).scan();
}

/**
 * The newest hard state in a segment, damaged or not. `intact`: nothing was written behind it, so no
 * newer vote can be lost.
 */
export function salvageHardState(
  bytes: Uint8Array,
): { readonly hardState: HardState; readonly intact: boolean } | undefined {
  const seed = maybeSeed(bytes);
  if (seed === undefined) return undefined;
  let found: { hardState: HardState; intact: boolean } | undefined;
  for (let offset = 0; offset < bytes.length; offset += SECTOR_BYTES) {
    const header = readHeader(bytes, offset, offset === 0 ? PREAMBLE_SEED : seed);
    if (typeof header === 'object') found = { hardState: header.hardState, intact: true };
    else if (header !== 'fill' && found !== undefined) found.intact = false;
    if (typeof header === 'object') offset += frameBytes(header.payloadBytes) - SECTOR_BYTES;
  }
  return found;
}

function maybeSeed(bytes: Uint8Array): number | undefined {
  const header = readHeader(bytes, 0, PREAMBLE_SEED);
  if (typeof header !== 'object') return undefined;
  const payload = readPayload(bytes, { offset: 0, header }, PREAMBLE_SEED);
  const first = payload === undefined ? undefined : decodeOperations(payload)?.[0];
  return first?.type === 'preamble' ? first.preamble.seed : undefined;
}

class Scanner {
  readonly #bytes: Uint8Array;
  readonly #expected: ScanExpectation;
  readonly #operations: Operation[] = [];
  #preamble: Preamble | undefined;
  #hardState: HardState | undefined;
  #before = 0;
  #previous = 0;
  #frameNumber = 0;
  #offset = 0;
  #lastFrame = { offset: 0, bytes: 0 };
  #sealed = false;

  constructor(bytes: Uint8Array, expected: ScanExpectation) {
    this.#bytes = bytes;
    this.#expected = expected;
  }

  scan(): Scan {
    let verdict: Verdict | undefined;
    while (verdict === undefined) verdict = this.#readFrame();
    return {
      preamble: this.#preamble,
      previous: this.#before,
      operations: this.#operations,
      hardState: this.#hardState,
      sealed: this.#sealed,
      tail: this.#tail(),
      lastFrame: this.#lastFrame,
      verdict,
    };
  }

  get #seed(): number {
    return this.#preamble?.seed ?? PREAMBLE_SEED;
  }

  #tail(): SegmentTail {
    return {
      number: this.#expected.number,
      seed: this.#seed,
      previous: this.#previous,
      frameNumber: this.#frameNumber,
      end: this.#offset,
      fileBytes: this.#bytes.length,
    };
  }

  /** `undefined` when there was a good frame. */
  #readFrame(): Verdict | undefined {
    const header = readHeader(this.#bytes, this.#offset, this.#seed);
    if (header === 'fill') return this.#judgeEnd();
    if (header === 'short') return this.#torn();
    if (header === 'bad') return damaged(`no frame at ${this.#offset}`);
    const payload = readPayload(this.#bytes, { offset: this.#offset, header }, this.#seed);
    if (payload === undefined) return this.#judgePayload(header);
    return this.#takeFrame(header, payload);
  }

  #takeFrame(header: FrameHeader, payload: Uint8Array): Verdict | undefined {
    const operations = decodeOperations(payload);
    if (operations === undefined) return damaged(`unreadable frame at ${this.#offset}`);
    const problem = this.#checkPlace(header, operations);
    if (problem !== undefined) return damaged(`${problem} at ${this.#offset}`);
    if (operations[0]?.type === 'seal') this.#sealed = true;
    else this.#previous = header.checksum;
    this.#operations.push(...operations);
    this.#hardState = header.hardState;
    this.#frameNumber++;
    this.#lastFrame = { offset: this.#offset, bytes: frameBytes(header.payloadBytes) };
    this.#offset += this.#lastFrame.bytes;
    return undefined;
  }

  #checkPlace(header: FrameHeader, operations: readonly Operation[]): string | undefined {
    if (this.#sealed) return 'frame behind the seal';
    if (header.number !== this.#frameNumber) return `frame ${header.number} out of order`;
    if (this.#frameNumber === 0) return this.#takePreamble(header, operations[0]);
    if (header.previous !== this.#previous) return 'frame does not continue the one before';
    return undefined;
  }

  #takePreamble(header: FrameHeader, first: Operation | undefined): string | undefined {
    if (first?.type !== 'preamble') return 'segment without preamble';
    const { preamble } = first;
    const { owner, number } = this.#expected;
    if (preamble.clusterId !== owner.clusterId) return 'segment of another cluster';
    if (preamble.memberId !== owner.memberId) return 'segment of another member';
    if (preamble.number !== number) return 'segment under a wrong name';
    this.#preamble = preamble;
    this.#before = header.previous;
    return undefined;
  }

  /** Nothing was written here, unless a frame behind says that something must have been. */
  #judgeEnd(): Verdict {
    if (this.#hasFrameFrom(this.#offset + SECTOR_BYTES)) {
      return damaged(`frame missing at ${this.#offset}`);
    }
    return isFill(this.#bytes, this.#offset, this.#bytes.length) ? { type: 'sound' } : this.#torn();
  }

  #judgePayload(header: FrameHeader): Verdict {
    const end = this.#offset + frameBytes(header.payloadBytes);
    if (this.#hasFrameFrom(end)) return damaged(`wrong checksum at ${this.#offset}`);
    const short = end > this.#bytes.length;
    if (short || hasFillSector(this.#bytes, this.#offset, end)) return this.#torn();
    return damaged(`wrong checksum at ${this.#offset}`);
  }

  #torn(): Verdict {
    return { type: 'torn', cutBytes: usedBytes(this.#bytes) - this.#offset };
  }

  #hasFrameFrom(start: number): boolean {
    if (this.#preamble === undefined) return false;
    for (let at = start; at + FRAME_HEADER_BYTES <= this.#bytes.length; at += SECTOR_BYTES) {
      const header = readHeader(this.#bytes, at, this.#seed);
      if (typeof header === 'object' && header.number > this.#frameNumber) return true;
    }
    return false;
  }
}

function damaged(reason: string): Verdict {
  return { type: 'damaged', reason };
}

function usedBytes(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}
