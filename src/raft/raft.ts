/**
 * Consensus as a function of messages and ticks. `Raft` checks addresses and terms, hands each input to the
 * role that must deal with it, and holds no policy of its own. It performs nothing: whoever drives it takes
 * a `Ready` after every batch of inputs, writes, sends and applies what it says, and reports back through
 * `persisted`, `applied` and `snapshotInstalled`. What peers send is never trusted and never throws.
 */
import { assert } from '../types/assert.js';
import { asIndex, type Index, type MemberId, type Term } from '../types/ids.js';
import { RAFT_TERM_JUMP_MAX } from '../types/limits.js';
import type { Configuration, EntryBatch, SnapshotMeta } from '../types/log.js';
import type { RaftMessage } from '../types/message.js';
import {
  loseLeader,
  stepTimeoutNow,
  stepVoteResponse,
  tickElection,
  voteForSelf,
} from './candidate.js';
import { describeState } from './describe.js';
import {
  prepareFollower,
  reportInstalled,
  stepAppend,
  stepHeartbeat,
  stepInstallSnapshot,
  stepReadResponse,
} from './follower.js';
import {
  advance,
  type ConfigurationAnswer,
  isReady,
  prepareLeader,
  propose,
  proposeConfiguration,
  stepLeader,
  tickLeader,
} from './leader.js';
import type { RaftOptions } from './options.js';
import type { ProgressMode } from './progress.js';
import { type Ready, takeReady } from './ready.js';
import {
  becomeFollower,
  type ConsensusState,
  createState,
  type Fitness,
  hearLeader,
  type Role,
} from './state.js';
import { startTransfer } from './transfer.js';
import { stepVoteRequest } from './vote.js';

export type { ConfigurationAnswer } from './leader.js';
export type { InitialState, RaftLimits, RaftOptions } from './options.js';
export { RAFT_LIMITS_DEFAULT, RAFT_TICKS_DEFAULT } from './options.js';
export type { ConfirmedRead, InstallOrder, Ready } from './ready.js';
export type { Fitness, Role } from './state.js';

export interface FollowerView {
  readonly id: MemberId;
  readonly matchIndex: Index;
  readonly mode: ProgressMode;
}

export class Raft {
  readonly #state: ConsensusState;

  constructor(options: RaftOptions) {
    this.#state = createState(options);
  }

  get role(): Role {
    return this.#state.phase.role;
  }

  get term(): Term {
    return this.#state.term;
  }

  get leader(): MemberId | undefined {
    return this.#state.leader;
  }

  get commitIndex(): Index {
    return this.#state.commitIndex;
  }

  get lastIndex(): Index {
    return this.#state.log.lastIndex;
  }

  get durableIndex(): Index {
    return this.#state.unstable.durableIndex;
  }

  get trimmedIndex(): Index {
    return this.#state.log.trimmed.index;
  }

  /** Of an entry in memory or at the trim point; undefined elsewhere. */
  termAt(index: number): Term | undefined {
    return this.#state.log.termAt(asIndex(index));
  }

  /** In effect: that of the last configuration entry in the log, committed or not. */
  get configuration(): Configuration {
    return this.#state.configurations.latest.configuration;
  }

  /** A leader whose own-term no-op is committed. */
  get isReady(): boolean {
    const { phase } = this.#state;
    return phase.role === 'leader' && isReady(this.#state, phase);
  }

  get isTransferring(): boolean {
    const { phase } = this.#state;
    return phase.role === 'leader' && phase.transfer !== undefined;
  }

  /** How far each other member is; empty but at the leader. */
  get followers(): readonly FollowerView[] {
    const { phase } = this.#state;
    if (phase.role !== 'leader') return [];
    return [...phase.progress].map(([id, { matchIndex, mode }]) => ({ id, matchIndex, mode }));
  }

  tick(): void {
    const state = this.#state;
    if (state.phase.role === 'leader') {
      tickLeader(state, state.phase);
      return;
    }
    state.forwarded.tick(2 * state.options.heartbeatTicks);
    tickElection(state);
  }

  /** A message from the network; what is not for this member, or makes no sense, is ignored. */
  step(message: RaftMessage): void {
    const state = this.#state;
    if (message.to !== state.self || message.from === state.self) return;
    if (message.term > state.term + RAFT_TERM_JUMP_MAX) return;
    if (message.type === 'voteRequest') {
      stepVoteRequest(state, message);
      return;
    }
    if (message.term > state.term && !isGrantedPreVote(message)) {
      becomeFollower(state, message.term, undefined);
    }
    if (message.term < state.term) {
      answerOutdated(state, message);
      return;
    }
    stepCurrent(state, message);
  }

  /** Appends at the leader; the entries leave with the next Ready. `undefined`: nothing was appended. */
  propose(batch: EntryBatch, timeMs: number): Index | undefined {
    return propose(this.#state, batch, timeMs);
  }

  /** `pending`: a change, a transfer or the leadership itself is not settled, or the learner lags; ask again. */
  proposeConfiguration(next: Configuration): ConfigurationAnswer {
    return proposeConfiguration(this.#state, next);
  }

  /** Answered in `reads` or `readsFailed` of a later Ready. Ids must not be used twice. */
  readIndex(id: number): void {
    const { phase, leader, forwarded, outbox } = this.#state;
    const isTaken =
      phase.role === 'leader'
        ? phase.reads.add({ from: undefined, id })
        : leader !== undefined && forwarded.add(id);
    if (!isTaken) outbox.failReads([id]);
  }

  /** That member closed its connection and a redial was refused or stayed silent. */
  peerDown(id: MemberId): void {
    const state = this.#state;
    const { phase, ignoredRequest } = state;
    if (phase.role === 'leader') {
      phase.progress.get(id)?.connectionLost();
      return;
    }
    if (id !== state.leader) return;
    loseLeader(state);
    if (ignoredRequest !== undefined) stepVoteRequest(state, ignoredRequest);
  }

  /** False when not leading, or when `to` cannot take over. */
  transferLeadership(to: MemberId): boolean {
    const { phase } = this.#state;
    return phase.role === 'leader' && startTransfer(this.#state, phase, to);
  }

  /** A leader that is no longer fit hands over, or resigns when nobody can take over at once. */
  setFitness(fitness: Fitness): void {
    this.#state.fitness = fitness;
  }

  /** Ends this leadership without an heir; whoever times out first follows. */
  resign(): void {
    const { phase, term } = this.#state;
    if (phase.role === 'leader') becomeFollower(this.#state, term, undefined);
  }

  /** The write of that Ready is durable, and so are all before it. */
  persisted(token: number): void {
    const state = this.#state;
    for (const message of state.unstable.settle(token)) {
      if (message.term === state.term) state.outbox.send(message);
    }
    if (state.unstable.isVoteDurable(state.term, state.self)) voteForSelf(state);
    advance(state);
  }

  /** The state at `meta` is durable and loaded; the log starts anew behind it, but for a suffix that fits. */
  snapshotInstalled(meta: SnapshotMeta): void {
    const state = this.#state;
    assert(meta.index >= state.deliveredIndex, 'a state never replaces a newer one');
    assert(state.phase.role !== 'leader', 'a leader never installs a state');
    if (meta.term > state.term) becomeFollower(state, meta.term, undefined);
    restartLog(state, meta);
    state.commitIndex = asIndex(Math.max(state.commitIndex, meta.index));
    state.deliveredIndex = meta.index;
    state.appliedIndex = meta.index;
    state.installing = undefined;
    reportInstalled(state);
  }

  /** The leader orders again after a while. */
  snapshotFailed(from: MemberId): void {
    const state = this.#state;
    if (state.installing?.from === from) state.installing = undefined;
  }

  /** Entries up to `to` leave the memory; they must be applied. */
  trim(to: Index): void {
    const { log, configurations, appliedIndex } = this.#state;
    assert(to <= appliedIndex, 'only what is applied is trimmed');
    if (to <= log.trimmed.index) return;
    log.trim(to);
    configurations.trim(to);
  }

  /** What a checkpoint of the state at `index` must record; from the trim point to what is applied. */
  snapshotAt(index: Index): SnapshotMeta {
    const { log, configurations, appliedIndex } = this.#state;
    const term = log.termAt(index);
    assert(term !== undefined && index <= appliedIndex, 'a checkpoint holds what is applied');
    return { index, term, configuration: configurations.at(index) };
  }

  applied(index: Index): void {
    const state = this.#state;
    assert(index >= state.appliedIndex, 'applied never falls');
    assert(index <= state.deliveredIndex, 'applied only what was handed out');
    state.appliedIndex = index;
  }

  /** What to do now; `undefined` when nothing. To be called after every batch of inputs. */
  takeReady(): Ready | undefined {
    const state = this.#state;
    if (state.phase.role === 'leader') prepareLeader(state, state.phase);
    else prepareFollower(state);
    return takeReady(state);
  }

  describe(): string {
    return describeState(this.#state);
  }
}

/** Its term is the one the asker would campaign at; it obliges no one yet. */
function isGrantedPreVote(message: RaftMessage): boolean {
  return message.type === 'voteResponse' && message.pre && message.granted;
}

/** A leader of an earlier term, which would otherwise never learn that the term has moved on. */
function answerOutdated(state: ConsensusState, message: RaftMessage): void {
  if (message.type !== 'append' && message.type !== 'heartbeat') return;
  const { self, term, outbox, log } = state;
  outbox.send({
    type: 'appendResponse',
    from: self,
    to: message.from,
    term,
    accepted: false,
    index: asIndex(0),
    hintIndex: log.trimmed.index,
    hintTerm: log.trimmed.term,
    round: 0,
  });
}

function stepCurrent(state: ConsensusState, message: RaftMessage): void {
  const { phase } = state;
  if (phase.role === 'leader') {
    stepLeader(state, phase, message);
    return;
  }
  switch (message.type) {
    case 'append':
      hearLeader(state, message.from);
      stepAppend(state, message);
      return;
    case 'heartbeat':
      hearLeader(state, message.from);
      stepHeartbeat(state, message);
      return;
    case 'installSnapshot':
      hearLeader(state, message.from);
      stepInstallSnapshot(state, message);
      return;
    case 'timeoutNow':
      hearLeader(state, message.from);
      stepTimeoutNow(state, message);
      return;
    case 'voteResponse':
      stepVoteResponse(state, message);
      return;
    case 'readResponse':
      stepReadResponse(state, message);
      return;
    default:
      return;
  }
}

/** A suffix behind the same entry is kept (build rule R19) and written again: the disk may have dropped it. */
function restartLog(state: ConsensusState, meta: SnapshotMeta): void {
  const { log, configurations, unstable } = state;
  if (log.termAt(meta.index) === meta.term) {
    log.trim(meta.index);
    configurations.trim(meta.index);
  } else {
    log.restart(meta);
    configurations.restart(meta.index, meta.configuration);
  }
  unstable.restarted(meta.index, log.lastIndex > meta.index);
}
