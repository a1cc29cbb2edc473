/**
 * The leader's sending side: appends within each follower's window, heartbeats, word of a new commit index,
 * and the order to fetch the state when the log no longer reaches back. Called when a Ready is taken, so
 * that everything proposed since the last one shares its messages.
 */
import { asIndex, type Index, type MemberId, type Term } from '../types/ids.js';
import type { Run } from '../types/log.js';
import type { Progress } from './progress.js';
import { costOf, lastOf } from './run.js';
import type { ConsensusState, Leader } from './state.js';

/** No answer is wanted: the heartbeat only carries the commit index. */
const NO_ROUND = 0;

interface Peer {
  readonly id: MemberId;
  readonly progress: Progress;
}

export function replicate(state: ConsensusState, leader: Leader): void {
  for (const [id, progress] of leader.progress) {
    const peer = { id, progress };
    feed(state, leader, peer);
    const known = Math.min(state.commitIndex, progress.matchIndex);
    if (progress.mode === 'replicate' && progress.sentCommit < known) {
      sendHeartbeat(state, peer, NO_ROUND);
    }
  }
}

function feed(state: ConsensusState, leader: Leader, peer: Peer): void {
  const { progress } = peer;
  while (progress.canSend && progress.nextIndex <= state.log.lastIndex) {
    if (!sendAppend(state, leader, peer)) return;
  }
  if (progress.nudged) sendAppend(state, leader, peer);
}

/** One append behind what was sent last; without entries when the window is full. False: fetch instead. */
function sendAppend(state: ConsensusState, leader: Leader, peer: Peer): boolean {
  const { log, options } = state;
  const { progress } = peer;
  const prevIndex = asIndex(progress.nextIndex - 1);
  const prevTerm = log.termAt(prevIndex);
  if (prevTerm === undefined) {
    orderSnapshot(state, peer);
    return false;
  }
  const { appendBytesMax } = options.limits;
  const runs = progress.canSend ? log.readBounded(progress.nextIndex, appendBytesMax) : [];
  emitAppend(state, peer, { prevIndex, prevTerm, runs, round: leader.reads.begun });
  return true;
}

interface AppendContent {
  readonly prevIndex: Index;
  readonly prevTerm: Term;
  readonly runs: readonly Run[];
  readonly round: number;
}

function emitAppend(state: ConsensusState, peer: Peer, content: AppendContent): void {
  const { commitIndex, self: from, term, outbox } = state;
  const { id: to, progress } = peer;
  const last = content.runs.at(-1);
  const lastIndex = last === undefined ? content.prevIndex : lastOf(last);
  const bytes = content.runs.reduce((sum, run) => sum + costOf(run), 0);
  progress.sent(lastIndex, bytes);
  progress.sentCommit = asIndex(Math.max(progress.sentCommit, Math.min(commitIndex, lastIndex)));
  outbox.send({ type: 'append', from, to, term, ...content, commitIndex });
}

export function orderSnapshot(state: ConsensusState, peer: Peer): void {
  const { log, configurations, self: from, term, outbox } = state;
  peer.progress.becomeSnapshot();
  const snapshot = { ...log.trimmed, configuration: configurations.base };
  outbox.send({ type: 'installSnapshot', from, to: peer.id, term, snapshot });
}

/** To everyone, those who fetch the state included: it proves leadership and carries the read round. */
export function sendHeartbeats(state: ConsensusState, leader: Leader): void {
  leader.heartbeatDue = false;
  for (const [id, progress] of leader.progress) {
    sendHeartbeat(state, { id, progress }, leader.reads.begun);
  }
}

function sendHeartbeat(state: ConsensusState, peer: Peer, round: number): void {
  const { self: from, term, outbox } = state;
  const commitIndex = asIndex(Math.min(state.commitIndex, peer.progress.matchIndex));
  peer.progress.sentCommit = asIndex(Math.max(peer.progress.sentCommit, commitIndex));
  outbox.send({ type: 'heartbeat', from, to: peer.id, term, commitIndex, round });
}
