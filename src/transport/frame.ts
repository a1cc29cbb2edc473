/**
 * Frames of the peer stream: the protobuf message `Frame { bytes bytes = 1; }`, written and read by hand so
 * that entry bytes are not copied through a protobuf codec. Inside, one byte of kind, the payload and a CRC32
 * of both: TCP's own sum misses what memory and middleboxes do, and a follower must not apply a byte that the
 * leader never sent. A payload too long for one frame travels as pieces, between which whole frames may pass.
 */
import { crc32 } from 'node:zlib';
import { PEER_FRAME_BYTES_MAX } from '../types/limits.js';

const KINDS = ['hello', 'messages', 'piece', 'lastPiece', 'ping', 'pong'] as const;

export type FrameKind = (typeof KINDS)[number];

export interface Frame {
  readonly kind: FrameKind;
  readonly payload: Uint8Array;
}

/** Field 1, length-delimited. */
const TAG = 0x0a;
const SUM_BYTES = 4;
const EMPTY = new Uint8Array(0);

export function encodeFrame(kind: FrameKind, parts: readonly Uint8Array[] = [EMPTY]): Buffer {
  let length = 1 + SUM_BYTES;
  for (const part of parts) length += part.length;
  const bytes = Buffer.allocUnsafe(1 + varintBytes(length) + length);
  const start = writeVarint(bytes, 1, length);
  let offset = start;
  bytes[0] = TAG;
  bytes[offset++] = KINDS.indexOf(kind);
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(start, offset)), offset);
  return bytes;
}

/** `undefined` when the bytes are not exactly one undamaged frame of a known kind. */
export function decodeFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes[0] !== TAG) return undefined;
  let length = 0;
  let offset = 1;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[offset++];
    if (byte === undefined || offset > 6) return undefined;
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  if (length <= SUM_BYTES || offset + length !== bytes.length) return undefined;
  const end = bytes.length - SUM_BYTES;
  const kind = KINDS[bytes[offset]!];
  if (kind === undefined || crc32(bytes.subarray(offset, end)) !== readSum(bytes, end))
    return undefined;
  return { kind, payload: bytes.subarray(offset + 1, end) };
}

function readSum(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + offset, SUM_BYTES).getUint32(0, true);
}

function varintBytes(value: number): number {
  let count = 1;
  for (let rest = value; rest >= 0x80; rest >>>= 7) count++;
  return count;
}

function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let offset = start;
  let rest = value;
  while (rest >= 0x80) {
    bytes[offset++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[offset++] = rest;
  return offset;
}

/** Puts pieces together. Invariant: what is held stays below PEER_FRAME_BYTES_MAX. */
export class PieceJoiner {
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  /** The whole payload once its last piece is here; `undefined` before; 'tooLong' ends the stream. */
  push(piece: Uint8Array, last: boolean): Uint8Array | 'tooLong' | undefined {
    this.#bytes += piece.length;
    if (this.#bytes > PEER_FRAME_BYTES_MAX) return 'tooLong';
    this.#pieces.push(piece);
    if (!last) return undefined;
    const whole = new Uint8Array(this.#bytes);
    let offset = 0;
    for (const part of this.#pieces) {
      whole.set(part, offset);
      offset += part.length;
    }
    this.#pieces = [];
    this.#bytes = 0;
    return whole;
  }
}
