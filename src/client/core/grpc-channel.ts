/**
 * A channel over gRPC: one HTTP/2 connection of its own, kept alive, never re-made here. Its address is
 * used as it stands: no proxy from the environment, no service configuration from DNS.
 */
import {
  type ChannelCredentials,
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
import type { TlsOptions } from '../types.js';
import type {
  AskTerms,
  Channel,
  ChannelFactory,
  ChannelStream,
  ConnectionWatcher,
  StreamHandler,
} from './channel.js';

type SessionCall = ClientDuplexStream<Outgoing<wire.StreamRequest>, wire.StreamResponse>;

/** Snapshots come in parts well below this. */
const RECEIVE_BYTES_MAX = 16 * 1024 * 1024;
/** How long it may take to be told why a connection cannot be made. */
const REASON_MS_MAX = 200;
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

/** Without `tls`: in plain text. Throws on keys and certificates that are none. */
export function grpcChannels(tls: TlsOptions | undefined): ChannelFactory {
  const security = securityOf(tls);
  return (endpoint) => new GrpcChannel(endpoint, security);
}

interface Security {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

function securityOf(tls: TlsOptions | undefined): Security {
  if (tls === undefined) return { credentials: credentials.createInsecure(), options: OPTIONS };
  const { ca, key, certificate, serverName } = tls;
  const named = serverName === undefined ? {} : { 'grpc.ssl_target_name_override': serverName };
  return {
    credentials: credentials.createSsl(pem(ca), pem(key), pem(certificate)),
    options: { ...OPTIONS, ...named },
  };
}

function pem(text: string | Uint8Array | undefined): Buffer | null {
  return text === undefined ? null : Buffer.from(text as Uint8Array);
}

class GrpcChannel implements Channel {
  readonly endpoint: string;
  readonly #client: Client;
  readonly #streams = new Set<GrpcStream>();
  #isConnected = false;
  #isClosed = false;

  constructor(endpoint: string, { credentials, options }: Security) {
    this.endpoint = endpoint;
    this.#client = new Client(endpoint, credentials, options);
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
      if (this.#hasFailed(state)) void this.#failure().then((error) => watcher.failed(error));
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

  ask<Request, Response>(
    method: Method<Request, Response>,
    request: Outgoing<Request>,
    terms: AskTerms,
  ): Promise<Response> {
    return this.#unary(method, request, terms).catch((error: ServiceError) => {
      throw this.#isConnected ? callFailure(error, this.endpoint) : this.#unreachable(error);
    });
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

  async #failure(): Promise<RollcallError> {
    const { endpoint } = this;
    if (this.#isConnected) {
      return new RollcallError('UNAVAILABLE', `${endpoint}: the connection was lost`, { endpoint });
    }
    // Only a call is told why: on a connection that cannot be made it fails at once.
    const why = await this.#unary(services.Cluster.Status, {}, { timeoutMs: REASON_MS_MAX }).then(
      () => undefined,
      (error: ServiceError) => error,
    );
    return this.#unreachable(why);
  }

  /** It was never connected, so nothing was sent. */
  #unreachable(cause: ServiceError | undefined): RollcallError {
    const { endpoint } = this;
    const text = `${endpoint}: ${whyUnreachable(cause?.details ?? '')}`;
    return new RollcallError('UNAVAILABLE', text, { endpoint, cause });
  }

  #unary<Request, Response>(
    { path, requestSerialize, responseDeserialize }: Method<Request, Response>,
    request: Outgoing<Request>,
    { timeoutMs, signal }: AskTerms,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const cancel = (): void => call.cancel();
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize as (message: Outgoing<Request>) => Buffer,
        responseDeserialize,
        request,
        { deadline: Date.now() + timeoutMs },
        (error, response) => {
          signal?.removeEventListener('abort', cancel);
          if (error !== null) reject(error);
          else resolve(response as Response);
        },
      );
      signal?.addEventListener('abort', cancel, { once: true });
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

/** A call of its own that failed on a connection that was made. */
function callFailure(error: ServiceError, endpoint: string): RollcallError {
  const failure = streamFailure(error, endpoint);
  if (failure.code !== 'PROTOCOL' || error.code !== statusCode.UNIMPLEMENTED) return failure;
  const text = `${endpoint} does not know this call: it runs an older version`;
  return new RollcallError('UNIMPLEMENTED', text, { endpoint, cause: error });
}

function plainDetails(details: string): string {
  if (details.startsWith('No connection established')) return whyUnreachable(details);
  return details === 'Connection dropped' ? 'the connection was lost' : details;
}

/** What grpc-js says of a connection that could not be made, without what only its authors need. */
function whyUnreachable(details: string): string {
  if (details.includes('ECONNREFUSED')) return 'the connection was refused';
  const [, last] =
    /Last error: (?:Error: )?(.*?)\.? ?(?:Resolution note: .*)?$/s.exec(details) ?? [];
  return last === undefined || last === '' ? 'the connection could not be made' : last;
}

/** A failed call carries its ErrorDetail in a trailer; without one it is the network's doing. */
export function toRollcallError(error: ServiceError, endpoint: string): RollcallError {
  const [trailer] = error.metadata?.get(ERROR_TRAILER) ?? [];
  if (Buffer.isBuffer(trailer)) return errorFrom(codec('ErrorDetail').decode(trailer), endpoint);
  const code = error.code === statusCode.DEADLINE_EXCEEDED ? 'TIMEOUT' : 'UNAVAILABLE';
  const text = `${endpoint}: ${plainDetails(error.details)}`;
  return new RollcallError(code, text, { outcome: 'unknown', endpoint, cause: error });
}
