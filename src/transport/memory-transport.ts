/**
 * One member's end of a `MemoryNetwork`: links that come up by dialing, are lost when the other side dies or the
 * cable stays cut, and come up again. Messages pass the real codec both ways. No timers and no clock of its own.
 */
import { PEER_PROTOCOL_VERSION } from '../codec/peer.js';
import { assert } from '../types/assert.js';
import { RollcallError } from '../types/errors.js';
import type { ClusterId, MemberId } from '../types/ids.js';
import { PEER_FRAME_BYTES_MAX } from '../types/limits.js';
import type { ConfiguredMember } from '../types/log.js';
import type { PeerMessage } from '../types/peer.js';
import { helloProblem, keepAddressed } from './inlet.js';
import type { MemoryNetwork } from './memory-network.js';
import { encodePayloads } from './send-queue.js';
import {
  type CheckpointChunk,
  type CheckpointRequest,
  PROBE_SILENCE_MS,
  type Transport,
  type TransportHandler,
} from './transport.js';

export interface MemoryTransportOptions {
  readonly self: { readonly id: MemberId; readonly name: string };
  readonly clusterId: ClusterId;
  /** For show; members are found by id. */
  readonly address?: string;
}

/** The process at the other end; another one under the same id is another link. */
type Link = { readonly target: MemoryTransport };

export class MemoryTransport implements Transport {
  readonly address: string;
  readonly #network: MemoryNetwork;
  readonly #options: MemoryTransportOptions;
  readonly #links = new Map<MemberId, Link>();
  #peers = new Set<MemberId>();
  #handler: TransportHandler | undefined;
  #alive = true;

  constructor(network: MemoryNetwork, options: MemoryTransportOptions) {
    this.#network = network;
    this.#options = options;
    this.address = options.address ?? `${options.self.name}:1`;
  }

  get id(): MemberId {
    return this.#options.self.id;
  }

  start(handler: TransportHandler): void {
    assert(this.#handler === undefined, 'start is called once');
    this.#handler = handler;
    for (const peer of this.#peers) this.dial(peer);
    this.#network.announce(this.id);
  }

  setPeers(peers: readonly ConfiguredMember[]): void {
    const ids = peers.map((peer) => peer.id).filter((id) => id !== this.id);
    this.#peers = new Set(ids);
    for (const id of this.#links.keys()) if (!this.#peers.has(id)) this.#links.delete(id);
    for (const id of ids) this.dial(id);
  }

  send(to: MemberId, messages: readonly PeerMessage[]): void {
    const target = this.#peers.has(to) ? this.#links.get(to)?.target : this.#callerOf(to);
    if (target === undefined || !this.#alive) return;
    for (const { bytes } of encodePayloads(messages)) {
      if (bytes.length <= PEER_FRAME_BYTES_MAX) this.#network.transmit(this.id, target, bytes);
    }
  }

  async *fetchCheckpoint(
    from: MemberId,
    request: CheckpointRequest,
  ): AsyncGenerator<CheckpointChunk> {
    await this.#network.hop(this.id, from);
    const source = this.#network.find(from)?.serve(request);
    if (source === undefined) throw new RollcallError('UNAVAILABLE', `${from} does not serve`);
    try {
      for (;;) {
        const chunk = await nextChunk(source);
        await this.#network.hop(from, this.id);
        yield chunk;
        if (chunk.done) return;
        await this.#network.hop(this.id, from);
      }
    } finally {
      await source.return?.();
    }
  }

  close(): Promise<void> {
    if (this.#network.find(this.id) === this) this.#network.kill(this.id);
    return Promise.resolve();
  }

  // ---- What the network calls. ----

  /** No call reaches the handler from here on. */
  die(): void {
    this.#alive = false;
    this.#links.clear();
  }

  /** Tries to link, unless linked; if it fails, `announce` and `heal` bring the next try. */
  dial(to: MemberId): void {
    if (!this.#wants(to)) return;
    this.#network.schedule(this.#network.policy.dialMs(this.id, to), () => this.#connect(to));
  }

  /** The other side's connections closed; whether it is gone, a new connection tells. */
  seeClose(killed: MemoryTransport): void {
    if (!this.#lose(killed)) return;
    const network = this.#network;
    network.schedule(network.policy.dialMs(this.id, killed.id), () => this.#probe(killed.id));
    this.dial(killed.id);
  }

  /** A close of our own. */
  giveUp(target: MemoryTransport): void {
    if (this.#lose(target)) this.dial(target.id);
  }

  take(from: MemberId, messages: readonly PeerMessage[]): void {
    if (!this.#alive || this.#handler === undefined) return;
    const kept = keepAddressed(messages, from, this.id);
    if (kept.length > 0) this.#handler.receive(from, kept);
  }

  serve(request: CheckpointRequest): AsyncIterator<CheckpointChunk> | undefined {
    return this.#handler?.serveCheckpoint(request)[Symbol.asyncIterator]();
  }

  #wants(to: MemberId): boolean {
    const started = this.#alive && this.#handler !== undefined;
    return started && this.#peers.has(to) && !this.#links.has(to);
  }

  #connect(to: MemberId): void {
    const target = this.#network.find(to);
    if (!this.#wants(to) || target === undefined || !this.#network.isOpen(this.id, to)) return;
    if (target.#handler === undefined || !this.#mayTalk(target)) return;
    this.#links.set(to, { target });
    this.#handler!.connected(to);
    target.#greeted(this);
  }

  /** A peer that is not configured here yet is answered on its own stream. */
  #greeted(caller: MemoryTransport): void {
    if (!this.#peers.has(caller.id)) this.#handler!.connected(caller.id);
  }

  #callerOf(to: MemberId): MemoryTransport | undefined {
    const caller = this.#network.find(to);
    if (caller === undefined) return undefined;
    return caller.#links.get(this.id)?.target === this ? caller : undefined;
  }

  #mayTalk(target: MemoryTransport): boolean {
    const hello = (of: MemoryTransport) => ({
      clusterId: of.#options.clusterId,
      memberId: of.id,
      name: of.#options.self.name,
      protocolVersion: PEER_PROTOCOL_VERSION,
    });
    return helloProblem(hello(target), { own: hello(this), peer: target.id }) === undefined;
  }

  #lose(target: MemoryTransport): boolean {
    if (!this.#alive || this.#links.get(target.id)?.target !== target) return false;
    this.#links.delete(target.id);
    return true;
  }

  #probe(id: MemberId): void {
    if (!this.#network.isOpen(this.id, id)) {
      this.#network.schedule(PROBE_SILENCE_MS, () => this.#tellDown(id));
    } else if (this.#network.find(id) === undefined) this.#tellDown(id);
  }

  #tellDown(id: MemberId): void {
    if (this.#alive && !this.#links.has(id) && this.#peers.has(id)) this.#handler?.peerDown(id);
  }
}

/** A copy, as if read from a socket. */
async function nextChunk(source: AsyncIterator<CheckpointChunk>): Promise<CheckpointChunk> {
  const next = await takeNext(source);
  if (next.done === true) throw new RollcallError('UNAVAILABLE', 'transfer ended too early');
  const { meta, rows, done } = next.value;
  return { rows: rows.slice(), done, ...(meta === undefined ? {} : { meta: meta.slice() }) };
}

async function takeNext(
  source: AsyncIterator<CheckpointChunk>,
): Promise<IteratorResult<CheckpointChunk>> {
  try {
    return await source.next();
  } catch (cause) {
    throw new RollcallError('UNAVAILABLE', `checkpoint transfer: ${String(cause)}`, { cause });
  }
}
