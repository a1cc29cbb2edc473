import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteWriter } from '../../src/codec/cursor.js';
import { decodeOutcome, encodeOutcome } from '../../src/codec/outcome.js';
import type { Outcome } from '../../src/types/outcome.js';
import { anyOutcome } from './command-arbitraries.js';

function encoded(outcome: Outcome): Uint8Array {
  const writer = new ByteWriter();
  encodeOutcome(outcome, writer);
  return writer.finish().slice();
}

it('an outcome comes back equal', () => {
  fc.assert(
    fc.property(anyOutcome, (outcome) => {
      expect(decodeOutcome(encoded(outcome))).toEqual(outcome);
    }),
  );
});

it('what is not exactly one outcome is none', () => {
  fc.assert(
    fc.property(anyOutcome, fc.nat(), (outcome, at) => {
      const bytes = encoded(outcome);
      expect(decodeOutcome(bytes.subarray(0, at % bytes.length))).toBeUndefined();
      expect(decodeOutcome(new Uint8Array([...bytes, 0]))).toBeUndefined();
    }),
  );
});

it('decoding never throws, whatever the bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void decodeOutcome(bytes)));
});
