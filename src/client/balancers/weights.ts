/**
 * Choosing by weight in constant time: the alias method. Each column holds at most two candidates, so a
 * choice is one column and one comparison. Weights of 0 are never chosen, unless all are 0. Pure.
 */
import type { Random } from '../../types/ports.js';

/** Fineness of the comparison within a column. */
const SCALE = 1 << 20;

export class WeightedChoice {
  readonly #count: number;
  /** Below it, out of SCALE, the column's own candidate; otherwise its alias. Empty: all are equal. */
  readonly #thresholds: readonly number[];
  readonly #aliases: readonly number[];

  /** At least one weight. */
  constructor(weights: readonly number[]) {
    this.#count = weights.length;
    const isUniform = weights.every((weight) => weight === weights[0]);
    const { thresholds, aliases } = isUniform
      ? { thresholds: [], aliases: [] }
      : buildColumns(weights);
    this.#thresholds = thresholds;
    this.#aliases = aliases;
  }

  choose(random: Random): number {
    const column = random.below(this.#count);
    const threshold = this.#thresholds[column];
    if (threshold === undefined || random.below(SCALE) < threshold) return column;
    return this.#aliases[column]!;
  }
}

function buildColumns(weights: readonly number[]): { thresholds: number[]; aliases: number[] } {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map((weight) => (weight * weights.length) / total);
  const thresholds = weights.map(() => SCALE);
  const aliases = weights.map((_, i) => i);
  const small: number[] = [];
  const large: number[] = [];
  shares.forEach((share, i) => {
    (share < 1 ? small : large).push(i);
  });
  while (small.length > 0 && large.length > 0) {
    const poor = small.pop()!;
    const rich = large.pop()!;
    thresholds[poor] = Math.round(shares[poor]! * SCALE);
    aliases[poor] = rich;
    shares[rich] = shares[rich]! + shares[poor]! - 1;
    (shares[rich]! < 1 ? small : large).push(rich);
  }
  return { thresholds, aliases };
}
