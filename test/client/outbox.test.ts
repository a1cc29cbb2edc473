/** What is sent, in which order, with which seqs, however often the stream is lost. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Operation } from '../../src/client/core/operation.js';
import { Outbox } from '../../src/client/core/outbox.js';

function operation(isWrite: boolean, bytes = 10): Operation {
  const message = { id: 0, seq: 0, timeoutMs: 0 };
  return new Operation<unknown>({ message, isWrite, bytes, read: () => undefined }, 1_000);
}

const MAY_WRITE = { nowMs: 0, canWrite: true };

describe('an outbox', () => {
  test('numbers changes when they are first sent, and reads never', () => {
    const outbox = new Outbox();
    const all = [operation(true), operation(false), operation(true)];
    for (const each of all) outbox.push(each);
    expect(all.map(({ message }) => message.seq)).toEqual([0, 0, 0]);
    outbox.takeFrame(MAY_WRITE);
    expect(all.map(({ message }) => message.seq)).toEqual([1, 0, 2]);
  });

  test('holds everything behind a change that may not go yet', () => {
    const outbox = new Outbox();
    for (const isWrite of [false, true, false]) outbox.push(operation(isWrite));
    expect(outbox.takeFrame({ nowMs: 0, canWrite: false }).length).toBe(1);
    expect(outbox.nextIsWrite).toBe(true);
    expect(outbox.takeFrame(MAY_WRITE).length).toBe(2);
  });

  test('sends what is unresolved again, with its seqs, under new ids', () => {
    const outbox = new Outbox();
    const all = [operation(true), operation(true), operation(true)];
    for (const each of all) outbox.push(each);
    const ids = outbox.takeFrame(MAY_WRITE).map(({ id }) => id);
    outbox.finish(outbox.answered(ids[0]!)!);
    outbox.rewind();
    const again = outbox.takeFrame(MAY_WRITE);
    expect(again.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(again.some(({ id }) => ids.includes(id))).toBe(false);
    expect(outbox.answered(ids[1]!)).toBeUndefined();
  });

  test('acknowledges up to the first change without a result', () => {
    const outbox = new Outbox();
    const all = [operation(true), operation(true), operation(true)];
    for (const each of all) outbox.push(each);
    outbox.takeFrame(MAY_WRITE);
    outbox.finish(all[1]!);
    expect(outbox.ackedSeq).toBe(1);
    outbox.finish(all[0]!);
    expect(outbox.ackedSeq).toBe(3);
  });

  test('that is stuck behind its first change forgets what ended since', () => {
    const outbox = new Outbox();
    outbox.push(operation(true));
    outbox.takeFrame(MAY_WRITE);
    outbox.rewind();
    for (let i = 0; i < 150_000; i++) {
      const late = operation(i % 2 === 0, 1_000);
      outbox.push(late);
      outbox.finish(late);
    }
    expect(outbox.isFull).toBe(false);
    expect(outbox.takeFrame(MAY_WRITE).map(({ seq }) => seq)).toEqual([1]);
  });

  test('acknowledges numbered changes that ended behind a stuck one once that has ended', () => {
    const outbox = new Outbox();
    const changes = Array.from({ length: 1_024 }, () => operation(true));
    for (const each of changes) outbox.push(each);
    while (outbox.takeFrame(MAY_WRITE).length > 0);
    for (const each of changes.slice(1)) outbox.finish(each);
    for (let i = 0; i < 10_000; i++) {
      const read = operation(false);
      outbox.push(read);
      outbox.finish(read);
    }
    outbox.finish(changes[0]!);
    expect(outbox.ackedSeq).toBe(1_025);
    expect(outbox.isEmpty).toBe(true);
  });

  test('counts the bytes that wait the same however often everything goes again', () => {
    const outbox = new Outbox();
    const [first, second] = [operation(true), operation(false, 40 * 1024 * 1024)];
    outbox.push(first);
    outbox.takeFrame(MAY_WRITE);
    outbox.push(second);
    outbox.finish(second);
    for (let i = 0; i < 10; i++) {
      expect(outbox.hasUnsent).toBe(false);
      outbox.rewind();
      outbox.takeFrame(MAY_WRITE);
    }
    outbox.push(operation(false, 50 * 1024 * 1024));
    expect(outbox.isFull).toBe(false);
    outbox.push(operation(false, 20 * 1024 * 1024));
    expect(outbox.isFull).toBe(true);
  });

  test('starts counting anew when the session is lost, and keeps what had no seq', () => {
    const outbox = new Outbox();
    const [sent, waiting] = [operation(true), operation(true)];
    outbox.push(sent);
    outbox.takeFrame(MAY_WRITE);
    outbox.push(waiting);
    expect(outbox.takeNumbered()).toEqual([sent]);
    expect(outbox.takeFrame(MAY_WRITE).map(({ seq }) => seq)).toEqual([1]);
    outbox.finish(waiting);
    expect(outbox.ackedSeq).toBe(2);
  });

  test('keeps frames small, but sends a large operation on its own', () => {
    const outbox = new Outbox();
    for (const bytes of [100_000, 500_000, 1_000_000, 10]) outbox.push(operation(true, bytes));
    const counts = Array.from({ length: 5 }, () => outbox.takeFrame(MAY_WRITE).length);
    expect(counts).toEqual([1, 1, 1, 1, 0]);
  });

  test('is full by count and by bytes, and takes again when something has gone', () => {
    const outbox = new Outbox();
    for (let i = 0; i < 70; i++) outbox.push(operation(false, 1_000_000));
    expect(outbox.isFull).toBe(true);
    for (let i = 0; i < 10; i++) outbox.takeFrame(MAY_WRITE);
    expect(outbox.isFull).toBe(false);
  });
});

/** One session's member: takes seqs in order only, answers some, loses its memory of the stream at will. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('call' as const), isWrite: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('send' as const) }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('answer' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('lose' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('turnAway' as const) }) },
);

test('seqs arrive without gaps on every stream, whatever is lost or turned away', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const outbox = new Outbox();
      let queue: number[] = [];
      let nextSeq = 0;
      for (const { type, ...rest } of steps) {
        if (type === 'call') outbox.push(operation('isWrite' in rest && rest.isWrite));
        if (type === 'send') {
          for (const { id, seq } of outbox.takeFrame(MAY_WRITE)) {
            queue.push(id);
            if (seq === 0) continue;
            if (nextSeq > 0) expect(seq).toBe(nextSeq);
            else expect(seq).toBeLessThanOrEqual(Math.max(1, outbox.ackedSeq));
            nextSeq = seq + 1;
          }
        }
        if (type === 'answer') {
          const found = outbox.answered(queue.shift() ?? -1);
          if (found !== undefined) outbox.finish(found);
        }
        if (type === 'lose') {
          outbox.rewind();
          queue = [];
          nextSeq = 0;
        }
        if (type === 'turnAway') {
          const found = outbox.answered(queue.shift() ?? -1);
          if (found === undefined) continue;
          outbox.rewindTo(found);
          queue = [];
          if (found.message.seq > 0) nextSeq = found.message.seq;
          else nextSeq = 0;
        }
      }
    }),
  );
});
