/** How a client finds its cluster: named endpoints, the environment, a local cluster's file, the default port. */
import { RollcallError } from '../types/errors.js';
import type { Client, ClientOptions } from './types.js';

export function connect(
  _endpoints?: string | readonly string[],
  _options: ClientOptions = {},
): Client {
  throw new RollcallError('UNIMPLEMENTED', 'the client is not built yet');
}
