/** One leader at a time: a lock whose node says what its holder wants to be known by. */
import type { CallOptions, Election, Leader, Leadership } from '../types.js';
import { acquire } from './acquire.js';
import type { Held } from './held.js';
import type { RecipeHost } from './host.js';
import { leaderOf, observeLeaders } from './leaders.js';
import { firstAt } from './line.js';

export function createElection(host: RecipeHost, path: string): Election {
  return {
    path,
    campaign: async (value, options = {}) =>
      leadershipOf(await acquire(host, { path, kind: 'candidate', data: value }, options)),
    leader: (options = {}) => readLeader(host, path, options),
    observe: ({ signal } = {}) => observeLeaders(host.tree, path, signal),
  };
}

function leadershipOf(held: Held): Leadership {
  return {
    signal: held.signal,
    fencingToken: held.fencingToken,
    async set(value, options) {
      held.signal.throwIfAborted();
      await held.session.set(held.path, value, options);
    },
    resign: () => held.release(),
    [Symbol.asyncDispose]: () => held.release(),
  };
}

/** Nobody comes to stand in front: who was first and is still there is first. */
async function readLeader(
  host: RecipeHost,
  path: string,
  options: CallOptions,
): Promise<Leader | undefined> {
  const { timeoutMs = host.timeoutMs } = options;
  const untilMs = performance.now() + timeoutMs;
  const left = (): CallOptions => {
    return { ...options, timeoutMs: Math.max(0, untilMs - performance.now()) };
  };
  for (;;) {
    const first = await firstAt(host.tree, path, left());
    if (first === undefined) return undefined;
    const node = await host.tree.get(first.path, left());
    if (node?.stat.createRevision === first.stat.createRevision) return leaderOf(node);
  }
}
