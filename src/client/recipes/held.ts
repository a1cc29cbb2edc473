/**
 * What was granted and how it is given back. Its signal aborts before the node goes: no other holder is
 * granted while ours may still believe, unless this process stood still or somebody removed the node by
 * force, which is what fencing tokens are for.
 */
import { RollcallError } from '../../types/errors.js';
import { within } from '../core/limit.js';
import type { Session } from '../types.js';
import type { RecipeHost } from './host.js';
import type { Seat } from './seat.js';

export class Held {
  readonly #host: RecipeHost;
  readonly #seat: Seat;
  #leaving: Promise<void> | undefined;
  #released: Promise<void> | undefined;

  /** `leaveSession` is called once, when the node is given up or lost. */
  constructor(host: RecipeHost, seat: Seat, leaveSession: () => Promise<void>) {
    this.#host = host;
    this.#seat = seat;
    const leave = (): void => {
      this.#leaving = seat.leave().finally(() => void leaveSession());
      this.#leaving.catch(() => undefined);
    };
    if (seat.signal.aborted) leave();
    else seat.signal.addEventListener('abort', leave, { once: true });
  }

  get signal(): AbortSignal {
    return this.#seat.signal;
  }

  get fencingToken(): number {
    return this.#seat.createRevision;
  }

  get path(): string {
    return this.#seat.path;
  }

  get session(): Session {
    return this.#seat.session;
  }

  /** Ends within the client's timeout; it goes on being given back behind a caller that was told TIMEOUT. */
  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  /** As `release`, for when nobody waits. */
  drop(): void {
    this.release().catch((error) => {
      this.#host.log.warn({ path: this.path, error }, 'not known to be released');
    });
  }

  async #release(): Promise<void> {
    void this.#seat.leave();
    const { timeoutMs } = this.#host;
    await within({ timeoutMs }, (limit) => {
      const late = new Promise<void>((_, reject) => {
        limit.addEventListener('abort', () => reject(notReleased(this.path, timeoutMs)));
      });
      return Promise.race([this.#leaving, late]);
    });
  }
}

function notReleased(path: string, timeoutMs: number): RollcallError {
  const text = `the cluster did not confirm within ${timeoutMs} ms that ${path} is gone`;
  return new RollcallError('TIMEOUT', `${text}; it goes with its session at the latest`, {
    outcome: 'unknown',
  });
}
