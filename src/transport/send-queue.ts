/**
 * What waits for one peer, in two lanes: votes, heartbeats and answers go first; appends, forwards and reports
 * keep their order behind them. Bounded in bytes per lane: what does not fit is refused whole. Messages are
 * encoded once, here; taking joins small payloads into one frame and cuts long ones into pieces.
 */
import { ByteWriter } from '../codec/cursor.js';
import { encodePeerMessage, estimateBytes } from '../codec/peer.js';
import {
  PEER_BULK_QUEUE_BYTES_MAX,
  PEER_CHUNK_BYTES,
  PEER_FRAME_BYTES_MAX,
  PEER_URGENT_QUEUE_BYTES_MAX,
} from '../types/limits.js';
import type { PeerMessage } from '../types/peer.js';
import { encodeFrame } from './frame.js';

export type Lane = 'urgent' | 'bulk';

export interface Payload {
  readonly lane: Lane;
  readonly bytes: Uint8Array;
}

/** Whether the order of these among each other matters, or their size would delay others. */
function laneOf(message: PeerMessage): Lane {
  switch (message.type) {
    case 'raft':
      return message.message.type === 'append' ? 'bulk' : 'urgent';
    case 'forward':
    case 'sessionReport':
    case 'status':
      return 'bulk';
    default:
      return 'urgent';
  }
}

/** Neighbours of one lane share a payload until it is long enough to stand alone. */
export function encodePayloads(messages: readonly PeerMessage[]): Payload[] {
  const payloads: Payload[] = [];
  let writer: ByteWriter | undefined;
  let lane: Lane = 'urgent';
  for (const message of messages) {
    if (writer !== undefined && (laneOf(message) !== lane || writer.length >= PEER_CHUNK_BYTES)) {
      payloads.push({ lane, bytes: writer.finish() });
      writer = undefined;
    }
    lane = laneOf(message);
    writer ??= new ByteWriter(estimateBytes(message));
    encodePeerMessage(message, writer);
  }
  if (writer !== undefined) payloads.push({ lane, bytes: writer.finish() });
  return payloads;
}

export class SendQueue {
  readonly #urgent = new Fifo(PEER_URGENT_QUEUE_BYTES_MAX);
  readonly #bulk = new Fifo(PEER_BULK_QUEUE_BYTES_MAX);
  /** How much of the first bulk payload has gone out as pieces. */
  #cut = 0;

  /** False when it does not fit and is dropped. */
  push(payload: Payload): boolean {
    if (payload.bytes.length > PEER_FRAME_BYTES_MAX) return false;
    return (payload.lane === 'urgent' ? this.#urgent : this.#bulk).push(payload.bytes);
  }

  get hasUrgent(): boolean {
    return this.#urgent.first !== undefined;
  }

  get hasBulk(): boolean {
    return this.#bulk.first !== undefined;
  }

  /** Call only when there is one. */
  takeUrgentFrame(): Buffer {
    return encodeFrame('messages', this.#urgent.takeUpTo(PEER_CHUNK_BYTES));
  }

  /** At most PEER_CHUNK_BYTES of payload. Call only when there is one. */
  takeBulkFrame(): Buffer {
    const first = this.#bulk.first!;
    if (first.length <= PEER_CHUNK_BYTES) {
      return encodeFrame('messages', this.#bulk.takeUpTo(PEER_CHUNK_BYTES));
    }
    const end = Math.min(this.#cut + PEER_CHUNK_BYTES, first.length);
    const piece = first.subarray(this.#cut, end);
    this.#cut = end === first.length ? 0 : end;
    if (end === first.length) this.#bulk.takeUpTo(0);
    return encodeFrame(end === first.length ? 'lastPiece' : 'piece', [piece]);
  }
}

/** Stands where an item was, so that its memory is free at once. */
const TAKEN = new Uint8Array(0);

/** First in, first out, bounded in bytes. */
class Fifo {
  readonly #bytesMax: number;
  #items: Uint8Array[] = [];
  #head = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get first(): Uint8Array | undefined {
    return this.#items[this.#head];
  }

  push(bytes: Uint8Array): boolean {
    if (this.#bytes + bytes.length > this.#bytesMax) return false;
    this.#items.push(bytes);
    this.#bytes += bytes.length;
    return true;
  }

  /** The first item, and those behind it that fit into `bytesMax` together with it. */
  takeUpTo(bytesMax: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    let bytes = 0;
    for (let next = this.first; next !== undefined; next = this.first) {
      if (taken.length > 0 && bytes + next.length > bytesMax) break;
      taken.push(next);
      bytes += next.length;
      this.#items[this.#head++] = TAKEN;
    }
    this.#bytes -= bytes;
    this.#compact();
    return taken;
  }

  #compact(): void {
    if (this.#head < 1024 && this.#head < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
