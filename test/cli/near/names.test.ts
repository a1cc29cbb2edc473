/** Goal: a typo finds what was meant, nothing far does, and no list of names takes long. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeNear, editDistance, nearNames } from '../../../src/cli/near/names.js';

describe('near names', () => {
  it.each([
    ['wbe', ['web', 'api', 'db'], ['web'], 'two neighbours swapped'],
    ['wb', ['web'], ['web'], 'one left out'],
    ['weeb', ['web'], ['web'], 'one too many'],
    ['wen', ['web', 'worker'], ['web'], 'another one'],
    ['WEB', ['web'], ['web'], 'capitals'],
    ['pay', ['payments', 'pax'], ['pax', 'payments'], 'a beginning, after what is nearer'],
    ['payment-gatway', ['payment-gateway'], ['payment-gateway'], 'a long one'],
    ['database', ['api'], [], 'nothing alike'],
    ['x', ['a', 'b'], [], 'of one character every other is near'],
    ['web', ['web'], [], 'the name itself is no help'],
  ])('of %s among %j are %j (%s)', (wanted, names, near) => {
    expect(nearNames(wanted, names)).toEqual(near);
  });

  it('are three at most, the nearest first', () => {
    const names = ['abcdez', 'abcdxf', 'abcdef1', 'abcdfe', 'abcxyz'];
    const near = nearNames('abcdef', names);
    expect(near).toHaveLength(3);
    expect(near).not.toContain('abcxyz');
  });

  it('read as a question', () => {
    expect(describeNear([])).toBe('');
    expect(describeNear(['web'])).toBe('; did you mean web?');
    expect(describeNear(['a', 'b', 'c'])).toBe('; did you mean a, b or c?');
    expect(describeNear(['web\u202e'])).toBe('; did you mean web\\u202e?');
  });

  it('cost little, however many and however long the names', () => {
    const long = 'n'.repeat(255);
    const names = Array.from({ length: 100_000 }, (_, i) => `${long.slice(0, 245)}${i}`);
    const start = performance.now();
    nearNames(long, names);
    expect(performance.now() - start).toBeLessThan(5_000);
  }, 20_000);
});

/** The whole matrix, as the textbook has it. */
function slowDistance(a: string, b: string): number {
  const d = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const steps = [d[i - 1]![j]! + 1, d[i]![j - 1]! + 1, d[i - 1]![j - 1]! + cost];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) steps.push(d[i - 2]![j - 2]! + 1);
      d[i]![j] = Math.min(...steps);
    }
  }
  return d[a.length]![b.length]!;
}

describe('the distance of two names', () => {
  it('is what the whole matrix gives, as long as it is within the limit', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, fc.integer({ min: 0, max: 4 }), (a, b, limit) => {
        const whole = slowDistance(a, b);
        expect(editDistance(a, b, limit)).toBe(whole <= limit ? whole : undefined);
      }),
    );
  });
});
