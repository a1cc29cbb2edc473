/**
 * Power of two choices: of two instances drawn by weight, the one with fewer requests under way for its
 * weight. Close to the best spread at constant cost, and no herd when everyone sees the same list. Pure.
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
import { WeightedChoice } from './weights.js';

/** Draws before the list is searched for one that is not excluded. */
const DRAWS_MAX = 4;

export function createP2c(random: Random, loads = new Loads()): Balancer {
  return {
    picker: (instances: readonly Instance[]) => new P2cPicker(loads.picks(instances), random),
  };
}

class P2cPicker implements Picker {
  readonly #picks: readonly Pick[];
  readonly #random: Random;
  readonly #choice: WeightedChoice | undefined;

  constructor(picks: readonly Pick[], random: Random) {
    const usable = picks.some(({ instance }) => instance.weight > 0)
      ? picks.filter(({ instance }) => instance.weight > 0)
      : picks;
    this.#picks = usable;
    this.#random = random;
    const weights = usable.map(({ instance }) => instance.weight);
    this.#choice = usable.length > 1 ? new WeightedChoice(weights) : undefined;
  }

  pick(request?: PickRequest): Pick | undefined {
    if (request?.exclude !== undefined) return this.#pickOther(request.exclude);
    const choice = this.#choice;
    if (choice === undefined) return this.#picks[0];
    const first = this.#picks[choice.choose(this.#random)]!;
    const second = this.#picks[choice.choose(this.#random)]!;
    return isLighter(second, first) ? second : first;
  }

  #pickOther(exclude: readonly string[]): Pick | undefined {
    for (let draw = 0; draw < DRAWS_MAX; draw++) {
      const pick = this.pick();
      if (pick === undefined || !isExcluded(pick, exclude)) return pick;
    }
    const rest = this.#picks.filter((pick) => !isExcluded(pick, exclude));
    return rest.length === 0 ? undefined : rest[this.#random.below(rest.length)];
  }
}

/** Cross-multiplied, so that nothing is divided. */
function isLighter(a: Pick, b: Pick): boolean {
  return a.load.active * b.instance.weight < b.load.active * a.instance.weight;
}
