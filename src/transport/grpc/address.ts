/**
 * HOST:PORT texts. Names are resolved with the resolver's own sockets, not in the thread pool that the disk
 * uses (`dns.lookup` is the fallback for names that only /etc/hosts knows), anew for every dial.
 */
import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { RollcallError } from '../../types/errors.js';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const RESOLVE_TIMEOUT_MS = 500;

/** `undefined` unless HOST:PORT or [IPv6]:PORT. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The same place with an IP literal for a host. Throws RollcallError UNAVAILABLE. */
export async function resolveHostPort(text: string): Promise<HostPort> {
  const parsed = parseHostPort(text);
  if (parsed === undefined) throw new RollcallError('INVALID_ARGUMENT', `not HOST:PORT: ${text}`);
  if (isIP(parsed.host) !== 0) return parsed;
  if (parsed.host === 'localhost') return { host: '127.0.0.1', port: parsed.port };
  return { host: await resolveName(parsed.host), port: parsed.port };
}

async function resolveName(name: string): Promise<string> {
  const resolver = new Resolver({ timeout: RESOLVE_TIMEOUT_MS, tries: 1 });
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  for (const answer of answers) {
    if (answer.status === 'fulfilled' && answer.value[0] !== undefined) return answer.value[0];
  }
  try {
    return (await lookup(name)).address;
  } catch (cause) {
    throw new RollcallError('UNAVAILABLE', `cannot resolve ${name}`, { cause });
  }
}

/** A target that grpc-js takes as it is, without resolving anything. */
export function grpcTarget(place: HostPort): string {
  return `${isIP(place.host) === 6 ? 'ipv6' : 'ipv4'}:${formatHostPort(place)}`;
}
