/**
 * The session that all locks and elections of a client have in common: opened for the first, closed with
 * the last. One is enough, since each has a node of its own to hold by and to give up; one each would cost
 * a connection and two more changes for every lock. Invariant: a session that has ended has no new users.
 */
import type { Session } from '../types.js';
import type { OpenSession } from './host.js';

interface Shared {
  readonly opening: Promise<Session>;
  users: number;
}

export class SharedSession {
  readonly #open: OpenSession;
  #current: Shared | undefined;

  constructor(open: OpenSession) {
    this.#open = open;
  }

  /** Each user leaves once. */
  async take(): Promise<{ readonly session: Session; readonly leave: () => Promise<void> }> {
    this.#current ??= this.#start();
    const shared = this.#current;
    shared.users++;
    const session = await shared.opening;
    if (session.signal.aborted) throw session.signal.reason;
    return { session, leave: () => this.#leave(shared, session) };
  }

  #start(): Shared {
    const shared = { opening: this.#open(), users: 0 };
    const forget = (): void => this.#forget(shared);
    shared.opening.then(({ signal }) => signal.addEventListener('abort', forget), forget);
    return shared;
  }

  async #leave(shared: Shared, session: Session): Promise<void> {
    shared.users--;
    if (shared.users > 0) return;
    this.#forget(shared);
    await session.close();
  }

  #forget(shared: Shared): void {
    if (this.#current === shared) this.#current = undefined;
  }
}
