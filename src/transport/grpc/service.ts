/**
 * The peer service as grpc-js wants it: paths, codecs and channel options. Link carries raw frames, so its
 * codec is the identity; the rare calls (Meet, FetchCheckpoint) go through protobuf, loaded from `proto/`.
 */
import { fileURLToPath } from 'node:url';
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  type MethodDefinition,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { assert } from '../../types/assert.js';
import { PEER_FRAME_BYTES_MAX, PEER_WINDOW_BYTES } from '../../types/limits.js';
import { grpcTarget, type HostPort } from './address.js';

const PROTO = fileURLToPath(new URL('../../../proto/rollcall/peer/v1/peer.proto', import.meta.url));

export interface MeetMessage {
  readonly name: string;
  readonly memberId: string;
  readonly clusterId: string;
  readonly founders: readonly FoundingMemberMessage[];
  readonly protocolVersion: number;
}

export interface FoundingMemberMessage {
  readonly name: string;
  readonly id: string;
  readonly peerAddress: string;
}

export interface FetchMessage {
  readonly clusterId: string;
  readonly memberId: string;
  readonly index: number;
  readonly term: number;
  readonly afterKey: Uint8Array;
}

export interface ChunkMessage {
  readonly meta: Uint8Array;
  readonly rows: Uint8Array;
  readonly done: boolean;
}

interface PeerMethods {
  readonly link: MethodDefinition<Buffer, Buffer>;
  readonly fetchCheckpoint: MethodDefinition<FetchMessage, ChunkMessage>;
  readonly meet: MethodDefinition<MeetMessage, MeetMessage>;
}

export const PEER_METHODS: PeerMethods = loadMethods();

export const PEER_SERVICE: ServiceDefinition = {
  Link: PEER_METHODS.link,
  FetchCheckpoint: PEER_METHODS.fetchCheckpoint,
  Meet: PEER_METHODS.meet,
};

function loadMethods(): PeerMethods {
  const loaded = loadSync(PROTO, { longs: Number, defaults: true });
  const service = loaded['rollcall.peer.v1.Peer'] as ServiceDefinition | undefined;
  assert(service?.Link !== undefined, 'peer.proto lacks Link');
  assert(service.FetchCheckpoint !== undefined, 'peer.proto lacks FetchCheckpoint');
  assert(service.Meet !== undefined, 'peer.proto lacks Meet');
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    link: {
      ...service.Link,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
    fetchCheckpoint: service.FetchCheckpoint,
    meet: service.Meet,
  };
}

/** Room for the envelope around a full frame or a chunk of rows. */
const MESSAGE_BYTES_MAX = PEER_FRAME_BYTES_MAX + 64 * 1024;

export const COMMON_OPTIONS: ChannelOptions = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  'grpc-node.flow_control_window': PEER_WINDOW_BYTES,
  'grpc.enable_channelz': 0,
};

const CLIENT_OPTIONS: ChannelOptions = {
  ...COMMON_OPTIONS,
  // A connection belongs to one purpose: links, fetches and meetings never share one.
  'grpc.use_local_subchannel_pool': 1,
  // Without a retry buffer the write callback tells when a frame really left (see `outlet.ts`).
  'grpc.enable_retries': 0,
  'grpc.per_rpc_retry_buffer_size': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
};

export interface Dial {
  /** HOST:PORT as configured: the authority, and the name that TLS would check. */
  readonly address: string;
  /** Where that is. */
  readonly place: HostPort;
  readonly credentials: ChannelCredentials;
}

/** A client with a connection of its own. The caller closes it. */
export function dialPeer(dial: Dial, options: ChannelOptions = {}): Client {
  return new Client(grpcTarget(dial.place), dial.credentials, {
    ...CLIENT_OPTIONS,
    'grpc.default_authority': dial.address,
    ...options,
  });
}
