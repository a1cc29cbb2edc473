import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Deadlines, type Timed } from '../../src/client/core/deadlines.js';
import { sharedLimit } from '../../src/client/core/limit.js';

function timed(timeoutMs: number): Timed {
  return { timeoutMs, dueMs: 0, list: undefined, earlier: undefined, later: undefined };
}

describe('deadlines', () => {
  test('come due in their order, whatever their timeouts', () => {
    const deadlines = new Deadlines();
    const slow = timed(100);
    const quick = timed(10);
    deadlines.add(slow, 0);
    deadlines.add(quick, 20);
    expect(deadlines.nextDueMs()).toBe(30);
    expect(deadlines.takeDue(29)).toEqual([]);
    expect(deadlines.takeDue(30)).toEqual([quick]);
    expect(deadlines.nextDueMs()).toBe(100);
  });

  test('that were removed never come due', () => {
    const deadlines = new Deadlines();
    const items = [timed(5), timed(5), timed(5)];
    for (const item of items) deadlines.add(item, 0);
    deadlines.remove(items[1]!);
    deadlines.remove(items[1]!);
    expect(deadlines.takeDue(5)).toEqual([items[0], items[2]]);
    expect(deadlines.nextDueMs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('agree with a plain list', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('add' as const), timeoutMs: fc.constantFrom(1, 5, 5, 50) }),
      fc.record({ type: fc.constant('remove' as const), which: fc.nat(20) }),
      fc.record({ type: fc.constant('pass' as const), ms: fc.nat(10) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const deadlines = new Deadlines();
        let open: Timed[] = [];
        let nowMs = 0;
        for (const each of steps) {
          if (each.type === 'add') {
            const item = timed(each.timeoutMs);
            deadlines.add(item, nowMs);
            open.push(item);
          } else if (each.type === 'remove') {
            const [item] = open.splice(each.which, 1);
            if (item !== undefined) deadlines.remove(item);
          } else {
            nowMs += each.ms;
            const due = open.filter(({ dueMs }) => dueMs <= nowMs);
            open = open.filter(({ dueMs }) => dueMs > nowMs);
            expect(new Set(deadlines.takeDue(nowMs))).toEqual(new Set(due));
          }
          const next = Math.min(Number.POSITIVE_INFINITY, ...open.map(({ dueMs }) => dueMs));
          expect(deadlines.nextDueMs()).toBe(next);
        }
      }),
    );
  });
});

describe('the pages of a list', () => {
  test('have one deadline together, not each its own', () => {
    let nowMs = 1_000;
    const { takeMs } = sharedLimit(100, () => nowMs);
    const taken = [0, 30, 50, 90].map((passedMs) => {
      nowMs += passedMs;
      return takeMs();
    });
    expect(taken).toEqual([100, 70, 20, 0]);
  });
});
