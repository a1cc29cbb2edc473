/**
 * Whether bytes are a message of a type before anything is built from them. The decoder of protobufjs goes by
 * field numbers alone: it would read a number's bytes as the length of a text, cut numbers to 32 bits, and
 * follow groups, which no sender of ours has. Strictness here is cheap: one pass, nothing allocated.
 */
import protobuf from 'protobufjs';

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH = 2;
const FIXED_32 = 5;
const UINT32_MAX = 0xffff_ffff;
/** Bytes of a number below 2^64. */
const VARINT_BYTES_MAX = 10;
/** The schema itself is half as deep. */
const DEPTH_MAX = 16;

interface Expected {
  /** Of the field, on its own. */
  readonly wireType: number;
  /** A repeated number may also come packed. */
  readonly isPackable: boolean;
  /** Of a number: 64 bits are for the reader to judge. */
  readonly is32Bits: boolean;
  /** Of a message or of a map's entries. */
  readonly message: Shape | undefined;
}

/** The fields of a message type by number. */
export type Shape = readonly (Expected | undefined)[];

const shapes = new WeakMap<protobuf.Type, Shape>();

export function shapeOf(type: protobuf.Type): Shape {
  const known = shapes.get(type);
  if (known !== undefined) return known;
  const shape: (Expected | undefined)[] = [];
  shapes.set(type, shape);
  for (const field of type.fieldsArray) shape[field.id] = expectedOf(field);
  return shape;
}

function expectedOf(field: protobuf.Field): Expected {
  if (field instanceof protobuf.MapField) {
    const key = scalar(field.keyType, false);
    return { ...NESTED, message: [undefined, key, { ...expectedValue(field), isPackable: false }] };
  }
  return expectedValue(field);
}

const NESTED = { wireType: LENGTH, isPackable: false, is32Bits: false };

function expectedValue(field: protobuf.Field): Expected {
  const { resolvedType } = field.resolve();
  if (resolvedType instanceof protobuf.Type) return { ...NESTED, message: shapeOf(resolvedType) };
  return scalar(resolvedType === null ? field.type : 'uint32', field.repeated);
}

function scalar(type: string, isRepeated: boolean): Expected {
  const wireType = (protobuf.types.basic as Record<string, number>)[type]!;
  const isVarint = wireType === VARINT;
  const is32Bits = isVarint && !(type in protobuf.types.long);
  return { wireType, isPackable: isVarint && isRepeated, is32Bits, message: undefined };
}

/** Throws RangeError on what is no message of that shape. */
export function checkWire(shape: Shape, bytes: Uint8Array): void {
  new WireCheck(bytes).message(shape, bytes.length, 0);
}

class WireCheck {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  message(shape: Shape, end: number, depth: number): void {
    if (depth > DEPTH_MAX) throw new RangeError('nested too deeply');
    while (this.#at < end) {
      const tag = this.#number32(end);
      const number = tag >>> 3;
      if (number === 0) throw new RangeError(`field 0 at ${this.#at}`);
      const expected = shape[number];
      const wireType = tag & 7;
      if (expected === undefined) this.#skip(wireType, end);
      else if (wireType === LENGTH) this.#block(expected, this.#blockEnd(end), depth);
      else if (wireType !== expected.wireType) this.#fail(number, wireType);
      else if (expected.is32Bits) this.#number32(end);
      else this.#skip(wireType, end);
    }
  }

  #block(expected: Expected, end: number, depth: number): void {
    if (expected.message !== undefined) this.message(expected.message, end, depth + 1);
    else if (expected.isPackable) while (this.#at < end) this.#packed(expected, end);
    else if (expected.wireType !== LENGTH) throw new RangeError('a number was sent as text');
    else this.#at = end;
  }

  #packed({ is32Bits }: Expected, end: number): void {
    if (is32Bits) this.#number32(end);
    else this.#skip(VARINT, end);
  }

  #skip(wireType: number, end: number): void {
    if (wireType === VARINT) this.#skipNumber(end);
    else if (wireType === LENGTH) this.#at = this.#blockEnd(end);
    else if (wireType === FIXED_64) this.#step(8, end);
    else if (wireType === FIXED_32) this.#step(4, end);
    else throw new RangeError(`wire type ${wireType} at ${this.#at}`);
  }

  #blockEnd(end: number): number {
    const length = this.#number32(end);
    if (this.#at + length > end)
      throw new RangeError(`a length of ${length} reaches past its message`);
    return this.#at + length;
  }

  #step(bytes: number, end: number): void {
    this.#at += bytes;
    if (this.#at > end) throw new RangeError('a number reaches past its message');
  }

  #number32(end: number): number {
    const first = this.#bytes[this.#at];
    if (first !== undefined && first < 0x80 && this.#at < end) {
      this.#at++;
      return first;
    }
    return this.#longNumber32(end);
  }

  #longNumber32(end: number): number {
    let value = 0;
    for (let scale = 1; this.#at < end; scale *= 128) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * scale;
      if (value > UINT32_MAX || scale > UINT32_MAX) throw new RangeError('number above 2^32 − 1');
      if (byte < 0x80) return value;
    }
    throw new RangeError('number reaches past its message');
  }

  #skipNumber(end: number): void {
    const start = this.#at;
    while (this.#at < end && this.#at - start < VARINT_BYTES_MAX)
      if (this.#bytes[this.#at++]! < 0x80) return;
    throw new RangeError('number reaches past its message');
  }

  #fail(number: number, wireType: number): never {
    throw new RangeError(`field ${number} came as wire type ${wireType}`);
  }
}
