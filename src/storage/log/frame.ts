/**
 * A frame: what one write and one sync bring to the log. It starts on a sector of its own, so that a torn
 * write never touches an older frame, and carries the checksum of the frame before it and the hard state,
 * so that every valid frame says two things: all before it is durable, and this was the vote.
 * Invariant: no sector of a written frame is all zeros; zeros are what was never written.
 */
import { crc32 } from 'node:zlib';
import type { ByteWriter } from '../../codec/cursor.js';
import { assert } from '../../types/assert.js';
import { asIndex, asMemberId, asTerm } from '../../types/ids.js';
import type { HardState } from '../../types/log.js';

/** What a device writes as a whole, at the least. */
export const SECTOR_BYTES = 512;
export const FRAME_HEADER_BYTES = 84;

const MAGIC = 0x464c4352;
/** Offsets in the header; the checksum covers what stands behind it. */
const AT = {
  magic: 0,
  checksum: 4,
  payloadChecksum: 8,
  previous: 12,
  payloadBytes: 16,
  mask: 20,
  number: 24,
  term: 32,
  commitIndex: 40,
  voteBytes: 48,
  vote: 52,
} as const;
const VOTE_BYTES_MAX = FRAME_HEADER_BYTES - AT.vote;
const ZEROS = new Uint8Array(SECTOR_BYTES);
const TEXT_ENCODER = new TextEncoder();
const TEXT_DECODER = new TextDecoder();

/** Where a frame stands. `seed` is drawn from its segment: no client can forge a frame inside its data. */
export interface FramePlace {
  readonly seed: number;
  /** Checksum of the frame before. */
  readonly previous: number;
  /** Position in the segment; 0 is the preamble. */
  readonly number: number;
}

export interface FrameHeader {
  readonly checksum: number;
  readonly payloadChecksum: number;
  readonly previous: number;
  readonly payloadBytes: number;
  readonly mask: number;
  readonly number: number;
  readonly hardState: HardState;
}

/** `short`: the file ends inside the header. `bad`: something else stands here. */
export type ReadHeader = FrameHeader | 'fill' | 'short' | 'bad';

/** Bytes on disk, up to the next sector. */
export function frameBytes(payloadBytes: number): number {
  return Math.ceil((FRAME_HEADER_BYTES + payloadBytes) / SECTOR_BYTES) * SECTOR_BYTES;
}

/** Leaves room for the header; the payload is written next. */
export function beginFrame(writer: ByteWriter): void {
  writer.clear();
  writer.raw(ZEROS.subarray(0, FRAME_HEADER_BYTES));
}

/** The whole frame, a view on the writer's memory, and its checksum, which the next frame names. */
export function finishFrame(
  writer: ByteWriter,
  place: FramePlace,
  hardState: HardState,
): { readonly bytes: Uint8Array; readonly checksum: number } {
  const payloadBytes = writer.length - FRAME_HEADER_BYTES;
  writer.raw(ZEROS.subarray(0, frameBytes(payloadBytes) - writer.length));
  const bytes = writer.finish();
  const payload = bytes.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + payloadBytes);
  const mask = maskPayload(bytes, payload, place.seed);
  const view = viewOf(bytes);
  view.setUint32(AT.magic, MAGIC, true);
  view.setUint32(AT.payloadChecksum, crc32(payload, place.seed), true);
  view.setUint32(AT.previous, place.previous, true);
  view.setUint32(AT.payloadBytes, payloadBytes, true);
  view.setUint32(AT.mask, mask, true);
  view.setFloat64(AT.number, place.number, true);
  writeHardState(view, bytes, hardState);
  const checksum = headerChecksum(bytes, 0, place.seed);
  view.setUint32(AT.checksum, checksum, true);
  return { bytes, checksum };
}

export function readHeader(bytes: Uint8Array, offset: number, seed: number): ReadHeader {
  if (isFill(bytes, offset, offset + SECTOR_BYTES)) return 'fill';
  if (bytes.length - offset < SECTOR_BYTES) return 'short';
  const view = viewOf(bytes, offset);
  if (view.getUint32(AT.magic, true) !== MAGIC) return 'bad';
  const checksum = view.getUint32(AT.checksum, true);
  if (checksum !== headerChecksum(bytes, offset, seed)) return 'bad';
  return {
    checksum,
    payloadChecksum: view.getUint32(AT.payloadChecksum, true),
    previous: view.getUint32(AT.previous, true),
    payloadBytes: view.getUint32(AT.payloadBytes, true),
    mask: view.getUint32(AT.mask, true),
    number: view.getFloat64(AT.number, true),
    hardState: readHardState(view, bytes, offset),
  };
}

/** The payload as it was given; `undefined` when it is not what was written. A view where possible. */
export function readPayload(
  bytes: Uint8Array,
  frame: { readonly offset: number; readonly header: FrameHeader },
  seed: number,
): Uint8Array | undefined {
  const start = frame.offset + FRAME_HEADER_BYTES;
  const { payloadBytes, mask, payloadChecksum } = frame.header;
  const stored = bytes.subarray(start, start + payloadBytes);
  if (stored.length < payloadBytes || crc32(stored, seed) !== payloadChecksum) return undefined;
  if (mask === 0) return stored;
  const payload = stored.slice();
  applyMask(payload, mask);
  return payload;
}

/** Zeros, as far as the bytes reach. */
export function isFill(bytes: Uint8Array, start: number, end: number): boolean {
  const stop = Math.min(end, bytes.length);
  for (let i = start; i < stop; i++) if (bytes[i] !== 0) return false;
  return true;
}

export function hasFillSector(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += SECTOR_BYTES) {
    if (isFill(bytes, at, Math.min(end, at + SECTOR_BYTES))) return true;
  }
  return false;
}

/** Nearly always 0: only data with a whole sector of zeros is changed. The tail of the last sector counts. */
function maskPayload(frame: Uint8Array, payload: Uint8Array, seed: number): number {
  if (!hasFillSector(frame, SECTOR_BYTES, frame.length)) return 0;
  for (let mask = seed | 1; ; mask = (mask + 2) | 1) {
    applyMask(payload, mask);
    if (!hasFillSector(frame, SECTOR_BYTES, frame.length)) return mask >>> 0;
    applyMask(payload, mask);
  }
}

/** Its own inverse: bytes xor Marsaglia's xorshift32, four at a step. */
function applyMask(payload: Uint8Array, mask: number): void {
  let state = mask | 0;
  for (let i = 0; i < payload.length; i++) {
    if ((i & 3) === 0) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
    }
    payload[i] = payload[i]! ^ ((state >>> ((i & 3) * 8)) & 0xff);
  }
}

function headerChecksum(bytes: Uint8Array, offset: number, seed: number): number {
  const start = offset + AT.payloadChecksum;
  return crc32(bytes.subarray(start, offset + FRAME_HEADER_BYTES), seed);
}

function writeHardState(view: DataView, bytes: Uint8Array, hardState: HardState): void {
  const vote = TEXT_ENCODER.encode(hardState.votedFor ?? '');
  assert(vote.length <= VOTE_BYTES_MAX, 'member id too long for the log');
  view.setFloat64(AT.term, hardState.term, true);
  view.setFloat64(AT.commitIndex, hardState.commitIndex, true);
  view.setUint32(AT.voteBytes, vote.length, true);
  bytes.set(vote, AT.vote);
}

function readHardState(view: DataView, bytes: Uint8Array, offset: number): HardState {
  const length = Math.min(view.getUint32(AT.voteBytes, true), VOTE_BYTES_MAX);
  const vote = TEXT_DECODER.decode(bytes.subarray(offset + AT.vote, offset + AT.vote + length));
  return {
    term: asTerm(view.getFloat64(AT.term, true)),
    votedFor: vote === '' ? undefined : asMemberId(vote),
    commitIndex: asIndex(view.getFloat64(AT.commitIndex, true)),
  };
}

function viewOf(bytes: Uint8Array, offset = 0): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + offset, bytes.byteLength - offset);
}
