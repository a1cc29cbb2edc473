/**
 * The leader's side of forwarding: takes each member's commands in the order of their numbers, once,
 * and never drops one out of a sequence. What arrives before the leader is ready waits here, bounded
 * by the senders' windows.
 *
 * Invariant: of every origin, the numbers below `next` are applied or in this leader's log.
 */
import type { MemberId } from '../../types/ids.js';
import type { EntryBatch } from '../../types/log.js';
import type { Forward, ForwardReply } from '../../types/peer.js';
import { dropFirst } from './batch.js';

interface Progress {
  readonly boot: number;
  readonly next: number;
  /** `next` was turned away and comes again by itself: whatever came behind it says nothing new. */
  readonly isTurnedAway: boolean;
}

export interface AcceptorHost {
  /** The last number applied of that member's boot; 0 when it is newer than any seen. */
  appliedNumber(member: MemberId, boot: number): number;
  /** False: the log takes nothing now. */
  propose(batch: EntryBatch): boolean;
}

export class Acceptor {
  readonly #host: AcceptorHost;
  #progress = new Map<MemberId, Progress>();
  #early: (readonly [MemberId, Forward])[] = [];
  #isOpen = false;

  constructor(host: AcceptorHost) {
    this.#host = host;
  }

  /** This member leads and has applied its first own entry: counting starts from the state. */
  open(): readonly (readonly [MemberId, ForwardReply])[] {
    this.#progress = new Map();
    this.#isOpen = true;
    const early = this.#early;
    this.#early = [];
    const replies: (readonly [MemberId, ForwardReply])[] = [];
    for (const [from, forward] of early) {
      const reply = this.accept(from, forward);
      if (reply !== undefined) replies.push([from, reply]);
    }
    return replies;
  }

  close(): void {
    this.#isOpen = false;
    this.#early = [];
  }

  /** An answer only when the sender has to do something. */
  accept(from: MemberId, forward: Forward): ForwardReply | undefined {
    if (!this.#isOpen) {
      this.#early.push([from, forward]);
      return undefined;
    }
    const { boot, first, batch } = forward;
    const known = this.#progressOf(from, boot);
    if (known === undefined) return undefined;
    const { next, isTurnedAway } = known;
    if (first > next)
      return isTurnedAway ? undefined : { type: 'forwardReply', boot, next, accepting: true };
    const skip = next - first;
    if (skip >= batch.count) return undefined;
    const isTaken = this.#host.propose(dropFirst(batch, skip));
    const progress = { boot, next: isTaken ? first + batch.count : next, isTurnedAway: !isTaken };
    this.#progress.set(from, progress);
    return isTaken ? undefined : { type: 'forwardReply', boot, next, accepting: false };
  }

  /** Undefined for a boot that is over. */
  #progressOf(from: MemberId, boot: number): Progress | undefined {
    const known = this.#progress.get(from);
    if (known !== undefined && known.boot > boot) return undefined;
    if (known?.boot === boot) return known;
    return { boot, next: this.#host.appliedNumber(from, boot) + 1, isTurnedAway: false };
  }
}
