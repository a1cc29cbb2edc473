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
  readonly #leaveSession: () => Promise<void>;
  #leaving: Promise<void> | undefined;
  #released: Promise<void> | undefined;

  constructor(host: RecipeHost, seat: Seat, leaveSession: () => Promise<void>) {
    this.#host = host;
    this.#seat = seat;
    this.#leaveSession = leaveSession;
    seat.signal.addEventListener('abort', () => void this.#leave().catch(() => undefined), {
      once: true,
    });
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
    this.#released ??= this.#inTime(this.#leave());
    return this.#released;
  }

  /** As `release`, for when nobody waits. */
  drop(): void {
    this.release().catch((error) => {
      this.#host.log.warn({ path: this.path, error }, 'not known to be released');
    });
  }

  #leave(): Promise<void> {
    this.#leaving ??= this.#seat.leave().finally(() => void this.#leaveSession());
    return this.#leaving;
  }

  async #inTime(leaving: Promise<void>): Promise<void> {
    const { timeoutMs } = this.#host;
    await within({ timeoutMs }, (limit) => {
      const late = new Promise<never>((_, reject) => {
        limit.addEventListener('abort', () => reject(notReleased(this.path, timeoutMs)));
      });
      return Promise.race([leaving, late]);
    });
  }
}

function notReleased(path: string, timeoutMs: number): RollcallError {
  const text = `the cluster did not confirm within ${timeoutMs} ms that ${path} is gone`;
  return new RollcallError('TIMEOUT', `${text}; it goes with its session at the latest`, {
    outcome: 'unknown',
  });
}
