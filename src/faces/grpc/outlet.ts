/**
 * The sending side of one streaming call: counts the bytes that the kernel has not taken yet, tells
 * when there is room again, and ends the call once, with a status.
 */
import type { RollcallError } from '../../types/errors.js';
import { ATTACHMENT_UNSENT_BYTES_MAX } from '../../types/limits.js';
import { type ConnectionRoom, roomOf } from './connection-room.js';
import { callStatus } from './status.js';

/** What it needs of a grpc-js call. */
export interface WritableCall {
  write(bytes: Buffer, done: () => void): boolean;
  end(): void;
  emit(event: 'error', status: unknown): boolean;
  once(event: 'close', act: () => void): unknown;
}

export class Outlet {
  readonly #call: WritableCall;
  readonly #onDrained: () => void;
  readonly #room: ConnectionRoom;
  #unsent = 0;
  /** Somebody was told that it is full and waits. */
  #isFull = false;
  #isEnded = false;
  #isClosed = false;
  /** Counts what the peer has taken: tells a slow reader from one that does not read. */
  taken = 0;

  constructor(call: WritableCall, onDrained: () => void) {
    this.#call = call;
    this.#onDrained = onDrained;
    this.#room = roomOf(call);
    call.once('close', () => this.#close());
  }

  write(bytes: Buffer): void {
    if (this.#isEnded) return;
    this.#unsent += bytes.length;
    if (!this.#isClosed) this.#room.handed(bytes.length);
    this.#call.write(bytes, () => this.#written(bytes.length));
  }

  unsentBytes(): number {
    if (this.#unsent > ATTACHMENT_UNSENT_BYTES_MAX) this.#isFull = true;
    return this.#unsent;
  }

  /** Past the bound when it or its connection is full. */
  heldBytes(): number {
    const own = this.unsentBytes();
    if (this.#isClosed || !this.#room.isFull) return own;
    this.#room.wait(this.#onDrained);
    return Math.max(own, ATTACHMENT_UNSENT_BYTES_MAX + 1);
  }

  /** False: the next word is `onDrained`. */
  hasRoom(): boolean {
    return this.heldBytes() <= ATTACHMENT_UNSENT_BYTES_MAX;
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#call.end();
  }

  fail(error: RollcallError): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#call.emit('error', callStatus(error));
  }

  #written(length: number): void {
    this.#unsent -= length;
    this.taken++;
    if (!this.#isClosed) this.#room.taken(length);
    if (!this.#isFull || this.#unsent > ATTACHMENT_UNSENT_BYTES_MAX / 2) return;
    this.#isFull = false;
    this.#onDrained();
  }

  /** Nothing of it is under way any more. */
  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#room.forget(this.#onDrained);
    this.#room.taken(this.#unsent);
  }
}
