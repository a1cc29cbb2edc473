import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../src/codec/cursor.js';
import { decodeMessage, encodeMessage } from '../../src/codec/message.js';
import type { RaftMessage } from '../../src/types/message.js';
import { anyMessage } from './arbitraries.js';

function bytesOf(message: RaftMessage): Uint8Array {
  const writer = new ByteWriter();
  encodeMessage(message, writer);
  return writer.finish().slice();
}

describe('a raft message as bytes', () => {
  it('comes back equal', () => {
    fc.assert(
      fc.property(anyMessage(), (message) => {
        expect(decodeMessage(bytesOf(message))).toEqual(message);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused when it is cut or when bytes trail', () => {
    fc.assert(
      fc.property(anyMessage(), fc.nat(), (message, cut) => {
        const bytes = bytesOf(message);
        expect(decodeMessage(bytes.subarray(0, cut % bytes.length))).toBeUndefined();
        expect(decodeMessage(Buffer.concat([bytes, Buffer.of(0)]))).toBeUndefined();
      }),
    );
  });

  it('is never a crash when bytes are changed, and what decodes has one encoding', () => {
    fc.assert(
      fc.property(anyMessage(), fc.array(fc.tuple(fc.nat(), fc.nat(255))), (message, edits) => {
        const bytes = bytesOf(message);
        for (const [at, value] of edits) bytes[at % bytes.length] = value;
        const decoded = decodeMessage(bytes);
        if (decoded !== undefined) expect(bytesOf(decoded)).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('is never a crash on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeMessage(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});
