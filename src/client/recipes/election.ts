/** One leader at a time over ordered ephemeral nodes. */
import { RollcallError } from '../../types/errors.js';
import type { Election } from '../types.js';
import type { RecipeHost } from './host.js';

export function createElection(_host: RecipeHost, path: string): Election {
  throw new RollcallError('UNIMPLEMENTED', `elections are not built yet: ${path}`);
}
