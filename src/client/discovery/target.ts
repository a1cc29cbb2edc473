/**
 * What a caller registers, made whole: defaults, and address and port taken from a server that listens.
 */
import { createSocket } from 'node:dgram';
import { hostname } from 'node:os';
import { WEIGHT_DEFAULT } from '../../codec/instance.js';
import { RollcallError } from '../../types/errors.js';
import type { InstanceSpec } from '../../types/instance.js';
import { onAbort } from '../core/aborts.js';
import { aborted } from '../core/calls.js';
import { check } from '../core/checks.js';
import { isLoopback } from '../core/endpoints.js';
import { closed } from '../core/reasons.js';
import type { InstanceTarget, RegisterOptions, RegistrationTarget, ServerLike } from '../types.js';

const LOOPBACK = '127.0.0.1';
const WILDCARDS: ReadonlySet<string> = new Set(['', '::', '0.0.0.0', '::0']);

export interface Target {
  readonly spec: InstanceSpec;
  readonly server: ServerLike | undefined;
}

export interface TargetTerms {
  readonly service: string;
  readonly options: RegisterOptions;
  /** HOST:PORT of the cluster: the address is the one that faces it. */
  readonly endpoints: readonly string[];
  /** Milliseconds since 1970. */
  readonly registeredAt: number;
  /** Where this process runs, when it says so. */
  readonly zone: string | undefined;
  /** Aborts when the client closes. */
  readonly over?: AbortSignal | undefined;
}

export async function resolveTarget(
  target: RegistrationTarget,
  terms: TargetTerms,
): Promise<Target> {
  const isPlace = typeof target === 'object' && target !== null;
  check('target', isPlace, '{ port }, or a server that listens or will');
  const server = isServer(target) ? target : undefined;
  const place = isServer(target) ? await listening(target, terms) : target;
  const fields = { ...defined(place), ...defined(terms.options) } as InstanceTarget &
    RegisterOptions;
  const { port } = place;
  const bound = fields.address ?? '';
  const address = WILDCARDS.has(bound) ? await ownAddress(terms.endpoints) : bound;
  const spec: InstanceSpec = {
    service: terms.service,
    id: fields.id ?? `${hostname()}-${port}`,
    address,
    port,
    ports: fields.ports ?? {},
    protocol: fields.protocol ?? 'http',
    basePath: fields.basePath ?? '',
    weight: fields.weight ?? WEIGHT_DEFAULT,
    zone: fields.zone ?? terms.zone ?? '',
    tags: fields.tags ?? {},
    state: fields.state ?? 'UP',
    registeredAt: terms.registeredAt,
  };
  return { spec, server };
}

function isServer(target: RegistrationTarget): target is ServerLike {
  return 'listening' in target && typeof target.address === 'function';
}

function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

async function listening(
  server: ServerLike,
  terms: TargetTerms,
): Promise<{ address: string; port: number }> {
  if (!server.listening) await untilListening(server, terms);
  const place = server.address();
  if (place === null || typeof place === 'string') {
    throw new RollcallError('INVALID_ARGUMENT', 'the server does not listen on a port');
  }
  return { address: place.address, port: place.port };
}

/** For as long as the caller says; who says nothing waits until it listens or the client is closed. */
async function untilListening(server: ServerLike, { options, over }: TargetTerms): Promise<void> {
  const { timeoutMs, signal } = options;
  const limit = new AbortController();
  const end = (): void => limit.abort();
  const timer = timeoutMs === undefined ? undefined : setTimeout(end, timeoutMs);
  const unlisten = [over, signal].map((each) => each && onAbort(each, end));
  try {
    await listeningWithin(server, limit.signal);
  } finally {
    clearTimeout(timer);
    for (const stop of unlisten) stop?.();
  }
  if (over?.aborted === true) throw closed();
  if (signal?.aborted === true) throw aborted(signal);
  if (server.listening) return;
  throw new RollcallError('TIMEOUT', `the server did not listen within ${timeoutMs} ms`);
}

/** Resolves when it listens, or when the limit aborts. */
function listeningWithin(server: ServerLike, limit: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      server.off('listening', done);
      server.off('error', onError);
      limit.removeEventListener('abort', done);
    };
    const done = (): void => {
      stop();
      resolve();
    };
    const onError = (cause: unknown): void => {
      stop();
      reject(new RollcallError('INVALID_ARGUMENT', 'the server could not listen', { cause }));
    };
    server.once('listening', done);
    server.once('error', onError);
    limit.addEventListener('abort', done, { once: true });
  });
}

/** Loopback when the cluster is on this machine, otherwise the address that faces it. */
async function ownAddress(endpoints: readonly string[]): Promise<string> {
  const away = endpoints.find((endpoint) => !isLoopback(endpoint));
  return away === undefined ? LOOPBACK : facing(away);
}

/** A connected datagram socket knows its local address; nothing is sent. */
function facing(endpoint: string): Promise<string> {
  const colon = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, colon).replace(/^\[|\]$/g, '');
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return new Promise<string>((resolve, reject) => {
    socket.once('error', (cause) => {
      reject(new RollcallError('INVALID_ARGUMENT', `no address faces ${endpoint}`, { cause }));
    });
    socket.connect(Number(endpoint.slice(colon + 1)), host, () =>
      resolve(socket.address().address),
    );
  }).finally(() => socket.close());
}
