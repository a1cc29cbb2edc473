/**
 * What a network in memory does to frames, decided by a random source that the caller seeds: the same seed gives
 * the same network. Cutting, clogging and killing are orders to `MemoryNetwork`, not chances.
 */
import type { MemberId } from '../types/ids.js';
import type { Random } from '../types/ports.js';

export interface Delivery {
  readonly delayMs: number;
  /** May arrive before what was sent earlier; otherwise a link keeps order, as a stream does. */
  readonly overtakes: boolean;
}

export interface NetworkPolicy {
  /** When each copy of a frame arrives; none: it is lost. */
  deliveries(from: MemberId, to: MemberId, bytes: number): readonly Delivery[];
  /** From dialing to an established link. */
  dialMs(from: MemberId, to: MemberId): number;
  /** When the observer sees the connections of a killed member close; `undefined`: never, its machine is gone. */
  closeSeenMs(killed: MemberId, observer: MemberId): number | undefined;
}

/** Everything arrives once, in order, at once. */
export const CALM_POLICY: NetworkPolicy = {
  deliveries: () => [{ delayMs: 0, overtakes: false }],
  dialMs: () => 0,
  closeSeenMs: () => 0,
};

/** Chances are out of 10 000. */
export interface NetworkFaults {
  readonly delayMsMax: number;
  readonly loss: number;
  readonly duplicate: number;
  readonly overtake: number;
  /** That nobody sees the connections of a killed member close. */
  readonly silentDeath: number;
}

export const NO_FAULTS: NetworkFaults = {
  delayMsMax: 1,
  loss: 0,
  duplicate: 0,
  overtake: 0,
  silentDeath: 0,
};

const CERTAIN = 10_000;

export function createRandomPolicy(random: Random, faults: NetworkFaults): NetworkPolicy {
  const chance = (share: number): boolean => share > 0 && random.below(CERTAIN) < share;
  const delayMs = (): number => random.below(faults.delayMsMax + 1);
  const delivery = (): Delivery => ({ delayMs: delayMs(), overtakes: chance(faults.overtake) });
  return {
    deliveries: () => {
      if (chance(faults.loss)) return [];
      return chance(faults.duplicate) ? [delivery(), delivery()] : [delivery()];
    },
    dialMs: delayMs,
    closeSeenMs: () => (chance(faults.silentDeath) ? undefined : delayMs()),
  };
}
