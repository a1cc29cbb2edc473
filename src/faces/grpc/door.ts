/**
 * Where connections of clients come in: counted, measured, and past the limit turned away before the gRPC
 * server sees them, with an answer to their first call that says why and when to try again.
 */
import { lookup } from 'node:dns/promises';
import { constants, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import type { Service } from '../../server/service.js';
import { RollcallError } from '../../types/errors.js';
import { CONNECTIONS_REFUSED_AT_ONCE_MAX, RETRY_AFTER_MS } from '../../types/limits.js';
import { callStatus } from './status.js';

/** For the refused: time to ask, and to read the answer. */
const REFUSAL_MS = 1_000;

export interface Door {
  /** HOST:PORT that it listens on. */
  readonly address: string;
  /** Lets nobody in any more; who is in stays. */
  close(): void;
}

/** Rejects with the code of the system when it cannot listen. */
export async function openDoor(
  server: Server,
  address: string,
  connections: Service['connections'],
): Promise<Door> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const refusal = new Refusal();
  const accept = (socket: Socket) => {
    const connection = { traffic: () => trafficOf(socket) };
    if (!connections.admit(connection)) return refusal.take(socket);
    socket.once('close', () => connections.closed(connection));
    injector.injectConnection(socket);
  };
  const listeners = await listenOnAll(address, accept);
  const { port } = listeners[0]!.address() as AddressInfo;
  return {
    address: `${address.slice(0, address.lastIndexOf(':'))}:${port}`,
    close: () => {
      for (const listener of listeners) listener.close();
    },
  };
}

function trafficOf({ bytesRead, bytesWritten }: Socket) {
  return { received: bytesRead, sent: bytesWritten };
}

/** A name may stand for several addresses: 127.0.0.1 and ::1, say. One of them is enough. */
async function listenOnAll(
  address: string,
  accept: (socket: Socket) => void,
): Promise<NetServer[]> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const listeners: NetServer[] = [];
  let port = Number(address.slice(colon + 1));
  let failure: unknown;
  for (const found of await lookup(host, { all: true })) {
    try {
      const listener = await listen({ host: found.address, port }, accept);
      listeners.push(listener);
      port = (listener.address() as AddressInfo).port;
    } catch (error) {
      failure = error;
    }
  }
  if (listeners.length === 0) throw listenError(failure as Error, address);
  return listeners;
}

function listen(
  at: { readonly host: string; readonly port: number },
  accept: (socket: Socket) => void,
): Promise<NetServer> {
  return new Promise((resolve, reject) => {
    const listener = createServer({ noDelay: true }, accept);
    listener.once('error', reject);
    listener.listen(at, () => {
      listener.off('error', reject);
      // Out of descriptors, for one: who waits is let in later.
      listener.on('error', () => {});
      resolve(listener);
    });
  });
}

/** Callers look at the code. */
function listenError(cause: Error & { readonly code?: unknown }, address: string): Error {
  const error = new Error(`cannot listen on ${address}: ${cause.message}`, { cause });
  return Object.assign(error, { code: cause.code });
}

/** Answers every call of a refused connection, and ends it. */
class Refusal {
  readonly #server = createHttp2Server();
  #count = 0;

  constructor() {
    this.#server.on('stream', answer);
    this.#server.on('sessionError', () => {});
  }

  take(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#count >= CONNECTIONS_REFUSED_AT_ONCE_MAX) {
      socket.destroy();
      return;
    }
    this.#count++;
    const timer = setTimeout(() => socket.destroy(), REFUSAL_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#count--;
    });
    this.#server.emit('connection', socket);
  }
}

function answer(stream: ServerHttp2Stream): void {
  const text = 'this member has as many connections as it may: try another one';
  const error = new RollcallError('OVERLOADED', text, { retryAfterMs: RETRY_AFTER_MS });
  const { code, details, metadata } = callStatus(error);
  stream.on('error', () => {});
  stream.respond(
    {
      [constants.HTTP2_HEADER_STATUS]: 200,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc+proto',
      'grpc-status': code,
      'grpc-message': encodeURI(details),
      ...metadata.toHttp2Headers(),
    },
    { endStream: true },
  );
  stream.session?.close();
}
