/**
 * The port between a member and its peers. Messages may be lost (link down, queue full) and never block the
 * sender; on one established link, appends and forwards keep their order while votes, heartbeats and answers
 * may overtake them. Implementations: `grpc-transport.ts`, and `memory-transport.ts` for the simulator.
 */
import type { Index, MemberId, Term } from '../types/ids.js';
import type { ConfiguredMember } from '../types/log.js';
import type { PeerMessage } from '../types/peer.js';

export interface Transport {
  /** HOST:PORT that it really listens on. */
  readonly address: string;
  /** Begins dialing; messages flow from here on. Called once. */
  start(handler: TransportHandler): void;
  /** All members but this one: new ones are dialed, gone ones dropped, moved ones dialed again. */
  setPeers(peers: readonly ConfiguredMember[]): void;
  /** Never blocks, never throws; what cannot be sent now or soon is dropped. */
  send(to: MemberId, messages: readonly PeerMessage[]): void;
  /**
   * The rows of the checkpoint at (index, term), on a connection of its own. Throws RollcallError when the
   * transfer breaks; a new call with the last row's key goes on from there.
   */
  fetchCheckpoint(from: MemberId, request: CheckpointRequest): AsyncIterable<CheckpointChunk>;
  /** Ends within a second. Nothing is received afterwards. */
  close(): Promise<void>;
}

export interface TransportHandler {
  /** Entry bytes inside may be views on a received buffer, which nobody else writes to. */
  receive(from: MemberId, messages: readonly PeerMessage[]): void;
  /** What is sent from now on can arrive; what was sent before may be lost. */
  connected(peer: MemberId): void;
  /**
   * An established link was closed by the other side, and a new connection was refused or stayed silent for
   * 50 ms. Never for a close of our own. At most once per loss.
   */
  peerDown(peer: MemberId): void;
  /** Failing, or ending without a chunk that is `done`, breaks the transfer. */
  serveCheckpoint(request: CheckpointRequest): AsyncIterable<CheckpointChunk>;
}

export interface CheckpointRequest {
  readonly index: Index;
  readonly term: Term;
  /** Rows after this key only: an interrupted transfer goes on. */
  readonly afterKey: Uint8Array | undefined;
}

export interface CheckpointChunk {
  /** In the first chunk of a transfer only. */
  readonly meta?: Uint8Array;
  readonly rows: Uint8Array;
  /** The last chunk. */
  readonly done: boolean;
}

/** How long a new connection may stay silent before the peer counts as down. */
export const PROBE_SILENCE_MS = 50;
