/**
 * What the client of a stream may say that it has: results of requests sent here, or applied before it
 * attached. A client that claims more mixes up its sessions, and would lose results that it still needs.
 */
import { RollcallError } from '../../types/errors.js';

export class AckBound {
  /** The highest seq sent or known to be applied. */
  #seq = 0;
  #acked = 0;
  #isAttached = false;

  sent(seq: number): void {
    if (seq > this.#seq) this.#seq = seq;
  }

  acked(ackedSeq: number): RollcallError | undefined {
    if (ackedSeq > this.#acked) this.#acked = ackedSeq;
    return this.#problem();
  }

  /** Only now it is known what was applied before. */
  attached(lastSeq: number): RollcallError | undefined {
    this.#isAttached = true;
    this.sent(lastSeq);
    return this.#problem();
  }

  #problem(): RollcallError | undefined {
    if (!this.#isAttached || this.#acked <= this.#seq + 1) return undefined;
    const text = `results below seq ${this.#acked} are acknowledged, and ${this.#seq} was the last`;
    return new RollcallError('PROTOCOL', text);
  }
}
