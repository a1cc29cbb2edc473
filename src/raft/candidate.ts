/**
 * How a member comes to campaign and what it makes of the answers: first the pre-vote (thesis 9.6), which
 * changes no term, then the vote. A fast campaign follows at once, but for a small random delay, when the
 * leader is known to be lost; one a term, and through the pre-vote like any other. Its own vote counts once
 * it is durable.
 */
import { asTerm, type MemberId } from '../types/ids.js';
import type { TimeoutNow, VoteResponse } from '../types/message.js';
import { becomeLeader } from './leader.js';
import { voteResult } from './quorum.js';
import {
  becomeFollower,
  type ConsensusState,
  changePhase,
  mayCampaign,
  resetElectionTimer,
  startTerm,
} from './state.js';

/** Spreads the fast campaigns of several members that lose the same leader at the same moment. */
const FAST_CAMPAIGN_SPREAD_TICKS = 4;

export function tickElection(state: ConsensusState): void {
  state.electionTicks += 1;
  if (state.fastCampaignTicks !== undefined) tickFastCampaign(state);
  if (state.electionTicks >= state.electionTimeout) electionTimedOut(state);
}

function electionTimedOut(state: ConsensusState): void {
  if (mayCampaign(state)) {
    becomePreCandidate(state);
    return;
  }
  if (state.leader === undefined) {
    resetElectionTimer(state);
    return;
  }
  becomeFollower(state, state.term, undefined);
}

function tickFastCampaign(state: ConsensusState): void {
  state.fastCampaignTicks! -= 1;
  if (state.fastCampaignTicks! > 0) return;
  state.fastCampaignTicks = undefined;
  state.fastCampaignTerm = state.term;
  if (mayCampaign(state)) becomePreCandidate(state);
}

/** The leader is lost, as the edge has established. Nothing happens if it is heard again before. */
export function loseLeader(state: ConsensusState): void {
  state.leaderLost = true;
  if (!mayCampaign(state) || state.fastCampaignTerm === state.term) return;
  state.fastCampaignTicks ??= 1 + state.options.random.below(FAST_CAMPAIGN_SPREAD_TICKS);
}

function becomePreCandidate(state: ConsensusState): void {
  changePhase(state, { role: 'preCandidate', votes: new Map([[state.self, true]]) }, undefined);
  requestVotes(state, { pre: true, transfer: false });
  maybeWin(state);
}

function becomeCandidate(state: ConsensusState, transfer: boolean): void {
  startTerm(state, asTerm(state.term + 1), state.self);
  changePhase(state, { role: 'candidate', votes: new Map() }, undefined);
  requestVotes(state, { pre: false, transfer });
}

/** A real request implies our own vote, so it waits for that to be durable. */
function requestVotes(
  state: ConsensusState,
  kind: { readonly pre: boolean; readonly transfer: boolean },
): void {
  const { log, outbox, self } = state;
  for (const to of state.configurations.latest.voterIds) {
    if (to === self) continue;
    const term = kind.pre ? asTerm(state.term + 1) : state.term;
    const { lastIndex, lastTerm } = log;
    const request = { type: 'voteRequest' as const, from: self, to, term, ...kind };
    if (kind.pre) outbox.send({ ...request, lastIndex, lastTerm });
    else outbox.sendAfterPersist({ ...request, lastIndex, lastTerm });
  }
}

/** Ordered by the leader (thesis 3.10): no pre-vote, and loyalty does not apply. */
export function stepTimeoutNow(state: ConsensusState, order: TimeoutNow): void {
  if (state.leader === order.from && mayCampaign(state)) becomeCandidate(state, true);
}

export function stepVoteResponse(state: ConsensusState, response: VoteResponse): void {
  const { phase } = state;
  if (phase.role !== 'preCandidate' && phase.role !== 'candidate') return;
  if (response.pre !== (phase.role === 'preCandidate')) return;
  const asked = response.pre && response.granted ? state.term + 1 : state.term;
  if (response.term !== asked) return;
  recordVote(state, response.from, response.granted);
}

/** The candidate's vote for itself has reached its disk. */
export function voteForSelf(state: ConsensusState): void {
  if (state.phase.role === 'candidate') recordVote(state, state.self, true);
}

function recordVote(state: ConsensusState, from: MemberId, granted: boolean): void {
  const { phase } = state;
  if (phase.role !== 'preCandidate' && phase.role !== 'candidate') return;
  if (!phase.votes.has(from)) phase.votes.set(from, granted);
  maybeWin(state);
}

function maybeWin(state: ConsensusState): void {
  const { phase } = state;
  if (phase.role !== 'preCandidate' && phase.role !== 'candidate') return;
  const result = voteResult(state.configurations.latest.voterIds, phase.votes);
  if (result === 'lost') {
    becomeFollower(state, state.term, undefined);
    return;
  }
  if (result === 'pending') return;
  if (phase.role === 'preCandidate') becomeCandidate(state, false);
  else becomeLeader(state);
}
