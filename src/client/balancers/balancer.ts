/**
 * The interfaces of client-side balancing: instances in, an immutable picker out. A balancer keeps what
 * must survive from one picker to the next (requests under way); a picker only chooses. Pure: randomness
 * is passed in.
 */
import type { Instance } from '../../types/instance.js';
import type { Random } from '../../types/ports.js';

/** Requests under way to one instance. One object per id, the same in every picker. */
export interface Load {
  active: number;
}

export interface Pick {
  readonly instance: Instance;
  readonly load: Load;
}

export interface PickRequest {
  /** Ids not to pick. */
  readonly exclude?: readonly string[] | undefined;
  readonly key?: string | undefined;
}

export interface Picker {
  /** undefined when nothing is left to pick. */
  pick(request?: PickRequest): Pick | undefined;
}

export interface Balancer {
  /** `instances`: those that may be picked, in the order of joining. */
  picker(instances: readonly Instance[]): Picker;
}

/** `loads`: kept when one balancer follows another. */
export type BalancerFactory = (random: Random, loads?: Loads) => Balancer;

/** Keeps the counters of instances across pickers, and drops those of instances that went for good. */
export class Loads {
  #byId = new Map<string, Load>();

  activeOf(id: string): number {
    return this.#byId.get(id)?.active ?? 0;
  }

  /** One pick for each instance. Counters of absent ones are kept while requests are under way. */
  picks(instances: readonly Instance[]): Pick[] {
    const kept = new Map<string, Load>();
    for (const [id, load] of this.#byId) if (load.active > 0) kept.set(id, load);
    const picks = instances.map((instance) => {
      const load = this.#byId.get(instance.id) ?? { active: 0 };
      kept.set(instance.id, load);
      return { instance, load };
    });
    this.#byId = kept;
    return picks;
  }
}

export function isExcluded({ instance }: Pick, exclude: readonly string[] | undefined): boolean {
  return exclude?.includes(instance.id) === true;
}
