/** Some seeds of the simulator as one test; files that call this run side by side. */
import { expect, test } from 'vitest';
import { RUN, runSeed } from './run.js';

/** So that a range that does nothing is no success. */
const ENTRIES_MIN = 50;

export function testSeeds(seeds: readonly number[], name: string): void {
  test(`${name} keep every promise`, { timeout: 600_000 }, async () => {
    const broken: string[] = [];
    let entries = 0;
    for (const seed of seeds) {
      const { problems, revision } = await runSeed({ seed, ...RUN });
      entries += revision;
      const shown = problems.slice(0, 5).join('\n  ');
      if (problems.length > 0) broken.push(`npm run sim -- --seed ${seed}\n  ${shown}`);
    }
    expect(broken.join('\n')).toBe('');
    expect(entries).toBeGreaterThan(seeds.length * ENTRIES_MIN);
  });
}

export function range(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}
