/**
 * How a client finds its cluster: named endpoints, the environment, the file of a local cluster in this
 * directory or one above it, and last the default port on this machine.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RollcallError } from '../types/errors.js';
import { RollcallClient } from './client.js';
import type { ChannelFactory } from './core/channel.js';
import { processDials } from './core/dials.js';
import { Endpoints, parseEndpoint } from './core/endpoints.js';
import { grpcChannels } from './core/grpc-channel.js';
import { systemRandom } from './core/random.js';
import { systemTime } from './core/time.js';
import { clientTerms } from './options.js';
import type { Client, ClientOptions, TlsOptions } from './types.js';

const ENDPOINT_DEFAULT = '127.0.0.1:8655';
const ENDPOINT_FILE = join('.rollcall', 'endpoint');

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

function findEndpoints(): string {
  const fromEnvironment = process.env.ROLLCALL_ENDPOINTS;
  if (fromEnvironment !== undefined && fromEnvironment.trim() !== '') return fromEnvironment;
  return findFile(process.cwd()) ?? ENDPOINT_DEFAULT;
}

function findFile(start: string): string | undefined {
  for (let directory = start; ; directory = dirname(directory)) {
    const found = readText(join(directory, ENDPOINT_FILE));
    if (found !== undefined && found.trim() !== '') return found;
    if (dirname(directory) === directory) return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
