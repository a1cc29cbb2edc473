/**
 * The connections of clients to this member, through whatever door: how many may be open at once, how many
 * are, and what went over them. A door asks before a connection costs anything.
 */
import { CONNECTIONS_MAX } from '../../types/limits.js';

export interface Traffic {
  readonly received: number;
  readonly sent: number;
}

/** One that was let in. */
export interface Connection {
  /** Read from and written to its socket so far. */
  traffic(): Traffic;
}

export class Connections {
  readonly limit: number;
  readonly #open = new Set<Connection>();
  #opened = 0;
  #refused = 0;
  /** Over those that are closed. */
  #received = 0;
  #sent = 0;

  constructor(limit = CONNECTIONS_MAX) {
    this.limit = limit;
  }

  get current(): number {
    return this.#open.size;
  }

  /** Since the start, those refused not counted. */
  get opened(): number {
    return this.#opened;
  }

  get refused(): number {
    return this.#refused;
  }

  /** False, and counted as refused, when there are as many as there may be. */
  admit(connection: Connection): boolean {
    if (this.#open.size >= this.limit) {
      this.#refused++;
      return false;
    }
    this.#open.add(connection);
    this.#opened++;
    return true;
  }

  closed(connection: Connection): void {
    if (!this.#open.delete(connection)) return;
    const { received, sent } = connection.traffic();
    this.#received += received;
    this.#sent += sent;
  }

  /** Of all connections since the start. */
  traffic(): Traffic {
    let received = this.#received;
    let sent = this.#sent;
    for (const connection of this.#open) {
      const own = connection.traffic();
      received += own.received;
      sent += own.sent;
    }
    return { received, sent };
  }
}
