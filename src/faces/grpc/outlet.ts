/**
 * The sending side of one streaming call: counts the bytes that the kernel has not taken yet, tells
 * when there is room again, and ends the call once, with a status.
 */
import type { RollcallError } from '../../types/errors.js';
import { ATTACHMENT_UNSENT_BYTES_MAX } from '../../types/limits.js';
import { callStatus } from './status.js';

/** What it needs of a grpc-js call. */
export interface WritableCall {
  write(bytes: Buffer, done: () => void): boolean;
  end(): void;
  emit(event: 'error', status: unknown): boolean;
}

export class Outlet {
  readonly #call: WritableCall;
  readonly #onDrained: () => void;
  #unsent = 0;
  /** Somebody was told that it is full and waits. */
  #isFull = false;
  #isEnded = false;
  /** Counts what the peer has taken: tells a slow reader from one that does not read. */
  taken = 0;

  constructor(call: WritableCall, onDrained: () => void) {
    this.#call = call;
    this.#onDrained = onDrained;
  }

  write(bytes: Buffer): void {
    if (this.#isEnded) return;
    this.#unsent += bytes.length;
    this.#call.write(bytes, () => this.#written(bytes.length));
  }

  unsentBytes(): number {
    if (this.#unsent > ATTACHMENT_UNSENT_BYTES_MAX) this.#isFull = true;
    return this.#unsent;
  }

  /** False: the next word is `onDrained`. */
  hasRoom(): boolean {
    return this.unsentBytes() <= ATTACHMENT_UNSENT_BYTES_MAX;
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
    if (!this.#isFull || this.#unsent > ATTACHMENT_UNSENT_BYTES_MAX / 2) return;
    this.#isFull = false;
    this.#onDrained();
  }
}
