import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ByteReader,
  ByteWriter,
  decodeWith,
  ByteReader as Reader,
} from '../../src/codec/cursor.js';

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(1);
  write(writer);
  return writer.finish();
}

const readVarint = (reader: ByteReader) => reader.varint();
const readText = (reader: ByteReader) => reader.text();

describe('the byte cursor', () => {
  it('carries every integer below 2^53 through a varint', () => {
    const edges = Array.from({ length: 53 }, (_, i) => [2 ** i - 1, 2 ** i, 2 ** i + 1]).flat();
    for (const value of [...edges, Number.MAX_SAFE_INTEGER]) {
      expect(
        decodeWith(
          written((w) => w.varint(value)),
          readVarint,
        ),
      ).toBe(value);
    }
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(
          decodeWith(
            written((w) => w.varint(value)),
            readVarint,
          ),
        ).toBe(value);
      }),
    );
  });

  it.each([
    ['cut', [0x80]],
    ['with a needless byte', [0x80, 0x00]],
    ['of 2^53', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['without an end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])('refuses a varint %s', (_, bytes) => {
    expect(decodeWith(Uint8Array.from(bytes), readVarint)).toBeUndefined();
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('does not write %d as a varint', (value) => {
    expect(() => written((w) => w.varint(value))).toThrow();
  });

  it('carries text of any kind and length, a leading BOM included', () => {
    const anyText = fc.string({ unit: 'grapheme', maxLength: 100 });
    fc.assert(
      fc.property(anyText, (text) => {
        expect(
          decodeWith(
            written((w) => w.text(text)),
            readText,
          ),
        ).toBe(text);
      }),
    );
    expect(
      decodeWith(
        written((w) => w.text('\ufeffx')),
        readText,
      ),
    ).toBe('\ufeffx');
    expect(
      decodeWith(
        written((w) => w.text('é'.repeat(32))),
        readText,
      ),
    ).toBe('é'.repeat(32));
  });

  it.each([
    ['overlong', [0xc0, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['cut', [0xe2, 0x82]],
    ['a stray continuation', [0x80]],
  ])('refuses text that is %s', (_, bytes) => {
    expect(decodeWith(Uint8Array.from([bytes.length, ...bytes]), readText)).toBeUndefined();
  });

  it('carries fixed-width numbers, booleans and blocks', () => {
    const bytes = written((w) => {
      w.u8(200);
      w.u32(0xfffffffe);
      w.f64(-0.25);
      w.bool(true);
      w.block(Uint8Array.of(1, 2, 3));
    });
    const values = decodeWith(bytes, (r) => [r.u8(), r.u32(), r.f64(), r.bool(), [...r.block()]]);
    expect(values).toEqual([200, 0xfffffffe, -0.25, true, [1, 2, 3]]);
  });

  it('refuses a boolean that is neither 0 nor 1', () => {
    expect(decodeWith(Uint8Array.of(2), (r) => r.bool())).toBeUndefined();
  });

  it('refuses counts and blocks larger than what is left, or than the caller allows', () => {
    expect(decodeWith(Uint8Array.of(5, 0, 0), (r) => r.count())).toBeUndefined();
    expect(decodeWith(Uint8Array.of(5, 0, 0), (r) => r.block())).toBeUndefined();
    expect(decodeWith(Uint8Array.of(2, 0, 0), (r) => r.block(1))).toBeUndefined();
  });

  it('stays within the bounds it was given', () => {
    const reader = new Reader(Uint8Array.of(1, 2, 3, 4), 1, 3);
    expect([reader.u8(), reader.u8()]).toEqual([2, 3]);
    expect(() => reader.u8()).toThrow();
  });

  it('lets errors that are not about the input through', () => {
    const boom = () => {
      throw new TypeError('bug');
    };
    expect(() => decodeWith(new Uint8Array(), boom)).toThrow(TypeError);
  });
});
