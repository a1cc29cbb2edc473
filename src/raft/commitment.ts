/**
 * What a quorum holds: entries (the commit index) and rounds (reads). Only entries of the leader's own term
 * are counted; earlier ones are committed by those (thesis 3.6.2). The leader counts itself by what is on its
 * own disk, and not at all once it is no voter.
 */
import { asIndex, type MemberId } from '../types/ids.js';
import type { Progress } from './progress.js';
import { quorumValue } from './quorum.js';
import { type ConsensusState, commitTo, type Leader } from './state.js';

/** True when the commit index has risen. */
export function maybeCommit(state: ConsensusState, leader: Leader): boolean {
  const { log, unstable, commitIndex } = state;
  const index = valueOfQuorum(state, leader, {
    own: unstable.durableIndex,
    of: (progress) => progress.matchIndex,
  });
  if (index <= commitIndex || log.termAt(asIndex(index)) !== state.term) return false;
  leader.uncommittedBytes -= log.bytesBetween(asIndex(commitIndex + 1), asIndex(index));
  commitTo(state, asIndex(index));
  return true;
}

/** Hands out the reads of the round under way once a quorum has answered it. */
export function maybeConfirmReads(state: ConsensusState, leader: Leader): void {
  const { outbox, self } = state;
  const round = leader.reads.takeConfirmed(
    valueOfQuorum(state, leader, {
      own: leader.reads.begun,
      of: (progress) => progress.ackedRound,
    }),
  );
  if (round === undefined) return;
  const { index } = round;
  for (const { from, id } of round.tickets) {
    if (from === undefined) outbox.confirmReads([id], index);
    else outbox.send({ type: 'readResponse', from: self, to: from, term: state.term, id, index });
  }
}

interface Measure {
  readonly own: number;
  readonly of: (progress: Progress) => number;
}

function valueOfQuorum(state: ConsensusState, leader: Leader, measure: Measure): number {
  const reached = (id: MemberId): number => {
    if (id === state.self) return measure.own;
    const progress = leader.progress.get(id);
    return progress === undefined ? 0 : measure.of(progress);
  };
  return quorumValue(state.configurations.latest.voterIds.map(reached));
}
