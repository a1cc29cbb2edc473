/**
 * Round robin by weight: each instance's turns are spread evenly over a round (smooth weighted round
 * robin), starting at a random place, so that many clients do not all begin with the first. Pure.
 */
import type { Instance } from '../../types/instance.js';
import type { Random } from '../../types/ports.js';
import {
  type Balancer,
  isExcluded,
  Loads,
  type Pick,
  type Picker,
  type PickRequest,
} from './balancer.js';

/** Turns in a round at most; weights are brought down to it. */
const TURNS_MAX = 1024;

export function createRoundRobin(random: Random, loads = new Loads()): Balancer {
  return {
    picker(instances: readonly Instance[]): Picker {
      const turns = turnsOf(loads.picks(instances));
      return new RoundRobinPicker(turns, turns.length === 0 ? 0 : random.below(turns.length));
    },
  };
}

class RoundRobinPicker implements Picker {
  readonly #turns: readonly Pick[];
  #next: number;

  constructor(turns: readonly Pick[], start: number) {
    this.#turns = turns;
    this.#next = start;
  }

  pick(request?: PickRequest): Pick | undefined {
    const turns = this.#turns;
    for (let tries = 0; tries < turns.length; tries++) {
      const pick = turns[this.#next]!;
      this.#next = this.#next + 1 === turns.length ? 0 : this.#next + 1;
      if (!isExcluded(pick, request?.exclude)) return pick;
    }
    return undefined;
  }
}

function turnsOf(picks: readonly Pick[]): readonly Pick[] {
  const weights = wholeWeights(picks.map(({ instance }) => instance.weight));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (weights.every((weight) => weight === 1)) return picks;
  const credits = weights.map(() => 0);
  const turns: Pick[] = [];
  while (turns.length < total) {
    let richest = 0;
    for (let i = 0; i < credits.length; i++) {
      credits[i] = credits[i]! + weights[i]!;
      if (credits[i]! > credits[richest]!) richest = i;
    }
    credits[richest] = credits[richest]! - total;
    turns.push(picks[richest]!);
  }
  return turns;
}

/** The same proportions in small whole numbers; equal weights become 1, and 0 stays 0 unless all are. */
function wholeWeights(weights: readonly number[]): number[] {
  if (weights.every((weight) => weight === weights[0])) return weights.map(() => 1);
  const positive = weights.filter((weight) => weight > 0);
  const unit = positive.reduce(greatestCommonDivisor);
  const total = positive.reduce((sum, weight) => sum + weight, 0) / unit;
  const scale = (total > TURNS_MAX ? TURNS_MAX / total : 1) / unit;
  return weights.map((weight) => (weight > 0 ? Math.max(1, Math.round(weight * scale)) : 0));
}

function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [Math.max(1, Math.round(a)), Math.max(1, Math.round(b))];
  while (y > 0) [x, y] = [y, x % y];
  return x;
}
