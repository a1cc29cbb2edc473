/** How a client comes to be: its endpoints, named or found, and the parts that it works with. */
import { RollcallError } from '../types/errors.js';
import { RollcallClient } from './client.js';
import type { ChannelFactory } from './core/channel.js';
import { processDials } from './core/dials.js';
import { Endpoints, parseEndpoint } from './core/endpoints.js';
import { grpcChannels } from './core/grpc-channel.js';
import { systemRandom } from './core/random.js';
import { systemTime } from './core/time.js';
import { findEndpoints } from './find-endpoints.js';
import { clientTerms } from './options.js';
import type { Client, ClientOptions, TlsOptions } from './types.js';

/** Connects lazily: at the first call. `endpoints`: HOST:PORT, several also separated by commas. */
export function connect(
  endpoints?: string | readonly string[],
  options: ClientOptions = {},
): Client {
  const terms = clientTerms(options);
  const parsed = parseEndpoints(endpoints ?? findEndpoints());
  const random = systemRandom;
  const parts = {
    endpoints: new Endpoints(parsed, random, terms.backoff),
    open: openWith(terms.tls),
    time: systemTime,
    random,
    dials: processDials,
  };
  return new RollcallClient(parts, terms);
}

function openWith(tls: TlsOptions | undefined): ChannelFactory {
  try {
    return grpcChannels(tls);
  } catch (cause) {
    const text = `option tls cannot be used: ${(cause as Error).message}`;
    throw new RollcallError('INVALID_ARGUMENT', text, { cause });
  }
}

function parseEndpoints(given: string | readonly string[]): string[] {
  const texts = typeof given === 'string' ? [given] : given;
  const listed = texts.flatMap((text) => text.split(',')).filter((text) => text.trim() !== '');
  if (listed.length === 0) throw new RollcallError('INVALID_ARGUMENT', 'no endpoint was given');
  return listed.map((text) => {
    const endpoint = parseEndpoint(text);
    if (endpoint !== undefined) return endpoint;
    throw new RollcallError('INVALID_ARGUMENT', `not an endpoint, HOST:PORT is wanted: ${text}`);
  });
}
