/**
 * How long to wait before trying again: exponential with full jitter, so that a thousand clients that
 * lost the same member do not come back at the same moment. Immutable values, randomness passed in.
 */
import type { Random } from '../../types/ports.js';

export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** For members: the first wait is short, because the next member is likely well. */
export const RECONNECT_BACKOFF: Backoff = { baseMs: 50, maxMs: 2_000 };
/** For a request that a member turned away. */
export const REQUEST_BACKOFF: Backoff = { baseMs: 20, maxMs: 500 };
/** For a registration that the cluster refuses to take for now. */
export const REGISTRATION_BACKOFF: Backoff = { baseMs: 200, maxMs: 5_000 };

/** Uniform in [1, base · 2^failures], capped; `failures` counts from 0. */
export function delayMs(backoff: Backoff, failures: number, random: Random): number {
  const ceiling = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(failures, 30));
  return 1 + random.below(Math.max(1, Math.floor(ceiling)));
}
