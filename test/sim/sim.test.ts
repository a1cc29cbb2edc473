/**
 * Goal: no seed breaks a promise. Method: whole clusters in virtual time, each drawn from its seed. A failure
 * names its seed and how to run it alone.
 */
import { expect, test } from 'vitest';
import { range, testSeeds } from './range.js';
import { runSeed } from './run.js';
import { SEEDS } from './seeds.js';

testSeeds(
  SEEDS.map(([seed]) => seed),
  'seeds that broke one once',
);
testSeeds(range(1, 100), 'the first hundred seeds');

test('the same seed gives the same run', async () => {
  const once = await runSeed({ seed: 4711, faultyMs: 3_000, healedMs: 3_000 });
  const again = await runSeed({ seed: 4711, faultyMs: 3_000, healedMs: 3_000 });
  expect(again).toEqual(once);
});
