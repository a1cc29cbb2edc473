/**
 * What the leader knows of one follower and how it feeds it. *Probe*: where the logs agree is not known;
 * one append, then wait for an answer. *Replicate*: appends are pipelined within the window. *Snapshot*: the
 * follower needs entries that were trimmed, and fetches the state. All changes of mode are here.
 *
 * Invariant: matchIndex < nextIndex.
 */
import { asIndex, type Index, NO_INDEX } from '../types/ids.js';
import { type InflightLimits, Inflights } from './inflights.js';

export type ProgressMode = 'probe' | 'replicate' | 'snapshot';

export class Progress {
  #mode: ProgressMode = 'probe';
  #matchIndex: Index = NO_INDEX;
  #nextIndex: Index;
  /** Probe only: an append is out and unanswered. */
  #waiting = false;
  readonly #inflights: Inflights;
  #ackedRound = 0;
  /** Heard from since the last check of the quorum. */
  recentlyActive = false;
  /** Highest commitIndex that the follower has been told and could use. */
  sentCommit: Index = NO_INDEX;
  /** An append is due even without entries: the follower may have missed some. */
  nudged = false;
  /** Snapshot only: ticks since it was last ordered. */
  snapshotTicks = 0;

  constructor(nextIndex: Index, limits: InflightLimits) {
    this.#nextIndex = nextIndex;
    this.#inflights = new Inflights(limits);
  }

  get mode(): ProgressMode {
    return this.#mode;
  }

  get matchIndex(): Index {
    return this.#matchIndex;
  }

  get nextIndex(): Index {
    return this.#nextIndex;
  }

  get ackedRound(): number {
    return this.#ackedRound;
  }

  get inflightCount(): number {
    return this.#inflights.count;
  }

  get canSend(): boolean {
    if (this.#mode === 'probe') return !this.#waiting;
    return this.#mode === 'replicate' && !this.#inflights.isFull;
  }

  becomeProbe(): void {
    this.#change('probe');
    this.#nextIndex = asIndex(this.#matchIndex + 1);
  }

  #becomeReplicate(): void {
    this.#change('replicate');
    this.#nextIndex = asIndex(this.#matchIndex + 1);
  }

  becomeSnapshot(): void {
    this.#change('snapshot');
  }

  #change(mode: ProgressMode): void {
    this.#mode = mode;
    this.#waiting = false;
    this.#inflights.clear();
    this.sentCommit = NO_INDEX;
    this.nudged = false;
    this.snapshotTicks = 0;
  }

  /** An append up to `lastIndex` has left (with entries or without). */
  sent(lastIndex: Index, bytes: number): void {
    this.nudged = false;
    if (this.#mode === 'probe') this.#waiting = true;
    if (this.#mode !== 'replicate' || lastIndex < this.#nextIndex) return;
    this.#inflights.add(lastIndex, bytes);
    this.#nextIndex = asIndex(lastIndex + 1);
  }

  /** The follower has everything up to `index`. True when that is news. */
  accepted(index: Index, trimmedIndex: Index): boolean {
    const isNews = index > this.#matchIndex;
    if (isNews) this.#matchIndex = index;
    this.#nextIndex = asIndex(Math.max(this.#nextIndex, index + 1));
    this.#inflights.freeTo(index);
    this.#resume(index, trimmedIndex);
    return isNews;
  }

  /** Where the logs agree is known again once an append was accepted at or behind what is known to match. */
  #resume(index: Index, trimmedIndex: Index): void {
    if (this.#mode === 'probe' && index >= this.#matchIndex) this.#becomeReplicate();
    if (this.#mode === 'snapshot' && this.#matchIndex >= trimmedIndex) this.#becomeReplicate();
  }

  /**
   * The append behind `refused` did not fit; `agreed` is the next guess. It may lie below what was known to
   * match: a follower whose log was damaged has come back with less. A late refusal costs a probe at most.
   */
  refused(refused: Index, agreed: Index): void {
    if (this.#mode === 'replicate' && refused >= this.#matchIndex) {
      this.becomeProbe();
      return;
    }
    if (this.#mode !== 'probe' || this.#nextIndex - 1 !== refused) return;
    this.#nextIndex = asIndex(Math.max(1, Math.min(refused, agreed + 1)));
    this.#matchIndex = asIndex(Math.min(this.#matchIndex, this.#nextIndex - 1));
    this.#waiting = false;
  }

  /**
   * A sign of life from a follower that may lack something because an append was lost: an empty one finds
   * out, without sending entries twice that are merely slow.
   */
  heard(lastIndex: Index): void {
    if (this.#mode === 'snapshot') return;
    if (this.#mode === 'probe' || this.#matchIndex < lastIndex) this.nudged = true;
  }

  /** What was in flight may be lost. */
  connectionLost(): void {
    if (this.#mode === 'replicate') this.becomeProbe();
  }

  acknowledgeRound(round: number): void {
    this.#ackedRound = Math.max(this.#ackedRound, round);
  }
}
