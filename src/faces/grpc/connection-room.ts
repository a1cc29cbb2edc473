/**
 * What one connection was handed and its client has not taken yet, over all calls on it: a client may open
 * thousands of streams and read none of them. Past the bound they all wait; they are woken in the order of
 * their waiting.
 */
import { CONNECTION_UNSENT_BYTES_MAX } from '../../types/limits.js';

export class ConnectionRoom {
  #unsent = 0;
  #waiting = new Set<() => void>();

  get isFull(): boolean {
    return this.#unsent > CONNECTION_UNSENT_BYTES_MAX;
  }

  handed(bytes: number): void {
    this.#unsent += bytes;
  }

  taken(bytes: number): void {
    this.#unsent -= bytes;
    if (this.#waiting.size === 0 || this.#unsent > CONNECTION_UNSENT_BYTES_MAX / 2) return;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  wait(wake: () => void): void {
    this.#waiting.add(wake);
  }

  forget(wake: () => void): void {
    this.#waiting.delete(wake);
  }
}

/** What grpc-js keeps behind a server call. */
interface Inner {
  readonly call?: { readonly stream?: { readonly session?: object } };
}

const rooms = new WeakMap<object, ConnectionRoom>();

export function roomOf(call: unknown): ConnectionRoom {
  const connection = (call as Inner).call?.stream?.session;
  const known = connection && rooms.get(connection);
  if (known !== undefined) return known;
  const room = new ConnectionRoom();
  if (connection !== undefined) rooms.set(connection, room);
  return room;
}
