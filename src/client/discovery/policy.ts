/**
 * Which instances are picked from, and how: by the caller's word, else by the service's, else p2c. Pure.
 * A policy of a later version is as if none was named.
 */

import type { Instance } from '../../types/instance.js';
import type { Random } from '../../types/ports.js';
import type { Balancer, BalancerFactory, Loads } from '../balancers/balancer.js';
import { createP2c } from '../balancers/p2c.js';
import { createRoundRobin } from '../balancers/round-robin.js';
import type { BalancerName, ServiceSettingsView } from '../types.js';

const BALANCERS: Readonly<Record<BalancerName, BalancerFactory>> = {
  p2c: createP2c,
  'round-robin': createRoundRobin,
};

export function isBalancerName(name: string): name is BalancerName {
  return Object.hasOwn(BALANCERS, name);
}

export function policyOf(
  wanted: BalancerName | undefined,
  { policy }: ServiceSettingsView,
): BalancerName {
  return wanted ?? (isBalancerName(policy) ? policy : 'p2c');
}

export function createBalancer(name: BalancerName, random: Random, loads: Loads): Balancer {
  return BALANCERS[name](random, loads);
}

/** Those that are UP; all of them when so few are that those would be overrun. */
export function pickable(
  instances: readonly Instance[],
  { minimumHealthy }: ServiceSettingsView,
): readonly Instance[] {
  const up = instances.filter(isUp);
  return up.length * 100 < minimumHealthy * instances.length ? instances : up;
}

export function isUp({ state }: Instance): boolean {
  return state === 'UP';
}
