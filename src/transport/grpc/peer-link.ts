/**
 * The link to one peer: dials, and dials again when a stream ends, first fast and then ever slower; reports when
 * it is up, and through the detector when the peer's process is gone. Sends go to the stream that is up, or
 * nowhere. One loss gives at most one `peerDown`, and none once the link is up again.
 */
import type { ChannelCredentials } from '@grpc/grpc-js';
import type { MemberId } from '../../types/ids.js';
import type { ConfiguredMember } from '../../types/log.js';
import type { PeerHello, PeerMessage } from '../../types/peer.js';
import type { Logger } from '../../types/ports.js';
import type { Payload } from '../send-queue.js';
import { addTraffic, NO_TRAFFIC, type Traffic } from '../traffic.js';
import { type HostPort, resolveHostPort } from './address.js';
import { Probe, type Verdict } from './detector.js';
import { LinkStream, type StreamEnd } from './link-stream.js';

export interface LinkHandler {
  messages(from: MemberId, messages: readonly PeerMessage[]): void;
  connected(peer: MemberId): void;
  peerDown(peer: MemberId): void;
}

export interface LinkOptions {
  readonly peer: ConfiguredMember;
  readonly hello: PeerHello;
  readonly credentials: ChannelCredentials;
  readonly handler: LinkHandler;
  readonly logger: Logger;
}

/** The last one repeats. */
const REDIAL_DELAYS_MS = [5, 20, 50, 100, 200, 500] as const;
const REDIAL_DELAY_MS_MAX = 500;
/** A link that lived shorter counts as one more failure, so that a refused peer does not make a busy loop. */
const STEADY_MS = 1_000;
const DROP_REPORT_MS = 1_000;

export class PeerLink {
  readonly peer: ConfiguredMember;
  readonly #options: LinkOptions;
  #stream: LinkStream | undefined;
  /** Over streams before this one. */
  #before: Traffic = NO_TRAFFIC;
  #place: HostPort | undefined;
  #probe: Probe | undefined;
  #redial: NodeJS.Timeout | undefined;
  #failures = 0;
  #upSince = 0;
  #lastReason = '';
  #dropReportedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: LinkOptions) {
    this.peer = options.peer;
    this.#options = options;
    void this.#dial();
  }

  get isUp(): boolean {
    return this.#stream?.isUp ?? false;
  }

  get traffic(): Traffic {
    return addTraffic(this.#before, this.#stream?.traffic);
  }

  send(payloads: readonly Payload[]): void {
    const stream = this.#stream;
    if (stream?.isUp !== true || stream.outlet.send(payloads)) return;
    const now = performance.now();
    if (now - this.#dropReportedAt < DROP_REPORT_MS) return;
    this.#dropReportedAt = now;
    this.#options.logger.warn(this.#fields(), 'peer is too slow: messages to it are dropped');
  }

  /** The peer has just shown that it lives: do not wait for the next attempt. */
  nudge(): void {
    if (this.#redial === undefined || this.#closed) return;
    clearTimeout(this.#redial);
    void this.#dial();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#redial);
    this.#probe?.cancel();
    await this.#stream?.close();
  }

  async #dial(): Promise<void> {
    this.#redial = undefined;
    const { peer, credentials, hello } = this.#options;
    try {
      this.#place = await resolveHostPort(peer.peerAddress);
    } catch (error) {
      this.#dialAgain({ reason: String(error), byPeer: false, refused: false });
      return;
    }
    if (this.#closed) return;
    this.#before = this.traffic;
    this.#stream = new LinkStream({
      dial: { address: peer.peerAddress, place: this.#place, credentials },
      hello,
      peer: peer.id,
      events: {
        up: () => this.#up(),
        messages: (messages) => this.#options.handler.messages(peer.id, messages),
        ended: (end) => this.#ended(end),
      },
    });
  }

  #up(): void {
    this.#probe?.cancel();
    this.#upSince = performance.now();
    this.#lastReason = '';
    this.#options.logger.info(this.#fields(), 'linked to peer');
    this.#options.handler.connected(this.peer.id);
  }

  #ended(end: StreamEnd): void {
    if (this.#upSince > 0) this.#lost(end);
    this.#dialAgain(end);
  }

  #lost(end: StreamEnd): void {
    if (performance.now() - this.#upSince > STEADY_MS) this.#failures = 0;
    this.#upSince = 0;
    this.#probe?.cancel();
    if (!end.byPeer || end.refused || this.#place === undefined) return;
    this.#probe = new Probe(this.#place, (verdict) => this.#judge(verdict));
  }

  #judge(verdict: Verdict): void {
    if (this.#closed || this.isUp || verdict !== 'down') return;
    this.#options.logger.warn(this.#fields(), 'peer is down');
    this.#options.handler.peerDown(this.peer.id);
  }

  #dialAgain(end: StreamEnd): void {
    if (this.#closed) return;
    this.#report(end);
    const delay = end.refused ? REDIAL_DELAY_MS_MAX : this.#nextDelayMs();
    this.#failures++;
    // Jitter: members that lost the same peer do not knock in step.
    this.#redial = setTimeout(() => void this.#dial(), delay * (0.75 + 0.5 * Math.random()));
  }

  #nextDelayMs(): number {
    return REDIAL_DELAYS_MS[this.#failures] ?? REDIAL_DELAY_MS_MAX;
  }

  /** Each new reason once: a peer that is away for an hour does not fill the log. */
  #report(end: StreamEnd): void {
    if (end.reason === this.#lastReason) return;
    this.#lastReason = end.reason;
    const fields = { ...this.#fields(), reason: end.reason };
    if (end.refused) this.#options.logger.error(fields, 'peer and this member refuse each other');
    else this.#options.logger.info(fields, 'no link to peer');
  }

  #fields(): { peer: string; id: MemberId; address: string } {
    return { peer: this.peer.name, id: this.peer.id, address: this.peer.peerAddress };
  }
}
