/** Changes on their way to the leader: every number exactly once in order, however often sending starts over. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCommand, encodeBody } from '../../src/codec/command.js';
import { type NumberedBatch, OriginQueue } from '../../src/server/writes/origin-queue.js';
import { NO_SESSION } from '../../src/types/ids.js';
import { create } from '../tree/driver.js';
import { loneGate, SELF } from './support.js';

const ALL = Number.POSITIVE_INFINITY;

class Setting {
  readonly queue = new OriginQueue(SELF, 3);
  readonly #gate = loneGate().gate;

  add(count: number, dataBytes = 0): void {
    const nobody = { session: NO_SESSION, epoch: 0, seq: 0, ackedSeq: 0, identities: [] };
    const body = encodeBody(create('/a', { data: new Uint8Array(dataBytes) }));
    for (let i = 0; i < count; i++)
      this.queue.add({ ...nobody, kind: 'create' }, body, this.#gate.open(i, 0));
  }

  settle(through: number): void {
    while (this.queue.applied < through) this.queue.settle(this.queue.applied + 1);
  }

  take(windowBytes = ALL): number[] {
    return this.queue.takeUnsent(windowBytes).flatMap(numbersOf);
  }
}

function numbersOf({ first, batch }: NumberedBatch): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < batch.count; i++) {
    const entry = batch.bytes.subarray(batch.offsets[i], batch.offsets[i + 1]);
    const { origin } = decodeCommand(entry)!.envelope;
    expect(origin).toEqual({ member: SELF, boot: 3, number: first + i });
    numbers.push(origin.number);
  }
  return numbers;
}

describe('what waits for the leader', () => {
  it('is handed out once, in order', () => {
    const setting = new Setting();
    setting.add(2);
    expect(setting.take()).toEqual([1, 2]);
    expect(setting.take()).toEqual([]);
    setting.add(1);
    expect(setting.queue.hasUnsent).toBe(true);
    expect(setting.take()).toEqual([3]);
    expect(setting.queue.hasUnsent).toBe(false);
  });

  it('is handed out again from where the leader asks', () => {
    const setting = new Setting();
    setting.add(3);
    setting.take();
    setting.add(2);
    setting.take();
    setting.queue.rewind(2);
    expect(setting.take()).toEqual([2, 3, 4, 5]);
  });

  it('is handed out again, but for what is applied, after any doubt', () => {
    const setting = new Setting();
    setting.add(3);
    setting.take();
    setting.settle(2);
    setting.queue.rewind();
    expect(setting.take()).toEqual([3]);
    setting.queue.rewind(1);
    expect(setting.take()).toEqual([3]);
  });

  it('is not marked as sent by a rewind that points ahead', () => {
    const setting = new Setting();
    setting.add(2);
    setting.queue.rewind(99);
    expect(setting.take()).toEqual([1, 2]);
  });

  it('stays within the window of what is sent and not applied, but for one batch', () => {
    const setting = new Setting();
    for (let i = 0; i < 3; i++) {
      setting.add(1, 1_000);
      if (i < 2) expect(setting.take(1_500)).toEqual(i === 0 ? [1] : []);
    }
    setting.settle(1);
    expect(setting.take(1_500)).toEqual([2]);
    setting.settle(2);
    expect(setting.take(1_500)).toEqual([3]);
  });

  it('may be one batch larger than the whole window', () => {
    const setting = new Setting();
    setting.add(1, 5_000);
    expect(setting.take(10)).toEqual([1]);
  });

  it('is counted until it is applied', () => {
    const setting = new Setting();
    setting.add(2, 100);
    expect(setting.queue.count).toBe(2);
    expect(setting.queue.bytes).toBeGreaterThan(200);
    setting.take();
    expect(setting.queue.bytes).toBeGreaterThan(200);
    setting.settle(2);
    expect([setting.queue.count, setting.queue.bytes]).toEqual([0, 0]);
  });

  it('can only be applied in order', () => {
    const setting = new Setting();
    setting.add(2);
    setting.take();
    expect(() => setting.queue.settle(2)).toThrow('own requests are applied in order');
  });
});

describe('whatever is added, sent, applied and rewound in whatever order', () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('add' as const), n: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ type: fc.constant('take' as const), n: fc.constantFrom(1, 300, ALL) }),
    fc.record({ type: fc.constant('apply' as const), n: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ type: fc.constant('rewind' as const), n: fc.integer({ min: 0, max: 12 }) }),
  );

  it('a leader that wants exactly the next number gets them all', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const setting = new Setting();
        let next = 1;
        let last = 0;
        const receive = (windowBytes: number) => {
          for (const number of setting.take(windowBytes)) {
            if (number === next) next++;
            else if (number > next) return setting.queue.rewind(next);
          }
        };
        for (const { type, n } of steps) {
          if (type === 'add') setting.add(n);
          if (type === 'add') last += n;
          if (type === 'take') receive(n);
          if (type === 'apply') setting.settle(Math.min(next - 1, setting.queue.applied + n));
          if (type === 'rewind') setting.queue.rewind(n);
        }
        setting.queue.rewind();
        receive(ALL);
        expect(next).toBe(last + 1);
      }),
      { numRuns: 300 },
    );
  });
});
