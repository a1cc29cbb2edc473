/** Bytes that passed between this member and its peers, over all streams since the start. */
import type { MemberId } from '../types/ids.js';

export interface Traffic {
  readonly sent: number;
  readonly received: number;
}

export interface PeerTraffic extends Traffic {
  readonly id: MemberId;
  /** What is sent to it now can arrive. */
  readonly isConnected: boolean;
}

export const NO_TRAFFIC: Traffic = { sent: 0, received: 0 };

export function addTraffic(a: Traffic, b: Traffic | undefined): Traffic {
  if (b === undefined) return a;
  return { sent: a.sent + b.sent, received: a.received + b.received };
}

/** By peer, of streams that are gone. */
export class TrafficBook {
  readonly #byPeer = new Map<MemberId, Traffic>();

  add(peer: MemberId, traffic: Traffic): void {
    this.#byPeer.set(peer, addTraffic(traffic, this.#byPeer.get(peer)));
  }

  of(peer: MemberId): Traffic {
    return this.#byPeer.get(peer) ?? NO_TRAFFIC;
  }
}
