/**
 * The transport over gRPC. Owns the listening server from before the founding meeting to the end, one outgoing
 * link per configured peer, and the streams that peers opened to this member. A peer that is not configured here
 * yet (a new member hears from its leader before it knows the configuration) is answered on its own stream.
 */
import { ChannelCredentials, ServerCredentials, type sendUnaryData, status } from '@grpc/grpc-js';
import { PEER_PROTOCOL_VERSION } from '../codec/peer.js';
import { assert } from '../types/assert.js';
import { RollcallError } from '../types/errors.js';
import type { ClusterId, MemberId } from '../types/ids.js';
import type { ConfiguredMember } from '../types/log.js';
import type { PeerHello, PeerMessage } from '../types/peer.js';
import type { Logger } from '../types/ports.js';
import type { Founded, InitialMember } from './founding.js';
import { resolveHostPort } from './grpc/address.js';
import { type FetchCall, fetchChunks, serveChunks } from './grpc/checkpoint-transfer.js';
import { InboundStream, type LinkCall } from './grpc/inbound-stream.js';
import { PeerLink } from './grpc/peer-link.js';
import { listenForPeers, type PeerServer } from './grpc/peer-server.js';
import type { MeetMessage } from './grpc/service.js';
import { keepAddressed } from './inlet.js';
import { Meeting } from './meeting.js';
import { encodePayloads } from './send-queue.js';
import { addTraffic, type PeerTraffic, TrafficBook } from './traffic.js';
import type {
  CheckpointChunk,
  CheckpointRequest,
  Transport,
  TransportHandler,
} from './transport.js';

export interface GrpcTransportOptions {
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
  readonly self: { readonly id: MemberId; readonly name: string };
  readonly logger: Logger;
  /** Without them links are in the clear. */
  readonly credentials?: {
    readonly server: ServerCredentials;
    readonly client: ChannelCredentials;
  };
}

export interface MeetOptions {
  readonly initialMembers: readonly InitialMember[];
  /** What this member's disk says it belongs to, if anything. */
  readonly known?: Founded;
  /**
   * Peer addresses of a cluster that has added this member: its id is learned from whichever answers first.
   * `initialMembers` is not looked at.
   */
  readonly joinVia?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Binds at once; a taken port is RollcallError UNAVAILABLE. Then `meet`, then `start`. */
export async function createGrpcTransport(options: GrpcTransportOptions): Promise<GrpcTransport> {
  const transport = new GrpcTransport(options);
  await transport.listen();
  return transport;
}

export class GrpcTransport implements Transport {
  readonly #options: GrpcTransportOptions;
  readonly #clientCredentials: ChannelCredentials;
  readonly #links = new Map<MemberId, PeerLink>();
  /** Streams that peers opened; the latest one of each. */
  readonly #inbound = new Map<MemberId, InboundStream>();
  readonly #streams = new Set<InboundStream>();
  readonly #gone = new TrafficBook();
  readonly #closing = new AbortController();
  readonly #meetingOver = new AbortController();
  #peers: readonly ConfiguredMember[] = [];
  #server: PeerServer | undefined;
  #meeting: Meeting | undefined;
  #clusterId: ClusterId | undefined;
  #handler: TransportHandler | undefined;

  constructor(options: GrpcTransportOptions) {
    this.#options = options;
    this.#clientCredentials = options.credentials?.client ?? ChannelCredentials.createInsecure();
  }

  get address(): string {
    assert(this.#server !== undefined, 'transport does not listen yet');
    return this.#server.address;
  }

  /** Called by `createGrpcTransport`. */
  async listen(): Promise<void> {
    const { listen, credentials } = this.#options;
    const server = credentials?.server ?? ServerCredentials.createInsecure();
    this.#server = await listenForPeers(listen, server, {
      link: (call) => this.#accept(call),
      fetchCheckpoint: (call) => this.#serve(call),
      meet: (_call, answer) => this.#answer(answer),
    });
  }

  /** The cluster this member belongs to, founding it with the others if there is none. Once, before `start`. */
  async meet(options: MeetOptions): Promise<Founded> {
    assert(this.#meeting === undefined, 'meet is called once');
    const { self, logger } = this.#options;
    const { signal: wanted, ...rest } = options;
    const callOff = (): void => this.#meetingOver.abort();
    if (wanted?.aborted === true) callOff();
    wanted?.addEventListener('abort', callOff);
    this.#meeting = new Meeting({
      ...rest,
      self,
      logger,
      credentials: this.#clientCredentials,
      signal: this.#meetingOver.signal,
    });
    try {
      const founded = await this.#meeting.run();
      this.#clusterId = founded.clusterId;
      return founded;
    } finally {
      wanted?.removeEventListener('abort', callOff);
    }
  }

  start(handler: TransportHandler): void {
    assert(this.#handler === undefined, 'start is called once');
    assert(this.#clusterId !== undefined, 'start comes after meet');
    this.#handler = handler;
    this.setPeers(this.#peers);
  }

  setPeers(peers: readonly ConfiguredMember[]): void {
    this.#peers = peers.filter((peer) => peer.id !== this.#options.self.id);
    if (this.#handler === undefined || this.#closing.signal.aborted) return;
    const wanted = new Map(this.#peers.map((peer) => [peer.id, peer]));
    for (const [id, link] of this.#links) {
      if (wanted.get(id)?.peerAddress === link.peer.peerAddress) wanted.delete(id);
      else void this.#dropLink(id, link);
    }
    for (const peer of wanted.values()) this.#links.set(peer.id, this.#createLink(peer));
  }

  send(to: MemberId, messages: readonly PeerMessage[]): void {
    const link = this.#links.get(to);
    if (link?.isUp === true) link.send(encodePayloads(messages));
    else if (link === undefined) this.#inbound.get(to)?.outlet.send(encodePayloads(messages));
  }

  /** Of every configured peer: whether it is linked, and what passed over the streams with it. */
  traffic(): readonly PeerTraffic[] {
    return this.#peers.map(({ id }) => {
      const link = this.#links.get(id);
      const own = addTraffic(this.#gone.of(id), link?.traffic);
      const all = addTraffic(own, this.#inbound.get(id)?.traffic);
      return { id, isConnected: link?.isUp ?? false, ...all };
    });
  }

  async *fetchCheckpoint(
    from: MemberId,
    request: CheckpointRequest,
  ): AsyncGenerator<CheckpointChunk> {
    const peer = this.#peers.find(({ id }) => id === from);
    if (peer === undefined || this.#clusterId === undefined) {
      throw new RollcallError('UNAVAILABLE', `no address of member ${from}`);
    }
    const address = peer.peerAddress;
    const place = await resolveHostPort(address);
    yield* fetchChunks({
      dial: { address, place, credentials: this.#clientCredentials },
      clusterId: this.#clusterId,
      memberId: this.#options.self.id,
      request,
      signal: this.#closing.signal,
    });
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#meetingOver.abort();
    const links = [...this.#links].map(([id, link]) => this.#dropLink(id, link));
    // First the port, then the streams: a peer that asks why finds nobody there.
    const closed = this.#server?.close();
    for (const stream of this.#streams) stream.end(status.UNAVAILABLE, 'member is closing');
    await Promise.all([closed, ...links]);
  }

  #createLink(peer: ConfiguredMember): PeerLink {
    const { logger } = this.#options;
    const handler = this.#handler!;
    return new PeerLink({
      peer,
      hello: this.#hello(),
      credentials: this.#clientCredentials,
      logger,
      handler: {
        messages: (from, messages) => this.#deliver(from, messages),
        connected: (id) => handler.connected(id),
        peerDown: (id) => handler.peerDown(id),
      },
    });
  }

  #dropLink(id: MemberId, link: PeerLink): Promise<void> {
    this.#links.delete(id);
    this.#gone.add(id, link.traffic);
    return link.close();
  }

  #hello(): PeerHello {
    const { id, name } = this.#options.self;
    return {
      clusterId: this.#clusterId,
      memberId: id,
      name,
      protocolVersion: PEER_PROTOCOL_VERSION,
    };
  }

  #deliver(from: MemberId, messages: readonly PeerMessage[]): void {
    if (this.#closing.signal.aborted) return;
    const kept = keepAddressed(messages, from, this.#options.self.id);
    if (kept.length < messages.length) {
      this.#options.logger.warn({ peer: from }, 'dropped messages with a wrong address');
    }
    if (kept.length > 0) this.#handler!.receive(from, kept);
  }

  #accept(call: LinkCall): void {
    if (this.#handler === undefined || this.#closing.signal.aborted) {
      call.emit('error', { code: status.UNAVAILABLE, details: 'member is not ready' });
      return;
    }
    const stream = new InboundStream({
      call,
      hello: this.#hello(),
      logger: this.#options.logger,
      events: {
        greeted: (greeted, peer) => this.#greeted(greeted, peer),
        messages: (from, messages) => this.#deliver(from, messages),
        ended: (ended) => this.#forget(ended),
      },
    });
    this.#streams.add(stream);
  }

  #greeted(stream: InboundStream, peer: MemberId): void {
    this.#inbound.get(peer)?.end(status.ABORTED, 'replaced by a newer stream');
    this.#inbound.set(peer, stream);
    const link = this.#links.get(peer);
    if (link === undefined) this.#handler!.connected(peer);
    else link.nudge();
  }

  #forget(stream: InboundStream): void {
    this.#streams.delete(stream);
    const { peer } = stream;
    if (peer !== undefined) this.#gone.add(peer, stream.traffic);
    if (peer !== undefined && this.#inbound.get(peer) === stream) this.#inbound.delete(peer);
  }

  #serve(call: FetchCall): void {
    const handler = this.#handler;
    if (handler === undefined || call.request.clusterId !== this.#clusterId) {
      const details = `this member does not serve cluster ${call.request.clusterId}`;
      call.emit('error', { code: status.FAILED_PRECONDITION, details });
      return;
    }
    void serveChunks(call, (request) => handler.serveCheckpoint(request));
  }

  #answer(answer: sendUnaryData<MeetMessage>): void {
    if (this.#meeting !== undefined) answer(null, this.#meeting.answer());
    else answer({ code: status.UNAVAILABLE, details: 'member is not ready' });
  }
}
