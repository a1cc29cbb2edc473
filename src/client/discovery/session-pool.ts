/**
 * The sessions of a client's registrations: one connection for all registrations with the same timeout
 * and grace, opened for the first, closed after the last, replaced when its session is lost.
 */
import type { Connection } from '../core/connection.js';
import type { SessionPlan } from '../core/keeper.js';

interface Shared {
  readonly connection: Connection;
  users: number;
}

export class SessionPool {
  readonly #connect: (plan: SessionPlan) => Connection;
  readonly #shared = new Map<string, Shared>();

  constructor(connect: (plan: SessionPlan) => Connection) {
    this.#connect = connect;
  }

  get connections(): Connection[] {
    return [...this.#shared.values()].map(({ connection }) => connection);
  }

  take(timeoutMs: number, graceMs: number): Connection {
    const key = `${timeoutMs}/${graceMs}`;
    let shared = this.#shared.get(key);
    if (shared === undefined || shared.connection.end !== undefined) {
      shared = { connection: this.#connect({ timeoutMs, graceMs, isLazy: false }), users: 0 };
      this.#shared.set(key, shared);
    }
    shared.users++;
    return shared.connection;
  }

  /** The last to leave closes the session. */
  async leave(connection: Connection): Promise<void> {
    for (const [key, shared] of this.#shared) {
      if (shared.connection !== connection) continue;
      shared.users--;
      if (shared.users > 0) return;
      this.#shared.delete(key);
    }
    await connection.close();
  }

  async close(): Promise<void> {
    const all = [...this.#shared.values()];
    this.#shared.clear();
    await Promise.all(all.map(({ connection }) => connection.close()));
  }
}
