/**
 * Handing leadership over (thesis 3.10): proposals stop, the target catches up, then it is told to campaign
 * at once. Given up after an election timeout, or when the target is no voter any more.
 */
import type { MemberId } from '../types/ids.js';
import { isVoter } from './membership.js';
import type { ConsensusState, Leader } from './state.js';

/** False when `to` cannot take over, or another transfer is under way. */
export function startTransfer(state: ConsensusState, leader: Leader, to: MemberId): boolean {
  if (leader.transfer?.to === to) return true;
  const { configuration } = state.configurations.latest;
  if (leader.transfer !== undefined || to === state.self || !isVoter(configuration, to))
    return false;
  leader.transfer = { to, ticks: 0, ordered: false };
  maybeOrderCampaign(state, leader);
  return true;
}

/** To be called when the target has acknowledged entries. */
export function maybeOrderCampaign(state: ConsensusState, leader: Leader): void {
  const { transfer } = leader;
  if (transfer === undefined || transfer.ordered) return;
  const progress = leader.progress.get(transfer.to);
  if (progress === undefined || progress.matchIndex < state.log.lastIndex) return;
  transfer.ordered = true;
  orderCampaign(state, transfer.to);
}

export function orderCampaign(state: ConsensusState, to: MemberId): void {
  const { self: from, term, outbox } = state;
  outbox.send({ type: 'timeoutNow', from, to, term });
}

export function tickTransfer(state: ConsensusState, leader: Leader): void {
  const { transfer } = leader;
  if (transfer === undefined) return;
  transfer.ticks += 1;
  const isLate = transfer.ticks >= state.options.electionTicksMin;
  const { configuration } = state.configurations.latest;
  if (isLate || !isVoter(configuration, transfer.to)) leader.transfer = undefined;
}
