/**
 * Writes a queue to one stream without ever having more than PEER_UNSENT_BYTES_MAX of bulk handed over and not
 * yet written out: that is all a heartbeat can find ahead of it. Relies on the stream calling back when a frame
 * has left the process (flow control included), not when it was buffered.
 */
import { PEER_UNSENT_BYTES_MAX } from '../types/limits.js';
import { encodeFrame, type FrameKind } from './frame.js';
import { type Payload, SendQueue } from './send-queue.js';

export interface FrameSink {
  write(frame: Buffer, written: (error?: Error | null) => void): unknown;
}

export class Outlet {
  readonly #sink: FrameSink;
  readonly #queue = new SendQueue();
  #unsent = 0;
  #open = true;
  /** Handed over so far. */
  sentBytes = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** False when at least one payload was dropped. */
  send(payloads: readonly Payload[]): boolean {
    let kept = this.#open;
    if (this.#open) for (const payload of payloads) kept = this.#queue.push(payload) && kept;
    this.#flush();
    return kept;
  }

  /** Past every queue: hello, ping and pong. */
  control(kind: FrameKind, payload?: Uint8Array): void {
    if (this.#open) this.#write(encodeFrame(kind, payload === undefined ? undefined : [payload]));
  }

  /** What is queued is dropped; nothing is written from here on. */
  close(): void {
    this.#open = false;
  }

  #flush(): void {
    const queue = this.#queue;
    while (this.#open && queue.hasUrgent && this.#unsent < 2 * PEER_UNSENT_BYTES_MAX) {
      this.#write(queue.takeUrgentFrame());
    }
    while (this.#open && queue.hasBulk && this.#unsent < PEER_UNSENT_BYTES_MAX / 2) {
      this.#write(queue.takeBulkFrame());
    }
  }

  #write(frame: Buffer): void {
    this.#unsent += frame.length;
    this.sentBytes += frame.length;
    this.#sink.write(frame, () => {
      this.#unsent -= frame.length;
      this.#flush();
    });
  }
}
