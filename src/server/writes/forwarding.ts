/**
 * Takes what came in here to the leader: into the own log, or over the peer stream, in order. After
 * any doubt (another leader, a new link, no progress) everything not applied is sent again, which is
 * harmless because the state machine takes each request number exactly once.
 */
import type { Raft } from '../../raft/raft.js';
import type { MemberId } from '../../types/ids.js';
import type { ForwardReply, PeerMessage } from '../../types/peer.js';
import type { Leading } from '../leader/leading.js';
import type { Tuning } from '../tuning.js';
import type { OriginQueue } from './origin-queue.js';

export interface ForwardingHost {
  readonly self: MemberId;
  readonly raft: Raft;
  readonly origin: OriginQueue;
  readonly leading: Leading;
  readonly tuning: Tuning;
  send(to: MemberId, message: PeerMessage): void;
}

export class Forwarding {
  readonly #host: ForwardingHost;
  #appliedAtProgress = 0;
  #progressAtMs = 0;
  /** Changes sent to a leader elsewhere, those sent again included. */
  forwarded = 0;

  constructor(host: ForwardingHost) {
    this.#host = host;
  }

  /** End of the turn: hands over what the window allows. */
  dispatch(): void {
    const { raft, origin, leading, self, tuning } = this.#host;
    const { leader } = raft;
    if (leader === undefined || !origin.hasUnsent) return;
    const { boot } = origin;
    for (const { first, batch } of origin.takeUnsent(tuning.forwardWindowBytes)) {
      const forward = { type: 'forward', boot, first, batch } as const;
      if (leader === self) leading.accept(leader, forward);
      else {
        this.forwarded += batch.count;
        this.#host.send(leader, forward);
      }
    }
  }

  /** The leader misses something, or takes nothing for now. */
  replied(from: MemberId, reply: ForwardReply): void {
    const { raft, origin } = this.#host;
    if (from !== raft.leader || reply.boot !== origin.boot) return;
    if (reply.accepting) origin.rewind(reply.next);
    else this.#progressAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Once per tick: without progress for a while, sends again. */
  tick(nowMs: number): void {
    const { origin, tuning } = this.#host;
    if (origin.count === 0 || origin.applied !== this.#appliedAtProgress) {
      this.#appliedAtProgress = origin.applied;
      this.#progressAtMs = nowMs;
    } else if (nowMs - this.#progressAtMs >= tuning.forwardRetryMs) {
      this.#progressAtMs = nowMs;
      origin.rewind();
    }
  }
}
