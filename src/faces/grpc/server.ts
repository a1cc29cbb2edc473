/**
 * The gRPC door: one server with the public API, health and reflection. Owns its bounds (message sizes,
 * streams and memory a connection, keepalive) and its end: streams are told to move before the
 * connections are closed.
 */
import {
  Metadata,
  Server,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerMethodDefinition,
  type ServerOptions,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { services } from '../../rpc/definitions.js';
import type { FaceFactory, FaceMetrics } from '../../server/face.js';
import { REQUEST_BYTES_MAX } from '../../types/limits.js';
import { Callers } from './callers.js';
import { catalogHandlers } from './catalog.js';
import { clusterHandlers } from './cluster.js';
import type { GrpcContext, LongCall } from './context.js';
import { openDoor } from './door.js';
import { addHealth } from './health.js';
import { InstanceBytes } from './instance-bytes.js';
import { tolerant } from './malformed.js';
import { Pulse } from './pulse.js';
import { reflect, reflectionServices } from './reflection.js';
import { sessionsHandlers } from './sessions.js';
import { SnapshotQueue } from './snapshot-queue.js';
import { treeHandlers } from './tree.js';

export interface GrpcFaceOptions {
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
  /** A connection is asked for a sign of life this often, and dropped without one. */
  readonly keepalive?: { readonly everyMs: number; readonly timeoutMs: number };
}

/** Room for the message around the largest body. */
const REQUEST_SLACK_BYTES = 64 * 1024;
/** One stream carries a whole client; this leaves room for callers that open a call for each watch. */
const STREAMS_PER_CONNECTION_MAX = 10_000;
/** Megabytes of HTTP/2 state a connection may take: several of the largest requests at once. */
const SESSION_MEMORY_MB = 64;
const KEEPALIVE = { everyMs: 10_000, timeoutMs: 5_000 };

const OPTIONS: ServerOptions = {
  'grpc.max_receive_message_length': REQUEST_BYTES_MAX + REQUEST_SLACK_BYTES,
  'grpc.max_send_message_length': -1,
  'grpc.max_concurrent_streams': STREAMS_PER_CONNECTION_MAX,
  'grpc-node.max_session_memory': SESSION_MEMORY_MB,
  'grpc.enable_channelz': 0,
  interceptors: [refuseCompression],
};

export function grpcFace(options: GrpcFaceOptions): FaceFactory<FaceMetrics> {
  return async (context) => {
    const { everyMs, timeoutMs } = options.keepalive ?? KEEPALIVE;
    const server = new Server({
      ...OPTIONS,
      'grpc.keepalive_time_ms': everyMs,
      'grpc.keepalive_timeout_ms': timeoutMs,
    });
    const callers = new Callers(context.service, context.metrics);
    const longCalls = new Set<LongCall>();
    const { service, metrics } = context;
    const shared = { callers, longCalls, waiting: { total: 0 }, pulse: new Pulse() };
    const begun = { snapshots: new SnapshotQueue(), instances: new InstanceBytes() };
    addServices(server, { service, metrics, ...shared, ...begun });
    const health = addHealth(server, service, serviceNames());
    const door = await openDoor(server, context.listen ?? options.listen, service.connections);
    return {
      name: 'grpc',
      address: door.address,
      close: async (withinMs) => {
        health.leave();
        door.close();
        for (const call of [...longCalls]) call.move();
        await shutDown(server, withinMs);
        health.stop();
        callers.close();
      },
    };
  };
}

function addServices(server: Server, context: GrpcContext): void {
  add(server, services.Tree, treeHandlers(context));
  add(server, services.Sessions, sessionsHandlers(context));
  add(server, services.Catalog, catalogHandlers(context));
  add(server, services.Cluster, clusterHandlers(context));
  for (const reflection of reflectionServices()) {
    add(server, reflection, { ServerReflectionInfo: reflect });
  }
}

/** Our handlers know their messages better than grpc-js can. */
function add(server: Server, definition: object, handlers: object): void {
  server.addService(
    tolerant(definition) as ServiceDefinition,
    handlers as UntypedServiceImplementation,
  );
}

function serviceNames(): string[] {
  return Object.keys(services).map((name) => `rollcall.v1.${name}`);
}

/** Waits for open calls as long as it may, then cuts them; not for a hung client to close its end. */
function shutDown(server: Server, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, withinMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * Compressed requests are refused before a byte is inflated: no client of ours compresses, and a small
 * message that inflates without end is an old attack. grpc-js takes the header away before interceptors
 * see the metadata, but keeps what it said.
 */
function refuseCompression(
  _method: ServerMethodDefinition<unknown, unknown>,
  call: ServerInterceptingCallInterface & { readonly incomingEncoding?: string },
): ServerInterceptingCall {
  const { incomingEncoding } = call;
  const isPlain = incomingEncoding === undefined || incomingEncoding === 'identity';
  if (isPlain) return call as ServerInterceptingCall;
  return new ServerInterceptingCall(call, {
    start: () => {
      const metadata = new Metadata();
      metadata.set('grpc-accept-encoding', 'identity');
      const details = 'compression is not supported';
      call.sendStatus({ code: status.UNIMPLEMENTED, details, metadata });
    },
  });
}
