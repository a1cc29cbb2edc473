/**
 * Goal: no seed breaks a promise. Method: whole clusters in virtual time, each drawn from its seed. A failure
 * names its seed; `npm run sim -- --seed N` runs it alone.
 */
import { expect, test } from 'vitest';
import { runSeed } from './run.js';

const FIRST = Number(process.env['SIM_FIRST'] ?? 1);
const COUNT = Number(process.env['SIM_SEEDS'] ?? 20);

test(`${COUNT} seeds from ${FIRST} keep every promise`, async () => {
  const broken: string[] = [];
  let revisions = 0;
  for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
    const result = await runSeed({ seed, faultyMs: 6_000, healedMs: 6_000 });
    revisions += result.revision;
    if (result.problems.length > 0)
      broken.push(`seed ${seed}:\n  ${result.problems.slice(0, 5).join('\n  ')}`);
  }
  expect(revisions).toBeGreaterThan(COUNT * 50);
  expect(broken.join('\n')).toBe('');
}, 600_000);

test('the same seed gives the same run', async () => {
  const once = await runSeed({ seed: 4711, faultyMs: 3_000, healedMs: 3_000 });
  const again = await runSeed({ seed: 4711, faultyMs: 3_000, healedMs: 3_000 });
  expect(again).toEqual(once);
});
