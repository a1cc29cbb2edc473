/**
 * One member's consensus state, and the transitions between roles that need nothing else. Roles are
 * functions over this record, so they never import `raft.ts`; what exists in one role only lives in that
 * variant of `Phase`.
 *
 * Invariant: deliveredIndex ≤ min(commitIndex, durable index); term never falls; within a term votedFor is
 * set once.
 */
import { assert } from '../types/assert.js';
import { asIndex, type Index, type MemberId, type Term } from '../types/ids.js';
import type { Run, SnapshotMeta } from '../types/log.js';
import type { VoteRequest } from '../types/message.js';
import { RaftLog } from './log.js';
import { ConfigurationHistory } from './membership.js';
import type { RaftOptions } from './options.js';
import type { Progress } from './progress.js';
import { ForwardedReads, type ReadRounds } from './reads.js';
import { type InstallOrder, Outbox } from './ready.js';
import { Unstable } from './unstable.js';

export interface Follower {
  readonly role: 'follower';
}

export interface PreCandidate {
  readonly role: 'preCandidate';
  readonly votes: Map<MemberId, boolean>;
}

export interface Candidate {
  readonly role: 'candidate';
  readonly votes: Map<MemberId, boolean>;
}

export interface Transfer {
  readonly to: MemberId;
  /** Given up after an election timeout (thesis 3.10). */
  ticks: number;
  /** The order to campaign has been sent. */
  ordered: boolean;
}

export interface Leader {
  readonly role: 'leader';
  /** The no-op that opened this leadership. Reads and changes of membership wait until it is committed. */
  readonly firstIndex: Index;
  /** Everyone in the configuration but this member. */
  readonly progress: Map<MemberId, Progress>;
  readonly reads: ReadRounds;
  heartbeatTicks: number;
  quorumTicks: number;
  /** Heartbeats leave with the next Ready. */
  heartbeatDue: boolean;
  transfer: Transfer | undefined;
  /** Bytes of entries that are in the log and not committed. */
  uncommittedBytes: number;
}

/**
 * `sick` (its disk is slow or failing): votes and acknowledges, but never leads. `quarantined` (its log was
 * damaged): gives no votes either, for it may have forgotten entries that it once acknowledged.
 */
export type Fitness = 'fit' | 'sick' | 'quarantined';

export type Phase = Follower | PreCandidate | Candidate | Leader;
export type Role = Phase['role'];

export interface ConsensusState {
  readonly self: MemberId;
  readonly options: RaftOptions;
  readonly log: RaftLog;
  readonly unstable: Unstable;
  readonly configurations: ConfigurationHistory;
  readonly outbox: Outbox;
  readonly forwarded: ForwardedReads;
  term: Term;
  votedFor: MemberId | undefined;
  /** Dropped whenever the term changes or the leader falls silent (build rule R24). */
  leader: MemberId | undefined;
  phase: Phase;
  fitness: Fitness;
  /** Highest index known to be on a quorum, as far as this log reaches. */
  commitIndex: Index;
  /** Committed entries up to here were handed out to be applied. */
  deliveredIndex: Index;
  /** The state machine has reported this far. */
  appliedIndex: Index;
  /** Ticks since the leader was heard, or since this member last campaigned or voted. */
  electionTicks: number;
  /** Drawn anew each time, so that two members rarely campaign together (thesis 3.4). */
  electionTimeout: number;
  /** The leader has closed its connection and does not answer a redial: loyalty ends at once. */
  leaderLost: boolean;
  /** Ticks until the fast campaign that follows the loss of a leader. */
  fastCampaignTicks: number | undefined;
  /** The term in which the one fast campaign was spent. */
  fastCampaignTerm: Term | undefined;
  /** A pre-vote request that loyalty made us ignore; answered after all if the leader is lost. */
  ignoredRequest: VoteRequest | undefined;
  /** The state is being fetched; until it is there, appends are ignored. */
  installing: InstallOrder | undefined;
}

export function createState(options: RaftOptions): ConsensusState {
  const { hardState, snapshot, runs, appliedIndex } = options.initial;
  const log = new RaftLog(snapshot, runs);
  assert(appliedIndex >= snapshot.index && appliedIndex <= log.lastIndex, 'applied within the log');
  const state: ConsensusState = {
    self: options.self,
    options,
    log,
    unstable: new Unstable(log.lastIndex, hardState),
    configurations: historyOf(snapshot, runs),
    outbox: new Outbox(),
    forwarded: new ForwardedReads(options.random),
    term: hardState.term,
    votedFor: hardState.votedFor,
    leader: undefined,
    phase: { role: 'follower' },
    fitness: 'fit',
    commitIndex: asIndex(Math.min(log.lastIndex, Math.max(hardState.commitIndex, appliedIndex))),
    deliveredIndex: appliedIndex,
    appliedIndex,
    electionTicks: 0,
    electionTimeout: 0,
    leaderLost: false,
    fastCampaignTicks: undefined,
    fastCampaignTerm: undefined,
    ignoredRequest: undefined,
    installing: undefined,
  };
  assert(log.lastTerm <= state.term, 'no entry is ahead of the term');
  resetElectionTimer(state);
  return state;
}

function historyOf(snapshot: SnapshotMeta, runs: readonly Run[]): ConfigurationHistory {
  const history = new ConfigurationHistory(snapshot.index, snapshot.configuration);
  for (const run of runs) history.append(run);
  return history;
}

export function resetElectionTimer(state: ConsensusState): void {
  const { random, electionTicksMin, electionTicksMax } = state.options;
  state.electionTicks = 0;
  state.electionTimeout = electionTicksMin + random.below(electionTicksMax - electionTicksMin + 1);
}

/** `term` may be the current one: then a campaign or a leadership ends, and the vote stays. */
export function becomeFollower(
  state: ConsensusState,
  term: Term,
  leader: MemberId | undefined,
): void {
  assert(term >= state.term, 'the term never falls');
  if (term > state.term) startTerm(state, term, undefined);
  changePhase(state, { role: 'follower' }, leader);
}

export function startTerm(state: ConsensusState, term: Term, votedFor: MemberId | undefined): void {
  state.term = term;
  state.votedFor = votedFor;
}

/** Whoever changes role forgets whom it followed and fails the reads that were on their way. */
export function changePhase(
  state: ConsensusState,
  phase: Phase,
  leader: MemberId | undefined,
): void {
  failReads(state);
  state.phase = phase;
  state.leader = leader;
  state.leaderLost = false;
  state.fastCampaignTicks = undefined;
  state.ignoredRequest = undefined;
  resetElectionTimer(state);
}

function failReads(state: ConsensusState): void {
  const { outbox, phase } = state;
  outbox.failReads(state.forwarded.takeAll());
  if (phase.role !== 'leader') return;
  for (const ticket of phase.reads.takeAll()) {
    if (ticket.from === undefined) outbox.failReads([ticket.id]);
  }
}

/** A message of the current term's leader: there is one leader a term, so every rival role ends. */
export function hearLeader(state: ConsensusState, leader: MemberId): void {
  if (state.phase.role !== 'follower' || state.leader !== leader) {
    becomeFollower(state, state.term, leader);
    return;
  }
  state.electionTicks = 0;
  state.leaderLost = false;
  state.fastCampaignTicks = undefined;
  state.ignoredRequest = undefined;
}

/**
 * Learners, the sick and those that still fetch the state never campaign. A member that is on its way out may have to,
 * until that is committed: it can be the only one whose log is long enough (thesis 4.2.2).
 */
export function mayCampaign(state: ConsensusState): boolean {
  const { configurations, commitIndex, fitness, installing, self } = state;
  if (fitness !== 'fit' || installing !== undefined) return false;
  return configurations.mayNeed(self, commitIndex);
}

/** Everything that enters the log passes here, so that the configuration follows it. */
export function appendRun(state: ConsensusState, run: Run): void {
  state.log.append(run);
  state.configurations.append(run);
}

export function truncateLog(state: ConsensusState, from: Index): void {
  assert(from > state.commitIndex, 'what is committed is never cut');
  state.log.truncate(from);
  state.configurations.truncate(from);
  state.unstable.truncated(from);
}

/** Never back, never past the log. */
export function commitTo(state: ConsensusState, index: Index): void {
  const to = asIndex(Math.min(index, state.log.lastIndex));
  if (to > state.commitIndex) state.commitIndex = to;
}
