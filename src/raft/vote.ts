/**
 * Answers requests for a vote, in any role and whoever asks (build rule R13). One vote a term, only for a log
 * at least as up to date as ours (thesis 3.6.1), and none while a leader is being heard (thesis 4.2.3),
 * unless that leader ordered the campaign or is known to be lost.
 */
import type { VoteRequest } from '../types/message.js';
import { becomeFollower, type ConsensusState, resetElectionTimer } from './state.js';

export function stepVoteRequest(state: ConsensusState, request: VoteRequest): void {
  if (state.fitness === 'quarantined') return;
  if (request.term > state.term && !request.transfer && isLoyal(state)) {
    if (request.pre) state.ignoredRequest = request;
    return;
  }
  if (request.pre) {
    answerPreVote(state, request);
    return;
  }
  if (request.term > state.term) becomeFollower(state, request.term, undefined);
  answerVote(state, request);
}

/** A leader counts itself as heard: its own check of the quorum ends that. */
function isLoyal(state: ConsensusState): boolean {
  if (state.phase.role === 'leader') return true;
  if (state.leader === undefined || state.leaderLost) return false;
  return state.electionTicks < state.options.electionTicksMin;
}

/** Changes nothing here, so it may leave at once. A refusal carries our term, for those left behind. */
function answerPreVote(state: ConsensusState, request: VoteRequest): void {
  const granted = request.term > state.term && isUpToDate(state, request);
  if (granted) maybeYield(state, request);
  state.outbox.send({
    type: 'voteResponse',
    from: state.self,
    to: request.from,
    term: granted ? request.term : state.term,
    pre: true,
    granted,
  });
}

/**
 * Two members that ask each other at the same moment would both succeed and then split the vote. The one
 * with the lesser log, or the lesser id, steps back.
 */
function maybeYield(state: ConsensusState, request: VoteRequest): void {
  if (state.phase.role !== 'preCandidate' || request.term !== state.term + 1) return;
  const { lastTerm, lastIndex } = state.log;
  const isTie = request.lastTerm === lastTerm && request.lastIndex === lastIndex;
  if (isTie && request.from < state.self) return;
  becomeFollower(state, state.term, undefined);
}

function answerVote(state: ConsensusState, request: VoteRequest): void {
  const isFree = state.votedFor === undefined && state.leader === undefined;
  const granted =
    request.term === state.term &&
    (state.votedFor === request.from || isFree) &&
    isUpToDate(state, request);
  if (granted) {
    state.votedFor = request.from;
    resetElectionTimer(state);
  }
  state.outbox.sendAfterPersist({
    type: 'voteResponse',
    from: state.self,
    to: request.from,
    term: state.term,
    pre: false,
    granted,
  });
}

function isUpToDate(state: ConsensusState, request: VoteRequest): boolean {
  const { lastTerm, lastIndex } = state.log;
  if (request.lastTerm !== lastTerm) return request.lastTerm > lastTerm;
  return request.lastIndex >= lastIndex;
}
