/** Text pictures of consensus state, for logs and for the scripts that assert them. Nothing parses them. */
import type { Configuration, Run } from '../types/log.js';
import type { RaftMessage } from '../types/message.js';
import type { Progress } from './progress.js';
import { lastOf } from './run.js';
import type { ConsensusState } from './state.js';

export function describeState(state: ConsensusState): string {
  const { log, unstable, phase } = state;
  const parts = [
    `${state.self} ${phase.role}`,
    `term=${state.term}`,
    `vote=${state.votedFor ?? '-'}`,
    `leader=${state.leader ?? '-'}`,
    `commit=${state.commitIndex}`,
    `last=${log.lastIndex}@${log.lastTerm}`,
    `durable=${unstable.durableIndex}`,
  ];
  if (log.trimmed.index > 0) parts.push(`trimmed=${log.trimmed.index}@${log.trimmed.term}`);
  parts.push(`members=${describeConfiguration(state.configurations.latest.configuration)}`);
  if (state.installing !== undefined) parts.push(`installing=${state.installing.snapshot.index}`);
  if (phase.role !== 'leader') return parts.join(' ');
  if (phase.transfer !== undefined) parts.push(`transfer=${phase.transfer.to}`);
  const followers = [...phase.progress].map(([id, progress]) => describeProgress(id, progress));
  return [...parts, ...followers].join(' ');
}

function describeProgress(id: string, progress: Progress): string {
  const { mode, matchIndex, nextIndex } = progress;
  return `[${id} ${mode} match=${matchIndex} next=${nextIndex}]`;
}

/** Voters, then learners behind a plus. */
export function describeConfiguration(configuration: Configuration): string {
  const voters = configuration.voters.map((voter) => voter.id);
  const learners = configuration.learners.map((learner) => `+${learner.id}`);
  return [...voters, ...learners].join(',');
}

export function describeRun(run: Run): string {
  const span = run.count === 1 ? `${run.first}` : `${run.first}-${lastOf(run)}`;
  const kind = run.kind === 'command' ? '' : `:${run.kind}`;
  return `${span}@${run.term}${kind}`;
}

export function describeMessage(message: RaftMessage): string {
  const { from, to, type, term } = message;
  return `${from}→${to} ${type} term=${term} ${describeContent(message)}`.trimEnd();
}

function describeContent(message: RaftMessage): string {
  switch (message.type) {
    case 'voteRequest': {
      const kind = `${message.pre ? ' pre' : ''}${message.transfer ? ' transfer' : ''}`;
      return `last=${message.lastIndex}@${message.lastTerm}${kind}`;
    }
    case 'voteResponse':
      return `${message.granted ? 'granted' : 'refused'}${message.pre ? ' pre' : ''}`;
    case 'append': {
      const runs = message.runs.map(describeRun).join(' ');
      const prev = `prev=${message.prevIndex}@${message.prevTerm}`;
      return `${prev} commit=${message.commitIndex} round=${message.round} [${runs}]`;
    }
    case 'appendResponse': {
      if (message.accepted) return `accepted=${message.index} round=${message.round}`;
      return `refused=${message.index} hint=${message.hintIndex}@${message.hintTerm}`;
    }
    case 'heartbeat':
      return `commit=${message.commitIndex} round=${message.round}`;
    case 'heartbeatResponse':
      return `round=${message.round}`;
    case 'readRequest':
      return '';
    case 'readResponse':
      return `index=${message.index}`;
    case 'installSnapshot':
      return `snapshot=${message.snapshot.index}@${message.snapshot.term}`;
    case 'timeoutNow':
      return '';
  }
}
