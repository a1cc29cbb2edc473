/**
 * A network in memory for the simulator: every directed pair of members is a cable that delays, loses, repeats
 * and reorders frames by policy, and that can be cut or clogged by order. Time passes only through the injected
 * `schedule`; the same calls and the same policy give the same run.
 */
import { decodePeerMessages } from '../codec/peer.js';
import { RollcallError } from '../types/errors.js';
import type { MemberId } from '../types/ids.js';
import { MemoryTransport, type MemoryTransportOptions } from './memory-transport.js';
import type { NetworkPolicy } from './network-policy.js';

export interface MemoryNetworkOptions {
  readonly schedule: (delayMs: number, fn: () => void) => void;
  readonly policy: NetworkPolicy;
}

/** A half-open link is noticed by unanswered pings. */
const HALF_OPEN_MS = 2_000;

interface InFlight {
  readonly bytes: Uint8Array;
  readonly target: MemoryTransport;
  arrived: boolean;
}

/** One direction between two members. */
interface Cable {
  cut: boolean;
  /** Rises with every cut: tells a cut that lasted from one that was healed and made again. */
  cuts: number;
  clogged: boolean;
  /** In order of sending; the head leaves when it has arrived and the cable is not clogged. */
  queue: InFlight[];
}

export class MemoryNetwork {
  readonly #options: MemoryNetworkOptions;
  readonly #members = new Map<MemberId, MemoryTransport>();
  readonly #cables = new Map<string, Cable>();

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
  }

  get policy(): NetworkPolicy {
    return this.#options.policy;
  }

  schedule(delayMs: number, fn: () => void): void {
    this.#options.schedule(delayMs, fn);
  }

  /** A member's process starts. One that still runs under the same id is killed first. */
  join(options: MemoryTransportOptions): MemoryTransport {
    this.kill(options.self.id);
    const transport = new MemoryTransport(this, options);
    this.#members.set(options.self.id, transport);
    return transport;
  }

  find(id: MemberId): MemoryTransport | undefined {
    return this.#members.get(id);
  }

  /** The process ends without a word; what is on its way to it is lost. */
  kill(id: MemberId): void {
    const killed = this.#members.get(id);
    if (killed === undefined) return;
    this.#members.delete(id);
    killed.die();
    for (const other of this.#members.values()) this.#closeLink(killed, other);
  }

  #closeLink(killed: MemoryTransport, observer: MemoryTransport): void {
    const notice = (): void => this.schedule(HALF_OPEN_MS, () => observer.giveUp(killed));
    const seenMs = this.policy.closeSeenMs(killed.id, observer.id);
    if (seenMs === undefined) {
      notice();
      return;
    }
    this.schedule(seenMs, () => {
      // The word of the close travels the same cable.
      if (this.isOpen(observer.id, killed.id)) observer.seeClose(killed);
      else notice();
    });
  }

  /** Frames from one to the other are lost from here on. */
  cut(from: MemberId, to: MemberId): void {
    const cable = this.#cable(from, to);
    if (cable.cut) return;
    cable.cut = true;
    const cuts = ++cable.cuts;
    // A link needs both directions: pings go one way, their answers the other.
    this.schedule(HALF_OPEN_MS, () => {
      if (!cable.cut || cable.cuts !== cuts) return;
      this.#giveUp(from, to);
      this.#giveUp(to, from);
    });
  }

  heal(from: MemberId, to: MemberId): void {
    this.#cable(from, to).cut = false;
    this.#members.get(from)?.dial(to);
    this.#members.get(to)?.dial(from);
  }

  /** Frames stop where they are, and nobody notices. */
  clog(from: MemberId, to: MemberId): void {
    this.#cable(from, to).clogged = true;
  }

  unclog(from: MemberId, to: MemberId): void {
    const cable = this.#cable(from, to);
    cable.clogged = false;
    this.#drain(from, cable);
  }

  /** Whether a connection between the two can be made now. */
  isOpen(from: MemberId, to: MemberId): boolean {
    return !this.#cable(from, to).cut && !this.#cable(to, from).cut;
  }

  /** A member began to listen: those that wait for it dial. */
  announce(id: MemberId): void {
    for (const other of this.#members.values()) if (other.id !== id) other.dial(id);
  }

  /** Invariant: each delivery decodes a copy of its own, as if read from a socket. */
  transmit(from: MemberId, target: MemoryTransport, bytes: Uint8Array): void {
    const cable = this.#cable(from, target.id);
    for (const { delayMs, overtakes } of this.policy.deliveries(from, target.id, bytes.length)) {
      const frame: InFlight = { bytes: bytes.slice(), target, arrived: false };
      if (!overtakes) cable.queue.push(frame);
      this.schedule(delayMs, () => {
        frame.arrived = true;
        if (overtakes && !cable.clogged) this.#deliver(from, cable, frame);
        else if (overtakes) cable.queue.push(frame);
        this.#drain(from, cable);
      });
    }
  }

  /** One way of a request or an answer outside the links. */
  hop(from: MemberId, to: MemberId): Promise<void> {
    return new Promise((resolve, reject) => {
      this.schedule(this.policy.dialMs(from, to), () => {
        if (this.isOpen(from, to) && this.#members.has(to)) resolve();
        else reject(new RollcallError('UNAVAILABLE', `no way from ${from} to ${to}`));
      });
    });
  }

  #drain(from: MemberId, cable: Cable): void {
    while (!cable.clogged && cable.queue[0]?.arrived === true) {
      this.#deliver(from, cable, cable.queue.shift()!);
    }
  }

  #deliver(from: MemberId, cable: Cable, frame: InFlight): void {
    if (cable.cut) return;
    const messages = decodePeerMessages(frame.bytes);
    if (messages !== undefined) frame.target.take(from, messages);
  }

  #giveUp(at: MemberId, to: MemberId): void {
    const target = this.#members.get(to);
    if (target !== undefined) this.#members.get(at)?.giveUp(target);
  }

  #cable(from: MemberId, to: MemberId): Cable {
    const key = `${from}>${to}`;
    let cable = this.#cables.get(key);
    if (cable === undefined) {
      cable = { cut: false, cuts: 0, clogged: false, queue: [] };
      this.#cables.set(key, cable);
    }
    return cable;
  }
}
