/** What a hung member does with a call of its own. */
import type { AskTerms } from '../../src/client/core/channel.js';
import { RollcallError } from '../../src/types/errors.js';

/** Never answers; fails when nobody waits any more. */
export function never({ signal, timeoutMs }: AskTerms): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      reject(new RollcallError('TIMEOUT', 'hung', { outcome: 'unknown' }));
    };
    const timer = setTimeout(end, timeoutMs);
    signal?.addEventListener('abort', end, { once: true });
  });
}
