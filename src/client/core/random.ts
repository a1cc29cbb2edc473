/** Randomness for jitter and balancing: good enough, and fast. Never for secrets. */
import type { Random } from '../../types/ports.js';

export const systemRandom: Random = {
  below: (bound) => Math.floor(Math.random() * bound),
};
