/**
 * Tells whether a peer that closed its connection is gone: a plain TCP connection to its address is refused, or
 * stays unanswered for PROBE_SILENCE_MS. Connections that die at once are tried again, because a dying process
 * can take one more into a listening socket that is about to close. Trouble on this side is no verdict.
 */
import { connect, type Socket } from 'node:net';
import { PROBE_SILENCE_MS } from '../transport.js';
import type { HostPort } from './address.js';

export type Verdict = 'down' | 'up' | 'unknown';

/** Between two tries, when a connection was taken and then reset. */
const RETRY_MS = 2;

export class Probe {
  readonly #place: HostPort;
  #onVerdict: ((verdict: Verdict) => void) | undefined;
  #socket: Socket | undefined;
  #accepted = false;
  readonly #silence: NodeJS.Timeout;
  #retry: NodeJS.Timeout | undefined;

  constructor(place: HostPort, onVerdict: (verdict: Verdict) => void) {
    this.#place = place;
    this.#onVerdict = onVerdict;
    // A pause of this very process must not count as the peer's silence: look at the sockets once more first.
    const decide = (): void => this.#end(this.#accepted ? 'up' : 'down');
    this.#silence = setTimeout(() => setImmediate(decide), PROBE_SILENCE_MS);
    this.#try();
  }

  /** No verdict from here on. */
  cancel(): void {
    this.#end(undefined);
  }

  #try(): void {
    const socket = connect(this.#place);
    this.#socket = socket;
    this.#accepted = false;
    socket.on('connect', () => {
      this.#accepted = true;
    });
    // Whoever lives speaks first: an HTTP/2 server sends its settings.
    socket.on('data', () => this.#end('up'));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#failed(error.code ?? ''));
    socket.on('end', () => this.#failed('ECONNRESET'));
  }

  #failed(code: string): void {
    if (this.#onVerdict === undefined) return;
    if (code !== 'ECONNRESET' && code !== 'EPIPE') {
      this.#end(code === 'ECONNREFUSED' ? 'down' : 'unknown');
      return;
    }
    this.#accepted = false;
    this.#socket?.destroy();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#try(), RETRY_MS);
  }

  #end(verdict: Verdict | undefined): void {
    const tell = this.#onVerdict;
    if (tell === undefined) return;
    this.#onVerdict = undefined;
    clearTimeout(this.#silence);
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    if (verdict !== undefined) tell(verdict);
  }
}
