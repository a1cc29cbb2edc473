/** Mutual exclusion over ordered ephemeral nodes: first come, first served. Not re-entrant. */
import type { HeldLock, Lock, LockOptions } from '../types.js';
import { acquire } from './acquire.js';
import type { Held } from './held.js';
import type { RecipeHost } from './host.js';

export function createLock(host: RecipeHost, path: string): Lock {
  const take = (options: LockOptions): Promise<Held> =>
    acquire(host, { path, kind: 'lock', data: host.label }, options);
  return {
    path,
    acquire: async (options = {}) => lockOf(await take(options)),
    async run(fn, options = {}) {
      const held = await take(options);
      const { signal, fencingToken } = held;
      try {
        return await fn({ signal, fencingToken });
      } finally {
        // What came of the work counts; a release that is not confirmed is the log's.
        await held.release().catch((error) => {
          host.log.warn({ path, error }, 'not known to be released');
        });
      }
    },
  };
}

function lockOf(held: Held): HeldLock {
  return {
    signal: held.signal,
    fencingToken: held.fencingToken,
    release: () => held.release(),
    [Symbol.asyncDispose]: () => held.release(),
  };
}
