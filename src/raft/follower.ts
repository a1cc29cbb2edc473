/**
 * What a member does with the messages of its leader: checks that the entries fit behind its own, cuts only
 * what truly conflicts (build rule R5), learns what is committed only as far as this message vouches for it
 * (R4), and answers once its disk has it.
 */
import { decodeConfiguration } from '../codec/run.js';
import { asIndex, type Index } from '../types/ids.js';
import type { Run } from '../types/log.js';
import type { Append, Heartbeat, InstallSnapshot, ReadResponse } from '../types/message.js';
import { lastOf, sliceRun } from './run.js';
import { appendRun, type ConsensusState, commitTo, truncateLog } from './state.js';

export function stepAppend(state: ConsensusState, append: Append): void {
  if (state.installing !== undefined || !isWellFormed(append)) return;
  if (!state.log.holds(append.prevIndex, append.prevTerm)) {
    refuse(state, append);
    return;
  }
  if (!mergeRuns(state, append.runs)) return;
  const last = append.runs.at(-1);
  const covered = last === undefined ? append.prevIndex : lastOf(last);
  commitTo(state, asIndex(Math.min(append.commitIndex, covered)));
  accept(state, { to: append.from, index: covered, round: append.round });
}

/** Cost per run, and a configuration is decoded: a bad one must not enter the log. */
function isWellFormed(append: Append): boolean {
  let next = append.prevIndex + 1;
  let term = append.prevTerm;
  for (const run of append.runs) {
    if (run.first !== next || run.count < 1 || run.term < term || run.term > append.term)
      return false;
    if (run.kind === 'configuration' && decodeConfiguration(run.bytes) === undefined) return false;
    next += run.count;
    term = run.term;
  }
  return Number.isSafeInteger(next);
}

/** False when the entries contradict what is committed: that leader is wrong, and gets no answer (R26). */
function mergeRuns(state: ConsensusState, runs: readonly Run[]): boolean {
  const from = state.log.firstDifference(runs);
  if (from === undefined) return true;
  if (from <= state.commitIndex) return false;
  if (from <= state.log.lastIndex) truncateLog(state, from);
  for (const run of runs) {
    if (lastOf(run) >= from) appendRun(state, sliceRun(run, from, lastOf(run)));
  }
  return true;
}

interface Acceptance {
  readonly to: Append['from'];
  readonly index: Index;
  readonly round: number;
}

/** Everything up to the index is in the log; it is said when it is on disk. */
function accept(state: ConsensusState, acceptance: Acceptance): void {
  const index = asIndex(Math.max(acceptance.index, state.commitIndex));
  state.outbox.sendAfterPersist({
    type: 'appendResponse',
    from: state.self,
    to: acceptance.to,
    term: state.term,
    accepted: true,
    index,
    hintIndex: index,
    hintTerm: state.log.lastTerm,
    round: acceptance.round,
  });
}

type Refused = Pick<Append, 'from' | 'prevIndex' | 'prevTerm' | 'round'>;

/** The hint spares the leader whole terms: our last entry that could be in its log. */
function refuse(state: ConsensusState, append: Refused): void {
  const { log } = state;
  const hintIndex = log.lastIndexWithin(asIndex(append.prevIndex - 1), append.prevTerm);
  state.outbox.send({
    type: 'appendResponse',
    from: state.self,
    to: append.from,
    term: state.term,
    accepted: false,
    index: append.prevIndex,
    hintIndex,
    hintTerm: log.termAt(hintIndex) ?? log.trimmed.term,
    round: append.round,
  });
}

/** A commit index that our log does not reach: we have lost entries that we once acknowledged. */
export function stepHeartbeat(state: ConsensusState, heartbeat: Heartbeat): void {
  const { self, term, outbox, log, installing } = state;
  const { from: to, round, commitIndex } = heartbeat;
  commitTo(state, commitIndex);
  if (commitIndex > log.lastIndex && installing === undefined) {
    refuse(state, { from: to, prevIndex: commitIndex, prevTerm: term, round });
  }
  if (round > 0) outbox.send({ type: 'heartbeatResponse', from: self, to, term, round });
}

/** A state that our log reaches already needs no fetching: its index is committed (build rule R19). */
export function stepInstallSnapshot(state: ConsensusState, order: InstallSnapshot): void {
  if (state.installing !== undefined) return;
  const { from, snapshot } = order;
  const isHere = state.log.termAt(snapshot.index) === snapshot.term;
  if (isHere) commitTo(state, snapshot.index);
  if (snapshot.index <= state.commitIndex) {
    accept(state, { to: from, index: state.commitIndex, round: 0 });
    return;
  }
  state.installing = { from, snapshot };
  state.outbox.install(state.installing);
}

/** The state was fetched and loaded: the leader may go on behind it. */
export function reportInstalled(state: ConsensusState): void {
  if (state.leader === undefined || state.leader === state.self) return;
  accept(state, { to: state.leader, index: state.commitIndex, round: 0 });
}

export function stepReadResponse(state: ConsensusState, response: ReadResponse): void {
  state.outbox.confirmReads(state.forwarded.takeAnswered(response.id), response.index);
}

/** What leaves with the next Ready: reads for the leader. */
export function prepareFollower(state: ConsensusState): void {
  const { leader, self: from, term, outbox } = state;
  if (leader === undefined || leader === from) return;
  for (let id = state.forwarded.maybeAttempt(); id !== undefined; ) {
    outbox.send({ type: 'readRequest', from, to: leader, term, id });
    id = state.forwarded.maybeAttempt();
  }
}
