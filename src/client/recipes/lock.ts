/** Mutual exclusion over ordered ephemeral nodes: first come, first served. */
import { RollcallError } from '../../types/errors.js';
import type { Lock } from '../types.js';
import type { RecipeHost } from './host.js';

export function createLock(_host: RecipeHost, path: string): Lock {
  throw new RollcallError('UNIMPLEMENTED', `locks are not built yet: ${path}`);
}
