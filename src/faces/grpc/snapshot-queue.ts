/**
 * Whose turn it is to be shown a snapshot of a service. Thousands of subscribers begin at once when a member
 * comes or goes; each snapshot is thousands of instances held for one reader, so only a few are under way
 * and the others wait for their turn. A reader that does not take its own holds up nobody for long.
 */
import { SNAPSHOTS_AT_ONCE_MAX } from '../../types/limits.js';

/** A slow reader has its turn for so long. */
const TURN_MS = 1_000;

export class SnapshotQueue {
  /** What begins each, in the order of asking. */
  readonly #waiting = new Map<object, () => void>();
  readonly #underWay = new Map<object, NodeJS.Timeout>();
  #isDue = false;

  /** `begin` is called in a later turn of the event loop, unless `leave` comes before that. */
  enter(who: object, begin: () => void): void {
    if (this.#underWay.has(who)) this.#end(who);
    this.#waiting.set(who, begin);
    this.#soon();
  }

  /** It was shown its snapshot, or wants none any more. */
  leave(who: object): void {
    this.#waiting.delete(who);
    this.#end(who);
  }

  #end(who: object): void {
    const timer = this.#underWay.get(who);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#underWay.delete(who);
    this.#soon();
  }

  #soon(): void {
    if (this.#isDue || this.#waiting.size === 0) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#go();
    });
  }

  #go(): void {
    for (const [who, begin] of this.#waiting) {
      if (this.#underWay.size >= SNAPSHOTS_AT_ONCE_MAX) return;
      this.#waiting.delete(who);
      this.#underWay.set(
        who,
        setTimeout(() => this.#end(who), TURN_MS),
      );
      begin();
    }
  }
}
