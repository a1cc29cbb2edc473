/**
 * Who calls: the address behind a connection is its identity for access lists. Unary calls of one address
 * share an attachment; beyond the bound those that wait for nothing are let go.
 */
import type { FaceMetrics } from '../../server/face.js';
import type { Service } from '../../server/service.js';
import { ANONYMOUS_CALLERS_MAX } from '../../types/limits.js';
import { Anonymous } from './anonymous.js';

/** What grpc-js knows of a call's connection. */
interface FromPeer {
  getPeer(): string;
}

export class Callers {
  readonly #service: Service;
  readonly #metrics: FaceMetrics;
  /** By address, in the order of their first call. */
  readonly #byAddress = new Map<string, Anonymous>();

  constructor(service: Service, metrics: FaceMetrics) {
    this.#service = service;
    this.#metrics = metrics;
  }

  of(call: FromPeer): Anonymous {
    const address = addressOf(call);
    const known = this.#byAddress.get(address);
    if (known !== undefined) return known;
    this.#letGo();
    const caller = new Anonymous(this.#service, this.#metrics, identitiesOf(address));
    this.#byAddress.set(address, caller);
    return caller;
  }

  close(): void {
    for (const caller of this.#byAddress.values()) caller.close();
    this.#byAddress.clear();
  }

  #letGo(): void {
    for (const [address, caller] of this.#byAddress) {
      if (this.#byAddress.size < ANONYMOUS_CALLERS_MAX) return;
      if (!caller.isIdle) continue;
      caller.close();
      this.#byAddress.delete(address);
    }
  }
}

export function identitiesOf(address: string): readonly string[] {
  return [`ip:${address}`];
}

export function addressOf(call: FromPeer): string {
  return addressOfPeer(call.getPeer());
}

/** "1.2.3.4:567" → "1.2.3.4"; IPv4 mapped into IPv6 becomes plain IPv4. */
export function addressOfPeer(peer: string): string {
  const colon = peer.lastIndexOf(':');
  const address = colon < 0 ? peer : peer.slice(0, colon);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}
