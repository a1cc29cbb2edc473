/**
 * Reads protobuf with numbers for 64-bit fields, and strictly: no number above 2^53 − 1, no string that
 * reaches past its message, no invalid UTF-8. Own class rather than configuration, because protobufjs
 * configuration is shared with everything else in the process.
 */
import { isUtf8 } from 'node:buffer';
import protobuf from 'protobufjs';

const REPLACEMENT = '�';

export class NumberReader extends protobuf.BufferReader {
  override string(): string {
    const start = this.pos + 0;
    const length = this.uint32();
    const from = this.pos;
    const end = from + length;
    if (end > this.len) throw new RangeError(`string at ${start} reaches past its message`);
    this.pos = end;
    const bytes = this.buf as Buffer;
    const text = bytes.toString('utf8', from, end);
    if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(from, end))) {
      throw new RangeError(`string at ${start} is not UTF-8`);
    }
    return text;
  }
}

/** Up to eight bytes: all that a number below 2^53 can need. */
function readUnsigned(this: protobuf.Reader): number {
  const { buf, len } = this;
  let value = 0;
  let scale = 1;
  for (let count = 0; count < 8; count++) {
    if (this.pos >= len) throw new RangeError('number reaches past its message');
    const byte = buf[this.pos++]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return safe(value);
    scale *= 128;
  }
  throw new RangeError('number above 2^53 − 1');
}

function safe(value: number): number {
  if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('number above 2^53 − 1');
  return value;
}

function refuse(): never {
  throw new RangeError('only unsigned varints are used for 64-bit numbers');
}

// protobufjs declares these as returning Long objects, which is what they must not do here.
Object.assign(NumberReader.prototype, {
  uint64: readUnsigned,
  int64: refuse,
  sint64: refuse,
  fixed64: refuse,
  sfixed64: refuse,
});
