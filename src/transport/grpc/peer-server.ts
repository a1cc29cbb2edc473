/**
 * The listening side of the peer service: binds once, before the founding meeting, and stays bound until the
 * member closes, so that no peer ever meets a closed port in between. Knows nothing of what the calls mean.
 */
import {
  Server,
  type ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { RollcallError } from '../../types/errors.js';
import { formatHostPort, parseHostPort } from './address.js';
import type { FetchCall } from './checkpoint-transfer.js';
import type { LinkCall } from './inbound-stream.js';
import { COMMON_OPTIONS, type MeetMessage, PEER_SERVICE } from './service.js';

export type MeetCall = ServerUnaryCall<MeetMessage, MeetMessage>;

export interface PeerCalls {
  link(call: LinkCall): void;
  fetchCheckpoint(call: FetchCall): void;
  meet(call: MeetCall, answer: sendUnaryData<MeetMessage>): void;
}

export interface PeerServer {
  readonly address: string;
  /** Destroys what is still open after a short wait. */
  close(): Promise<void>;
}

/** For peers to end their streams in answer to the end of ours. */
const CLOSE_GRACE_MS = 100;

export async function listenForPeers(
  listen: string,
  credentials: ServerCredentials,
  calls: PeerCalls,
): Promise<PeerServer> {
  const server = new Server({
    ...COMMON_OPTIONS,
    'grpc.keepalive_time_ms': 1_000,
    'grpc.keepalive_timeout_ms': 1_000,
  });
  server.addService(PEER_SERVICE, {
    Link: calls.link,
    FetchCheckpoint: calls.fetchCheckpoint,
    Meet: calls.meet,
  } as UntypedServiceImplementation);
  const address = await bind(server, listen, credentials);
  return { address, close: () => closeServer(server) };
}

function bind(server: Server, listen: string, credentials: ServerCredentials): Promise<string> {
  const place = parseHostPort(listen);
  if (place === undefined) {
    return Promise.reject(new RollcallError('INVALID_ARGUMENT', `not HOST:PORT: ${listen}`));
  }
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, credentials, (error, port) => {
      if (error === null) return resolve(formatHostPort({ host: place.host, port }));
      server.forceShutdown();
      reject(bindError(listen, error));
    });
  });
}

function bindError(listen: string, cause: Error): RollcallError {
  const taken = cause.message.includes('EADDRINUSE');
  const reason = taken ? 'another process listens on it already' : cause.message;
  return new RollcallError('UNAVAILABLE', `cannot listen on peer address ${listen}: ${reason}`, {
    cause,
    endpoint: listen,
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, CLOSE_GRACE_MS);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
