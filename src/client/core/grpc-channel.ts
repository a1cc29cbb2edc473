/**
 * A channel over gRPC: one HTTP/2 connection of its own, kept alive, never re-made here. Its address is
 * used as it stands: no proxy from the environment, no service configuration from DNS.
 */
import {
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  connectivityState,
  credentials,
  Metadata,
  type ServiceError,
  status as statusCode,
} from '@grpc/grpc-js';
import type * as wire from '../../gen/index.js';
import { codec, ERROR_TRAILER, services } from '../../rpc/definitions.js';
import { errorFrom } from '../../rpc/failure.js';
import type { Method, Outgoing } from '../../rpc/shapes.js';
import { RollcallError } from '../../types/errors.js';
import type { Channel, ChannelStream, ConnectionWatcher, StreamHandler } from './channel.js';

type SessionCall = ClientDuplexStream<Outgoing<wire.StreamRequest>, wire.StreamResponse>;

/** Snapshots come in parts well below this. */
const RECEIVE_BYTES_MAX = 16 * 1024 * 1024;
/** A stream whose end the member does not confirm is cut. */
const END_MS_MAX = 500;

const OPTIONS: ChannelOptions = {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': RECEIVE_BYTES_MAX,
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc-node.flow_control_window': 1024 * 1024,
};

export function openGrpcChannel(endpoint: string): Channel {
  return new GrpcChannel(endpoint);
}

class GrpcChannel implements Channel {
  readonly endpoint: string;
  readonly #client: Client;
  readonly #streams = new Set<GrpcStream>();
  #isConnected = false;
  #isClosed = false;

  constructor(endpoint: string) {
    this.endpoint = endpoint;
    this.#client = new Client(endpoint, credentials.createInsecure(), OPTIONS);
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  connect(watcher: ConnectionWatcher): void {
    const channel = this.#client.getChannel();
    const look = (): void => {
      if (this.#isClosed) return;
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY && !this.#isConnected) {
        this.#isConnected = true;
        watcher.connected();
      }
      if (this.#hasFailed(state)) watcher.failed(this.#unreachable());
      else channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, look);
    };
    look();
  }

  open(handler: StreamHandler): ChannelStream {
    const { path, requestSerialize, responseDeserialize } = services.Sessions.Stream;
    const call: SessionCall = this.#client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      new Metadata({ waitForReady: false }),
      {},
    );
    const stream = new GrpcStream(call, this.endpoint, handler);
    this.#streams.add(stream);
    call.on('close', () => this.#streams.delete(stream));
    return stream;
  }

  status(timeoutMs: number): Promise<wire.StatusResponse> {
    return this.#unary(services.Cluster.Status, {}, timeoutMs);
  }

  members(timeoutMs: number): Promise<wire.MembersResponse> {
    return this.#unary(services.Cluster.Members, {}, timeoutMs);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stream of [...this.#streams]) stream.close();
    this.#client.close();
  }

  /** What was connected and is not any more has failed: a new channel is made, by whoever wants one. */
  #hasFailed(state: connectivityState): boolean {
    if (state === connectivityState.TRANSIENT_FAILURE) return true;
    return this.#isConnected && state !== connectivityState.READY;
  }

  #unreachable(): RollcallError {
    const why = this.#isConnected ? 'the connection was lost' : 'the connection was refused';
    return new RollcallError('UNAVAILABLE', `${this.endpoint}: ${why}`, {
      endpoint: this.endpoint,
    });
  }

  #unary<Request, Response>(
    method: Method<Request, Response>,
    request: Outgoing<Request>,
    timeoutMs: number,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = method;
      const options = { deadline: Date.now() + timeoutMs };
      this.#client.makeUnaryRequest(
        path,
        requestSerialize as (message: Outgoing<Request>) => Buffer,
        responseDeserialize,
        request,
        options,
        (error, response) => {
          if (error !== null) reject(toRollcallError(error, this.endpoint));
          else resolve(response as Response);
        },
      );
    });
  }
}

class GrpcStream implements ChannelStream {
  readonly #call: SessionCall;
  #isClosed = false;

  constructor(call: SessionCall, endpoint: string, handler: StreamHandler) {
    this.#call = call;
    call.on('data', (frame: wire.StreamResponse) => {
      if (!this.#isClosed) handler.frame(frame);
    });
    call.on('drain', () => {
      if (!this.#isClosed) handler.drained();
    });
    const end = (error: RollcallError): void => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      handler.ended(error);
    };
    call.on('error', (error: ServiceError) => end(streamFailure(error, endpoint)));
    call.on('end', () => end(ended(endpoint)));
  }

  send(frame: Outgoing<wire.StreamRequest>): boolean {
    return this.#isClosed || this.#call.write(frame);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#call.end();
    const cut = setTimeout(() => this.#call.cancel(), END_MS_MAX);
    cut.unref();
    this.#call.once('close', () => clearTimeout(cut));
  }
}

function ended(endpoint: string): RollcallError {
  return new RollcallError('UNAVAILABLE', `${endpoint} ended the stream`, {
    outcome: 'unknown',
    endpoint,
  });
}

/** What one side could not take from the other: repeating it elsewhere may end the same way. */
const GARBLED: ReadonlySet<number> = new Set([
  statusCode.INTERNAL,
  statusCode.RESOURCE_EXHAUSTED,
  statusCode.UNIMPLEMENTED,
]);

function streamFailure(error: ServiceError, endpoint: string): RollcallError {
  const failure = toRollcallError(error, endpoint);
  if (failure.code !== 'UNAVAILABLE' || !GARBLED.has(error.code)) return failure;
  const text = `${endpoint}: ${error.details}`;
  return new RollcallError('PROTOCOL', text, { outcome: 'unknown', endpoint, cause: error });
}

/** A failed call carries its ErrorDetail in a trailer; without one it is the network's doing. */
export function toRollcallError(error: ServiceError, endpoint: string): RollcallError {
  const [trailer] = error.metadata?.get(ERROR_TRAILER) ?? [];
  if (Buffer.isBuffer(trailer)) return errorFrom(codec('ErrorDetail').decode(trailer), endpoint);
  const code = error.code === statusCode.DEADLINE_EXCEEDED ? 'TIMEOUT' : 'UNAVAILABLE';
  const text = `${endpoint}: ${error.details}`;
  return new RollcallError(code, text, { outcome: 'unknown', endpoint, cause: error });
}
