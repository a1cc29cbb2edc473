/**
 * This member's part in who leads: opens and closes leading as Raft says, hands the lead on when it leaves,
 * and keeps it from a member that is not fit: one whose disk does not keep up neither leads nor stands.
 */
import type { Raft } from '../../raft/raft.js';
import type { Tree } from '../../tree/tree.js';
import type { MemberId } from '../../types/ids.js';
import type { Integrity } from '../integrity/integrity.js';
import type { Quarantine } from '../integrity/quarantine.js';
import type { Peers } from '../peers.js';
import type { Tuning } from '../tuning.js';
import type { OriginQueue } from '../writes/origin-queue.js';
import type { Leading } from './leading.js';

export interface LeadershipHost {
  readonly raft: Raft;
  readonly leading: Leading;
  readonly origin: OriginQueue;
  readonly peers: Peers;
  readonly quarantine: Quarantine;
  readonly integrity: Integrity;
  readonly tuning: Tuning;
  tree(): Tree;
  nowMs(): number;
}

/** Heartbeats after whose silence a follower may hang. */
const AWAKE_HEARTBEATS = 4;

export class Leadership {
  readonly #host: LeadershipHost;
  #followed: { readonly leader: MemberId | undefined; readonly term: number };
  /** Leading begins when this is applied; undefined while not a leader with a committed entry of its own. */
  #openAt: number | undefined;
  #isDiskSick = false;
  /** The lead was offered to another because of the disk. */
  #hasOffered = false;

  constructor(host: LeadershipHost) {
    this.#host = host;
    this.#followed = { leader: undefined, term: host.raft.term };
  }

  get isDiskSick(): boolean {
    return this.#isDiskSick;
  }

  /** True when leadership changed in a way that lets more be done in this turn. */
  follow(): boolean {
    const { leading, raft } = this.#host;
    const hasMoved = this.#noteMove();
    if (raft.isReady && this.#openAt === undefined) this.#openAt = raft.commitIndex;
    if (this.#openAt === undefined || leading.isOpen) return hasMoved && raft.leader !== undefined;
    if (this.#host.tree().revision < this.#openAt) return hasMoved;
    leading.open();
    return true;
  }

  tick(): void {
    if (this.#isDiskSick) this.#giveUp();
  }

  diskIs(health: 'ok' | 'sick'): void {
    this.#isDiskSick = health === 'sick';
    this.#hasOffered = false;
    this.showFitness();
  }

  showFitness(): void {
    const fitness = this.#isDiskSick ? 'sick' : 'fit';
    this.#host.raft.setFitness(this.#host.quarantine.isOn ? 'quarantined' : fitness);
  }

  /** To whoever is awake and has most of the log. */
  handOver(): void {
    const { raft, peers, tuning } = this.#host;
    const awakeMs = AWAKE_HEARTBEATS * tuning.heartbeatTicks * tuning.raftTickMs;
    const heirs = peers.heirs(raft.followers, this.#host.nowMs() - awakeMs);
    for (const id of heirs) if (raft.transferLeadership(id)) return;
  }

  #noteMove(): boolean {
    const { leader, term } = this.#host.raft;
    const { leader: before, term: termBefore } = this.#followed;
    if (leader === before && term === termBefore) return false;
    this.#followed = { leader, term };
    this.#openAt = undefined;
    this.#host.leading.close();
    this.#host.origin.rewind();
    this.#host.integrity.leadershipMoved();
    return true;
  }

  /** To an heir; failing that, to whoever is elected. One that is alone has nobody to lead better. */
  #giveUp(): void {
    const { raft } = this.#host;
    const isOnly = raft.configuration.voters.length < 2;
    if (raft.role !== 'leader' || raft.isTransferring || isOnly) return;
    if (!this.#hasOffered) this.handOver();
    this.#hasOffered = true;
    if (!raft.isTransferring) raft.resign();
  }
}
