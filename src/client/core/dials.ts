/**
 * How many connections this process is making. They share its processor: a thousand clients that lose
 * their member at once must not each take the others' handshakes for a member that hangs, or none of them
 * would ever finish one.
 */

/** What one more handshake costs the others, about. */
const PER_DIAL_MS = 10;
/** However many there are, a member that has not answered by then does not. */
const ALLOWANCE_MS_MAX = 30_000;

export class Dials {
  #underWay = 0;

  /** Returns what to call, any number of times, when it is made, failed or given up. */
  began(): () => void {
    let isOver = false;
    this.#underWay++;
    return () => {
      if (!isOver) this.#underWay--;
      isOver = true;
    };
  }

  /** What the others that are being made may cost one of them. */
  get allowanceMs(): number {
    return Math.min(ALLOWANCE_MS_MAX, Math.max(0, this.#underWay - 1) * PER_DIAL_MS);
  }
}

/** Of this process. */
export const processDials = new Dials();
