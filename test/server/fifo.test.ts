/** The two small containers of the hot path: a queue, and batches of encoded entries. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from '../../src/server/clients/fifo.js';
import { BatchBuilder, dropFirst } from '../../src/server/writes/batch.js';
import type { EntryBatch } from '../../src/types/log.js';

test('a queue gives what an array gives, whatever is done to it', () => {
  const step = fc.constantFrom('push', 'push', 'shift', 'clear', 'many', 'drain');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const queue = new Fifo<number>();
      let slow: number[] = [];
      let next = 0;
      const push = () => {
        queue.push(next);
        slow.push(next++);
      };
      for (const one of steps) {
        if (one === 'push') push();
        if (one === 'many') for (let i = 0; i < 1_500; i++) push();
        if (one === 'shift') expect(queue.shift()).toBe(slow.shift());
        if (one === 'drain')
          for (let i = 0; i < 1_300; i++) expect(queue.shift()).toBe(slow.shift());
        if (one === 'clear') {
          queue.clear();
          slow = [];
        }
        expect(queue.length).toBe(slow.length);
        expect(queue.peek()).toBe(slow[0]);
      }
      expect([...queue]).toEqual(slow);
    }),
    { numRuns: 100 },
  );
});

function entries(batch: EntryBatch): string[] {
  const decoder = new TextDecoder();
  return Array.from({ length: batch.count }, (_, i) =>
    decoder.decode(batch.bytes.subarray(batch.offsets[i], batch.offsets[i + 1])),
  );
}

function build(texts: readonly string[]): EntryBatch {
  const builder = new BatchBuilder();
  for (const text of texts) {
    builder.writer.raw(new TextEncoder().encode(text));
    builder.endEntry();
  }
  return builder.take();
}

test('a batch without its first entries holds the others, and begins at zero', () => {
  const some = fc.array(fc.stringMatching(/^[a-z]{0,5}$/), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(some, fc.nat(), (texts, n) => {
      const batch = build(texts);
      expect(entries(batch)).toEqual(texts);
      const skip = n % texts.length;
      const rest = dropFirst(batch, skip);
      expect(entries(rest)).toEqual(texts.slice(skip));
      expect(rest.offsets[0]).toBe(0);
      expect(rest.offsets[rest.count]).toBe(rest.bytes.length);
    }),
  );
});

test('a batch is never emptied by a slice', () => {
  expect(() => dropFirst(build(['a']), 1)).toThrow('slice outside the batch');
});

test('a builder starts anew after it gave its batch, and does not change what it gave', () => {
  const builder = new BatchBuilder();
  builder.writer.raw(Uint8Array.of(97));
  builder.endEntry();
  const first = builder.take();
  expect([builder.count, builder.bytes]).toEqual([0, 0]);
  builder.writer.raw(Uint8Array.of(98));
  builder.endEntry();
  expect(entries(builder.take())).toEqual(['b']);
  expect(entries(first)).toEqual(['a']);
});
