/**
 * A member whose disk was damaged may lack what it once acknowledged. Until that is refetched it gives no
 * votes, does not campaign and answers no client. The end is proven by an entry of its own, proposed after
 * this start: whatever a leader still counts this member for stands before that entry in the log. Applied
 * here, it says that all of it is here again, durable, and confirmed by a quorum.
 */
import { encodeBody } from '../../codec/command.js';
import type { Tree } from '../../tree/tree.js';
import { assert } from '../../types/assert.js';
import { NO_SESSION } from '../../types/ids.js';
import { Gate, type GateHost, notApplied } from '../clients/gate.js';
import type { Intake } from '../clients/intake.js';
import type { OriginQueue } from '../writes/origin-queue.js';

export interface QuarantineHost {
  readonly origin: OriginQueue;
  readonly intake: Intake;
  readonly gateHost: GateHost;
  tree(): Tree;
  /** The quarantine began or ended. */
  fitnessChanged(): void;
}

/** A request that changes nothing, the first of this boot: no client's can come before it. */
const PROOF = {
  kind: 'skip',
  session: NO_SESSION,
  epoch: 0,
  seq: 0,
  ackedSeq: 0,
  identities: [],
} as const;
const CLOSED = notApplied(
  'UNAVAILABLE',
  'this member is in quarantine until it has refetched its state',
);

export class Quarantine {
  readonly #host: QuarantineHost;
  #phase: 'none' | 'refetching' | 'refetched' = 'none';

  constructor(host: QuarantineHost) {
    this.#host = host;
  }

  get isOn(): boolean {
    return this.#phase !== 'none';
  }

  begin(): void {
    const { origin, intake, gateHost } = this.#host;
    assert(!this.isOn && origin.count === 0, 'quarantine is from the start or not at all');
    this.#phase = 'refetching';
    this.#host.fitnessChanged();
    intake.closed = CLOSED;
    const nobody = { deliver: () => {}, unsentBytes: () => 0 };
    const gate = new Gate({ identities: [], ordered: false }, nobody, gateHost);
    const slot = gate.open(0, Number.POSITIVE_INFINITY);
    origin.add(PROOF, encodeBody({ kind: 'skip' }), slot);
  }

  /** True once, when the proof is applied: the record of the quarantine may go from the disk. */
  takeRefetched(): boolean {
    const { origin, tree } = this.#host;
    if (this.#phase !== 'refetching') return false;
    if (tree().originNumber(origin.member, origin.boot) === 0) return false;
    this.#phase = 'refetched';
    return true;
  }

  /** The record is gone. */
  end(): void {
    assert(this.#phase === 'refetched', 'quarantine ends when the state is refetched');
    this.#phase = 'none';
    this.#host.fitnessChanged();
    this.#host.intake.closed = undefined;
  }
}
