/** What a core counts of itself: what is now, and what has happened since it began. */

import type { Gate } from '../clients/gate.js';
import type { Reads } from '../clients/reads.js';
import type { Rounds } from '../clients/rounds.js';
import type { Integrity } from '../integrity/integrity.js';
import type { Leading } from '../leader/leading.js';
import type { WatchHub } from '../watches/watch-hub.js';
import type { Forwarding } from '../writes/forwarding.js';
import type { OriginQueue } from '../writes/origin-queue.js';

export interface Figures {
  readonly attachments: number;
  /** Changes accepted from clients and not yet applied. */
  readonly pendingRequests: number;
  readonly pendingBytes: number;
  /** Reads that wait for a leader to answer for them. */
  readonly unconfirmedReads: number;
  readonly watches: number;
  readonly laggingWatches: number;
  /** Marked snapshots begun. */
  readonly resyncs: number;
  /** Questions to the leader and its quorum. */
  readonly rounds: number;
  /** Changes sent to a leader elsewhere. */
  readonly forwarded: number;
  /** Ends of nodes and overrides proposed by this member. */
  readonly reaps: number;
  /** Comparisons of the state with the others': this member agreed; somebody differed. */
  readonly agreements: number;
  readonly mismatches: number;
}

export interface FiguresSource {
  readonly gates: ReadonlySet<Gate>;
  readonly origin: OriginQueue;
  readonly reads: Reads;
  readonly hub: WatchHub;
  readonly rounds: Rounds;
  readonly forwarding: Forwarding;
  readonly leading: Leading;
  readonly integrity: Integrity;
}

export function figuresOf(source: FiguresSource): Figures {
  const { gates, origin, reads, hub, rounds, forwarding, leading, integrity } = source;
  const { agreements, mismatches } = integrity.figures;
  return {
    attachments: gates.size,
    pendingRequests: origin.count,
    pendingBytes: origin.bytes,
    unconfirmedReads: reads.unconfirmed,
    watches: hub.count,
    laggingWatches: [...gates].reduce((sum, gate) => sum + gate.laggingCount, 0),
    resyncs: hub.resyncs,
    rounds: rounds.begun,
    forwarded: forwarding.forwarded,
    reaps: leading.reaps,
    agreements,
    mismatches,
  };
}
