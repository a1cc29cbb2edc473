/**
 * Writes protobuf messages straight into one growing buffer: for the few messages that make up nearly
 * all traffic, where building objects for a general encoder costs more than everything else. Fields
 * that have their default are left out. A tag is (field number << 3) | wire type, as in the spec.
 */
const CAPACITY = 4096;
/** A buffer that grew beyond this is not kept for the next message. */
const KEPT_BYTES_MAX = 1024 * 1024;
const TWO_31 = 0x8000_0000;
/** The longest varint of a number below 2^53, and its tag. */
const NUMBER_BYTES_MAX = 12;
const SHORT_TEXT = 32;

export class MessageWriter {
  #bytes = Buffer.allocUnsafe(CAPACITY);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was written since the last time, the caller's to keep. */
  take(): Buffer {
    const message = Buffer.allocUnsafe(this.#length);
    this.#bytes.copy(message, 0, 0, this.#length);
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = Buffer.allocUnsafe(CAPACITY);
    return message;
  }

  /** A number that is absent when it is 0. */
  uint(tag: number, value: number): void {
    if (value !== 0) this.present(tag, value);
  }

  /** A member of a oneof: written even when it is 0. */
  present(tag: number, value: number): void {
    this.#reserve(NUMBER_BYTES_MAX);
    this.#varint(tag);
    this.#varint(value);
  }

  text(tag: number, text: string): void {
    if (text.length === 0) return;
    if (text.length <= SHORT_TEXT && this.#ascii(tag, text)) return;
    this.block(tag, Buffer.from(text, 'utf8'));
  }

  bytes(tag: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.block(tag, bytes);
  }

  /** Bytes or an encoded message, written even when empty. */
  block(tag: number, bytes: Uint8Array): void {
    this.#reserve(NUMBER_BYTES_MAX + bytes.length);
    this.#varint(tag);
    this.#varint(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A nested message begins; `end` takes what this returns. */
  begin(tag: number): number {
    this.#reserve(NUMBER_BYTES_MAX);
    this.#varint(tag);
    return ++this.#length;
  }

  /** One byte was left for the length; a longer message is moved to make room. */
  end(start: number): void {
    const length = this.#length - start;
    if (length >= 0x80) this.#makeRoom(start, varintLength(length) - 1);
    const end = this.#length;
    this.#length = start - 1;
    this.#varint(length);
    this.#length = end;
  }

  #makeRoom(start: number, more: number): void {
    this.#reserve(more);
    this.#bytes.copyWithin(start + more, start, this.#length);
    this.#length += more;
  }

  /** False when the text is not all ASCII; then nothing was written. */
  #ascii(tag: number, text: string): boolean {
    this.#reserve(NUMBER_BYTES_MAX + text.length);
    const start = this.#length;
    this.#varint(tag);
    this.#bytes[this.#length++] = text.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x80) {
        this.#bytes[this.#length++] = code;
        continue;
      }
      this.#length = start;
      return false;
    }
    return true;
  }

  /** The caller has reserved the room. */
  #varint(value: number): void {
    let rest = value;
    while (rest >= TWO_31) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) length++;
  return length;
}
