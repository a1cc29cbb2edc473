/** Goal: one answer is no verdict, and an instance that has never been well is late, not broken. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Judge } from '../../../src/cli/check/judge.js';

function statesOf(answers: string, thresholds = { rise: 2, fall: 3 }): string[] {
  const judge = new Judge(thresholds);
  return [...answers].map((answer) => judge.report(answer === '+'));
}

it.each([
  ['+', ['STARTING'], 'one success is not enough'],
  ['++', ['STARTING', 'UP'], 'UP after two'],
  ['+-++', ['STARTING', 'STARTING', 'STARTING', 'UP'], 'two in a row'],
  ['-----', Array(5).fill('STARTING'), 'never well: STARTING'],
  ['++---', ['STARTING', 'UP', 'UP', 'UP', 'DOWN'], 'DOWN after three'],
  ['++--+--', ['STARTING', 'UP', 'UP', 'UP', 'UP', 'UP', 'UP'], 'a success begins anew'],
  ['+---', ['STARTING', 'STARTING', 'STARTING', 'DOWN'], 'it was well once, so it can be DOWN'],
  ['++---++', ['STARTING', 'UP', 'UP', 'UP', 'DOWN', 'DOWN', 'UP'], 'and comes back'],
])('%s gives %j (%s)', (answers, states) => {
  expect(statesOf(answers)).toEqual(states);
});

it('is UP only by enough successes and DOWN only by enough failures since the last of the other kind', () => {
  const answers = fc.array(fc.boolean(), { maxLength: 60 });
  const thresholds = fc.record({
    rise: fc.integer({ min: 1, max: 4 }),
    fall: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(answers, thresholds, (list, { rise, fall }) => {
      const judge = new Judge({ rise, fall });
      let before = judge.state;
      for (const [i, isWell] of list.entries()) {
        const state = judge.report(isWell);
        const wanted = isWell ? rise : fall;
        const lately = list.slice(Math.max(0, i + 1 - wanted), i + 1);
        const isDue = lately.length === wanted && lately.every((each) => each === isWell);
        const isFirst = !list.slice(0, i + 1).includes(true);
        if (state !== before) expect(state).toBe(isWell ? 'UP' : 'DOWN');
        if (isDue && !isFirst) expect(state).toBe(isWell ? 'UP' : 'DOWN');
        if (!isDue || isFirst) expect(state).toBe(before);
        before = state;
      }
    }),
  );
});
