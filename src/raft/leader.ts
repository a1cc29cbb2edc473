/**
 * The leader: takes proposals, counts answers, and steps down when it no longer hears a quorum or has led
 * the cluster out of its own hands. Sending is `replication.ts`; what a quorum holds is `commitment.ts`.
 */
import { assert } from '../types/assert.js';
import { asIndex, type Index, type MemberId } from '../types/ids.js';
import type { Configuration, EntryBatch, Run } from '../types/log.js';
import type { AppendResponse, HeartbeatResponse, RaftMessage } from '../types/message.js';
import { maybeCommit, maybeConfirmReads } from './commitment.js';
import { changedMember, isVoter, memberIds } from './membership.js';
import { Progress } from './progress.js';
import { quorumSize } from './quorum.js';
import { ReadRounds } from './reads.js';
import { orderSnapshot, replicate, sendHeartbeats } from './replication.js';
import { commandRun, configurationRun, noopRun, type RunPlace } from './run.js';
import {
  appendRun,
  becomeFollower,
  type ConsensusState,
  changePhase,
  type Leader,
} from './state.js';
import { maybeOrderCampaign, orderCampaign, tickTransfer } from './transfer.js';

export type ConfigurationAnswer = 'accepted' | 'notLeader' | 'pending' | 'invalid';

export function becomeLeader(state: ConsensusState): void {
  const { log } = state;
  const leader: Leader = {
    role: 'leader',
    firstIndex: asIndex(log.lastIndex + 1),
    progress: new Map(),
    reads: new ReadRounds(),
    heartbeatTicks: 0,
    quorumTicks: 0,
    heartbeatDue: false,
    transfer: undefined,
    uncommittedBytes: log.bytesBetween(asIndex(state.commitIndex + 1), log.lastIndex),
  };
  changePhase(state, leader, state.self);
  followConfiguration(state, leader);
  appendOwn(state, leader, noopRun(nextPlace(state, 0)));
}

/** The leader's stamp never runs back, whatever its clock does. */
function nextPlace(state: ConsensusState, timeMs: number): RunPlace {
  const { log, term } = state;
  const time = Math.max(log.lastTime, Math.floor(timeMs));
  return { term, first: asIndex(log.lastIndex + 1), time };
}

function appendOwn(state: ConsensusState, leader: Leader, run: Run): void {
  appendRun(state, run);
  leader.uncommittedBytes += run.bytes.length;
}

/** A progress for everyone in the configuration but this member, and for no one else. */
function followConfiguration(state: ConsensusState, leader: Leader): void {
  const { configurations, log, options, self } = state;
  const ids = memberIds(configurations.latest.configuration);
  for (const id of leader.progress.keys()) {
    if (!ids.includes(id)) leader.progress.delete(id);
  }
  for (const id of ids) {
    if (id === self || leader.progress.has(id)) continue;
    leader.progress.set(id, new Progress(asIndex(log.lastIndex + 1), options.limits));
  }
}

/** Whether the own-term no-op is committed: from then on the leader knows all that is (thesis 6.4). */
export function isReady(state: ConsensusState, leader: Leader): boolean {
  return state.commitIndex >= leader.firstIndex;
}

export function propose(
  state: ConsensusState,
  batch: EntryBatch,
  timeMs: number,
): Index | undefined {
  const { phase, options } = state;
  if (phase.role !== 'leader' || phase.transfer !== undefined) return undefined;
  assert(
    batch.count >= 1 && Number.isSafeInteger(Math.floor(timeMs)),
    'a batch has entries and a time',
  );
  const bytes = phase.uncommittedBytes + batch.bytes.length;
  if (phase.uncommittedBytes > 0 && bytes > options.limits.uncommittedBytesMax) return undefined;
  const run = commandRun(batch, nextPlace(state, timeMs));
  appendOwn(state, phase, run);
  return run.first;
}

/** One change at a time, and none before the own-term no-op is committed (build rules R7, R11). */
export function proposeConfiguration(
  state: ConsensusState,
  next: Configuration,
): ConfigurationAnswer {
  const { phase } = state;
  if (phase.role !== 'leader') return 'notLeader';
  const { latest } = state.configurations;
  if (!isReady(state, phase) || latest.index > state.commitIndex) return 'pending';
  if (phase.transfer !== undefined) return 'pending';
  const changed = changedMember(latest.configuration, next);
  if (changed === undefined) return 'invalid';
  if (isPromotion(latest.configuration, next, changed) && !isCaughtUp(state, phase, changed)) {
    return 'pending';
  }
  appendOwn(state, phase, configurationRun(next, nextPlace(state, 0)));
  followConfiguration(state, phase);
  return 'accepted';
}

function isPromotion(before: Configuration, after: Configuration, id: MemberId): boolean {
  return before.learners.some((learner) => learner.id === id) && isVoter(after, id);
}

/** What the learner lacks fits into its window: it will not hold up the quorum (thesis 4.2.1). */
function isCaughtUp(state: ConsensusState, leader: Leader, id: MemberId): boolean {
  const { log, options } = state;
  const progress = leader.progress.get(id);
  if (progress === undefined || progress.mode !== 'replicate') return false;
  const lag = log.bytesBetween(asIndex(progress.matchIndex + 1), log.lastIndex);
  return progress.recentlyActive && lag <= options.limits.inflightBytesMax;
}

export function stepLeader(state: ConsensusState, leader: Leader, message: RaftMessage): void {
  const progress = leader.progress.get(message.from);
  switch (message.type) {
    case 'appendResponse':
      if (progress !== undefined) stepAppendResponse(state, progress, message);
      break;
    case 'heartbeatResponse':
      if (progress !== undefined) stepHeartbeatResponse(state, progress, message);
      break;
    case 'readRequest':
      leader.reads.add({ from: message.from, id: message.id });
      break;
    default:
      return;
  }
  advance(state);
}

function stepAppendResponse(
  state: ConsensusState,
  progress: Progress,
  response: AppendResponse,
): void {
  const { log } = state;
  noteAlive(state, progress, response.round);
  if (response.accepted) {
    if (response.index <= log.lastIndex) progress.accepted(response.index, log.trimmed.index);
    return;
  }
  progress.refused(response.index, log.lastIndexWithin(response.hintIndex, response.hintTerm));
}

function stepHeartbeatResponse(
  state: ConsensusState,
  progress: Progress,
  response: HeartbeatResponse,
): void {
  noteAlive(state, progress, response.round);
  progress.heard(state.log.lastIndex);
}

/** A round that was never begun cannot have been answered. */
function noteAlive(state: ConsensusState, progress: Progress, round: number): void {
  progress.recentlyActive = true;
  if (state.phase.role !== 'leader' || round > state.phase.reads.begun) return;
  progress.acknowledgeRound(round);
}

/** Draws every conclusion that new answers, or the own disk, allow. */
export function advance(state: ConsensusState): void {
  const { phase } = state;
  if (phase.role !== 'leader') return;
  const hasCommitted = maybeCommit(state, phase);
  maybeConfirmReads(state, phase);
  maybeOrderCampaign(state, phase);
  if (hasCommitted) maybeResign(state, phase);
}

/** A leader that removed itself leads until that is committed (thesis 4.2.2), and passes the word first. */
function maybeResign(state: ConsensusState, leader: Leader): void {
  const { index, configuration, voterIds } = state.configurations.latest;
  if (index > state.commitIndex || isVoter(configuration, state.self)) return;
  replicate(state, leader);
  const matchOf = (id: MemberId) => leader.progress.get(id)?.matchIndex ?? 0;
  const heir = voterIds.find((id) => matchOf(id) === state.log.lastIndex);
  if (heir !== undefined) orderCampaign(state, heir);
  becomeFollower(state, state.term, undefined);
}

export function tickLeader(state: ConsensusState, leader: Leader): void {
  leader.heartbeatTicks += 1;
  if (leader.heartbeatTicks >= state.options.heartbeatTicks) {
    leader.heartbeatTicks = 0;
    leader.heartbeatDue = true;
  }
  tickTransfer(state, leader);
  tickSnapshots(state, leader);
  tickQuorum(state, leader);
}

/** The order may have been lost, or the transfer may have failed. */
function tickSnapshots(state: ConsensusState, leader: Leader): void {
  for (const [id, progress] of leader.progress) {
    if (progress.mode !== 'snapshot') continue;
    progress.snapshotTicks += 1;
    if (progress.snapshotTicks >= state.options.electionTicksMax) {
      orderSnapshot(state, { id, progress });
    }
  }
}

/** A leader that hears no quorum within an election timeout steps down (thesis 6.2). */
function tickQuorum(state: ConsensusState, leader: Leader): void {
  leader.quorumTicks += 1;
  if (leader.quorumTicks < state.options.electionTicksMin) return;
  leader.quorumTicks = 0;
  const { voterIds } = state.configurations.latest;
  const isActive = (id: MemberId) => id === state.self || leader.progress.get(id)?.recentlyActive;
  const active = voterIds.filter(isActive).length;
  for (const progress of leader.progress.values()) progress.recentlyActive = false;
  if (active < quorumSize(voterIds.length)) becomeFollower(state, state.term, undefined);
}

/** What leaves with the next Ready: heartbeats first, for they are small and urgent. */
export function prepareLeader(state: ConsensusState, leader: Leader): void {
  if (isReady(state, leader) && leader.reads.begin(state.commitIndex)) {
    leader.heartbeatDue = true;
    maybeConfirmReads(state, leader);
  }
  if (leader.heartbeatDue) sendHeartbeats(state, leader);
  replicate(state, leader);
}
