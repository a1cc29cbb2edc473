/**
 * A growing byte writer and a bounded byte reader, shared by all codecs. Integers are LEB128 varints up to
 * 2^53 - 1, blocks and texts carry their length first. The reader never reads past its end and never
 * allocates more than its input justifies: whatever does not fit throws `DecodeError`, which `decodeWith`
 * turns into `undefined`. Views that the reader returns share the input's memory.
 */
import { assert } from '../types/assert.js';

/** Thrown by `ByteReader` and the `read…` functions on bad input; never leaves `codec` unless a reader is used bare. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

const UTF8_ENCODER = new TextEncoder();
/** `ignoreBOM` keeps a leading U+FEFF, so that text survives a round trip byte for byte. */
const UTF8_DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Below this length a loop over characters beats the call into the engine's encoder. */
const SHORT_TEXT = 32;
const TWO_32 = 0x1_0000_0000;

export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written so far: a view, valid until the next write or `clear`. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets what was written and keeps the memory; earlier views are overwritten by what comes next. */
  clear(): void {
    this.#length = 0;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    const bytes = this.#bytes;
    bytes[this.#length++] = value;
    bytes[this.#length++] = value >>> 8;
    bytes[this.#length++] = value >>> 16;
    bytes[this.#length++] = value >>> 24;
  }

  f64(value: number): void {
    this.#reserve(8);
    viewOf(this.#bytes).setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  bool(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  /** An integer in [0, 2^53). */
  varint(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'varint outside [0, 2^53)');
    this.#reserve(8);
    let rest = value;
    while (rest >= TWO_32) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  /** The bytes alone; the reader must know how many. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Length, then the bytes. */
  block(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** Length in bytes, then UTF-8. The caller has refused lone surrogates. */
  text(text: string): void {
    if (text.length > SHORT_TEXT || !this.#asciiText(text)) this.block(UTF8_ENCODER.encode(text));
  }

  /** UTF-8 alone; the reader must know how many bytes. */
  rawText(text: string): void {
    if (text.length > SHORT_TEXT || !this.#asciiAt(text, 0)) this.raw(UTF8_ENCODER.encode(text));
  }

  #asciiText(text: string): boolean {
    this.#reserve(1 + text.length);
    this.#bytes[this.#length] = text.length;
    return this.#asciiAt(text, 1);
  }

  /** Advances over `skip` bytes that are already set and the text, unless it is not all ASCII. */
  #asciiAt(text: string, skip: number): boolean {
    this.#reserve(skip + text.length);
    const start = this.#length + skip;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      this.#bytes[start + i] = code;
    }
    this.#length = start + text.length;
    return true;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.finish());
    this.#bytes = grown;
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  #offset: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    assert(start >= 0 && start <= end && end <= bytes.length, 'reader bounds outside its bytes');
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = end;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#end - this.#offset;
  }

  fail(reason: string): never {
    throw new DecodeError(reason);
  }

  /** Refuses trailing bytes. */
  expectEnd(): void {
    if (this.#offset !== this.#end) this.fail('trailing bytes');
  }

  u8(): number {
    return this.#bytes[this.#advance(1)]!;
  }

  u32(): number {
    const at = this.#advance(4);
    const bytes = this.#bytes;
    const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    return (low | (bytes[at + 3]! << 24)) >>> 0;
  }

  f64(): number {
    return viewOf(this.#bytes).getFloat64(this.#advance(8), true);
  }

  /** Exactly 0 or 1: a value has one encoding only. */
  bool(): boolean {
    const value = this.u8();
    if (value > 1) this.fail('boolean neither 0 nor 1');
    return value === 1;
  }

  /** An integer in [0, 2^53), in its shortest encoding. */
  varint(): number {
    const first = this.u8();
    return first < 0x80 ? first : this.#longVarint(first & 0x7f);
  }

  #longVarint(low: number): number {
    let value = low;
    for (let scale = 128; scale <= 2 ** 49; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte >= 0x80) continue;
      if (byte === 0) this.fail('varint with a needless byte');
      if (value > Number.MAX_SAFE_INTEGER) break;
      return value;
    }
    return this.fail('varint above 2^53 - 1');
  }

  /** A number of things that take at least `bytesEach` bytes each: bounded by what is left. */
  count(bytesEach = 1): number {
    const value = this.varint();
    if (value * bytesEach > this.remaining) this.fail('count exceeds the input');
    return value;
  }

  /** A view on the next `length` bytes. */
  raw(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** A view on a block, at most `bytesMax` long. */
  block(bytesMax = Number.MAX_SAFE_INTEGER): Uint8Array {
    const length = this.varint();
    if (length > bytesMax) this.fail('block too long');
    return this.raw(length);
  }

  /** Strict UTF-8: overlong forms, surrogates and cut sequences are refused. */
  text(bytesMax = Number.MAX_SAFE_INTEGER): string {
    return this.#decodeText(this.block(bytesMax));
  }

  /** The next `length` bytes as strict UTF-8. */
  rawText(length: number): string {
    return this.#decodeText(this.raw(length));
  }

  #decodeText(bytes: Uint8Array): string {
    if (bytes.length <= SHORT_TEXT) {
      const short = maybeAscii(bytes);
      if (short !== undefined) return short;
    }
    try {
      return UTF8_DECODER.decode(bytes);
    } catch {
      return this.fail('text is not UTF-8');
    }
  }

  #advance(length: number): number {
    const start = this.#offset;
    if (length > this.#end - start) this.fail('input ends too early');
    this.#offset = start + length;
    return start;
  }
}

/** Made when needed: few values have a fixed width, and a view costs more than a small message. */
function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function maybeAscii(bytes: Uint8Array): string | undefined {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes[i]!;
    if (code >= 0x80) return undefined;
    text += String.fromCharCode(code);
  }
  return text;
}

/** Runs one `read…` function over all of `bytes`; `undefined` when they are not exactly one such value. */
export function decodeWith<T>(bytes: Uint8Array, read: (reader: ByteReader) => T): T | undefined {
  return tryRead(new ByteReader(bytes), (reader) => {
    const value = read(reader);
    reader.expectEnd();
    return value;
  });
}

/** Runs one `read…` function; `undefined` on bad input, with the reader left somewhere inside it. */
export function tryRead<T>(reader: ByteReader, read: (reader: ByteReader) => T): T | undefined {
  try {
    return read(reader);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
