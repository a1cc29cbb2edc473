/** What a hung member does with a call of its own. */
import { RollcallError } from '../../src/types/errors.js';

/** Never answers; fails when nobody waits any more. */
export function never(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const late = new RollcallError('TIMEOUT', 'hung', { outcome: 'unknown' });
    signal?.addEventListener('abort', () => reject(late), { once: true });
  });
}
