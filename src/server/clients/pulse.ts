/**
 * What a member does by the clock for those connected to it. On every tick: ends requests whose deadline
 * has come. On every session tick: reports touches and closes to
 * the leader, says STALE or LIVE, sends bookmarks, signs of life
 * and, for the operators, its own status to the other members.
 */
import type { Raft } from '../../raft/raft.js';
import type { Tree } from '../../tree/tree.js';
import type { MemberId } from '../../types/ids.js';
import type { MemberStatus, PeerMessage } from '../../types/peer.js';
import type { Leading } from '../leader/leading.js';
import type { SessionReports } from '../leader/session-reports.js';
import type { Tuning } from '../tuning.js';
import type { OriginQueue } from '../writes/origin-queue.js';
import { type Gate, unknownOutcome } from './gate.js';
import type { Reads } from './reads.js';

export interface PulseHost {
  readonly self: MemberId;
  readonly raft: Raft;
  readonly origin: OriginQueue;
  readonly reads: Reads;
  readonly reports: SessionReports;
  readonly leading: Leading;
  readonly tuning: Tuning;
  readonly gates: ReadonlySet<Gate>;
  tree(): Tree;
  status(): MemberStatus;
  /** What this member shows may be wrong, or not move on: its disk has stalled, or the states differ. */
  isUnsound(): boolean;
  send(to: MemberId, message: PeerMessage): void;
}

/** A sign of life for open requests (design 5): the SDK moves after 450 ms of silence. */
const PROGRESS_MS = 250;

export class Pulse {
  readonly #host: PulseHost;
  #tickAtMs: number;
  #bookmarkAtMs = 0;
  #statusAtMs = 0;
  #isStale = true;

  constructor(host: PulseHost, nowMs: number) {
    this.#host = host;
    this.#tickAtMs = nowMs;
  }

  /** A new connection learns at once that no leader stands behind this member. */
  greet(gate: Gate): void {
    if (this.#isStale) this.#tell(gate, this.#tickAtMs);
  }

  tick(nowMs: number): void {
    const { tuning, leading, reads } = this.#host;
    reads.sweep(nowMs);
    this.#sweepWrites(nowMs);
    if (nowMs - this.#tickAtMs < tuning.sessionTickMs) return;
    this.#tickAtMs = nowMs;
    leading.tick();
    this.#report(nowMs);
    this.#showProgress(nowMs);
    this.#showConfirmation(nowMs);
    this.#gossip(nowMs);
  }

  #report(nowMs: number): void {
    const { raft, reports, leading, self } = this.#host;
    if (raft.leader === undefined || !reports.isDue(nowMs)) return reports.dropOld(nowMs);
    for (const report of reports.build(nowMs))
      if (raft.leader === self) leading.report(self, report);
      else this.#host.send(raft.leader, report);
  }

  #sweepWrites(nowMs: number): void {
    for (const slot of this.#host.origin.takeOverdue(nowMs))
      slot.gate.fail(slot, unknownOutcome('TIMEOUT', 'not applied by the deadline; it may be yet'));
  }

  #showProgress(nowMs: number): void {
    for (const gate of this.#host.gates) {
      if (gate.openCount === 0 || !gate.ordered) continue;
      if (nowMs - gate.deliveredAtMs >= PROGRESS_MS) gate.pushUrgent({ type: 'progress' });
    }
  }

  /** Tells everyone connected whether a leader with a quorum stands behind this member (contract 8). */
  #showConfirmation(nowMs: number): void {
    const { gates, reports, tuning } = this.#host;
    const { revision } = this.#host.tree();
    this.#isStale = !reports.isConfirmed(nowMs) || this.#host.isUnsound();
    for (const gate of gates) if (gate.isStale !== this.#isStale) this.#tell(gate, nowMs);
    if (this.#isStale || nowMs - this.#bookmarkAtMs < tuning.bookmarkMs) return;
    this.#bookmarkAtMs = nowMs;
    for (const gate of gates)
      if (gate.watches.size > 0 && gate.mayAnswer) gate.push({ type: 'bookmark', revision });
  }

  /** LIVE promises that everything up to it was told: who lags or is full learns it afterwards. */
  #tell(gate: Gate, nowMs: number): void {
    if (this.#isStale) gate.pushUrgent({ type: 'stale', ageMs: this.#ageMs(nowMs) });
    else if (gate.mayAnswer) gate.push({ type: 'live', revision: this.#host.tree().revision });
    else return;
    gate.isStale = this.#isStale;
  }

  #gossip(nowMs: number): void {
    const { raft, self, tuning } = this.#host;
    if (nowMs - this.#statusAtMs < tuning.statusMs) return;
    this.#statusAtMs = nowMs;
    const status = this.#host.status();
    const { voters, learners } = raft.configuration;
    for (const { id } of [...voters, ...learners]) if (id !== self) this.#host.send(id, status);
  }

  #ageMs(nowMs: number): number {
    return Math.min(this.#host.reports.confirmationAgeMs(nowMs), Number.MAX_SAFE_INTEGER);
  }
}
