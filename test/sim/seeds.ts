/** Seeds that once broke a promise, and which: run with every test, whatever range is drawn besides. */
export const SEEDS: readonly (readonly [seed: number, promise: string])[] = [
  [
    6,
    'a value that was being replaced was moved once more by what made room for it, and counted twice',
  ],
];
