import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Messages } from '../../src/gen/index.js';
import { codec, schema } from '../../src/rpc/definitions.js';
import { typesOf } from '../../src/rpc/schema.js';

const NAMES = typesOf(schema().root).map((type) => type.name as keyof Messages);

describe('decoding hostile bytes', () => {
  it('gives a message or an error, and never reads outside its bytes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...NAMES),
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ maxLength: 20 }),
        (name, bytes, behind) => {
          const joined = Buffer.concat([bytes, behind]);
          expect(outcome(name, joined.subarray(0, bytes.length))).toEqual(outcome(name, bytes));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('refuses every truncation of a message in the middle of a field', () => {
    const bytes = codec('Node').encode({ path: '/abc', data: Buffer.from('xyz') });
    const boundaries = new Set([0, 6, bytes.length]);
    for (let length = 0; length <= bytes.length; length++) {
      const decode = () => codec('Node').decode(bytes.subarray(0, length));
      if (boundaries.has(length)) expect(decode).not.toThrow();
      else expect(decode).toThrow();
    }
  });

  it('refuses strings that are not UTF-8, but takes a real replacement character', () => {
    const lone = Buffer.from([0x0a, 0x03, 0xed, 0xa0, 0x80]);
    const overlong = Buffer.from([0x0a, 0x02, 0xc0, 0xaf]);
    expect(() => codec('GetRequest').decode(lone)).toThrow('UTF-8');
    expect(() => codec('GetRequest').decode(overlong)).toThrow('UTF-8');
    const real = codec('GetRequest').encode({ path: '/�' });
    expect(codec('GetRequest').decode(real).path).toBe('/�');
  });

  it('refuses a string that reaches past its message into the next one', () => {
    const inner = Buffer.from([0x0a, 0x05, 0x61, 0x62]);
    const outer = Buffer.concat([Buffer.from([0x0a, inner.length]), inner, Buffer.from('cdefgh')]);
    expect(() => codec('GetResponse').decode(outer)).toThrow('past its message');
  });

  it('refuses a known field of another wire type instead of reading it as something else', () => {
    const decode = (name: keyof Messages, ...bytes: number[]) =>
      codec(name).decode(Uint8Array.from(bytes));
    // protobufjs alone would take the number for the length of a text: the path "/ab".
    expect(() => decode('GetRequest', 0x08, 3, 0x2f, 0x61, 0x62)).toThrow('wire type');
    expect(() => decode('GetRequest', 0x18, 0x00, 0x12, 0x00)).toThrow('number was sent as text');
    expect(() => decode('GetResponse', 0x08, 0x00)).toThrow('wire type');
    expect(() => decode('GetRequest', 0x00, 0x01)).toThrow('field 0');
    expect(decode('InstanceFilter', 0x1a, 2, 1, 2)).toMatchObject({ states: [1, 2] });
    expect(decode('InstanceFilter', 0x18, 1, 0x18, 2)).toMatchObject({ states: [1, 2] });
  });

  it('refuses what does not fit 32 bits instead of cutting it', () => {
    const version = (...number: number[]) =>
      codec('SetRequest').decode(Buffer.from([0x18, ...number]));
    expect(version(0xff, 0xff, 0xff, 0xff, 0x0f).version).toBe(2 ** 32 - 1);
    expect(() => version(0x80, 0x80, 0x80, 0x80, 0x10)).toThrow('2^32');
    expect(() => version(...Array(9).fill(0xff), 0x01)).toThrow('2^32');
    expect(() => version(...Array(20).fill(0x80), 0x01)).toThrow('2^32');
  });

  it('passes over fields of a later version', () => {
    const later = Buffer.from([0x0a, 1, 0x2f, 0x78, 5, 0xfa, 6, 2, 1, 1, 0xfd, 6, 1, 2, 3, 4]);
    expect(codec('GetRequest').decode(later).path).toBe('/');
  });

  it('refuses unknown groups nested without end', () => {
    const groups = Buffer.alloc(100_000, (15 << 3) | 3);
    expect(() => codec('GetRequest').decode(groups)).toThrow();
  });
});

function outcome(name: keyof Messages, bytes: Uint8Array): unknown {
  try {
    return { message: JSON.stringify(codec(name).decode(bytes)) };
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return { failed: true };
  }
}
