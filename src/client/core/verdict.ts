/** What a failed request means for its connection: pure. */
import type * as wire from '../../gen/index.js';
import { FailureOutcome } from '../../gen/index.js';

/**
 * `over`: the session is gone. `moved`: another attachment took it. `again`: send it again, the same
 * seq. `final`: tell the caller.
 */
export type Verdict = 'over' | 'moved' | 'again' | 'final';

/** Where the member, not the request, is at fault: another one may do better. */
const MEMBER_FAULTS: ReadonlySet<string> = new Set(['NO_QUORUM', 'UNAVAILABLE', 'CLOSED']);
const SESSION_OVER: ReadonlySet<string> = new Set(['SESSION_EXPIRED', 'WRONG_SECRET']);
const ATTACH_LOST: ReadonlySet<string> = new Set(['MOVED', 'NO_SESSION']);
const TURNED_AWAY: ReadonlySet<string> = new Set([
  'NO_QUORUM',
  'UNAVAILABLE',
  'CLOSED',
  'OVERLOADED',
  'BEHIND',
  'FUTURE_REVISION',
  'TIMEOUT',
  'SEQ_GAP',
  'WINDOW_FULL',
]);

export function verdictOf(detail: wire.ErrorDetail, isWrite: boolean): Verdict {
  if (SESSION_OVER.has(detail.code)) return 'over';
  if (ATTACH_LOST.has(detail.code)) return 'moved';
  if (TURNED_AWAY.has(detail.code) || detail.retryable) return 'again';
  const isUnknown = detail.outcome === FailureOutcome.FAILURE_OUTCOME_UNKNOWN;
  // RESULT_DROPPED will never be known; anything else that is unknown can be resolved by its seq.
  return isWrite && isUnknown && detail.code === 'ABORTED' ? 'again' : 'final';
}

export function isMemberAtFault(code: string): boolean {
  return MEMBER_FAULTS.has(code);
}

export function wasNotApplied(detail: wire.ErrorDetail): boolean {
  return detail.outcome === FailureOutcome.FAILURE_OUTCOME_NOT_APPLIED;
}

/** What a watch has shown its reader by this, or will before it answers anything newer. */
export function revisionShown(response: wire.WatchResponse): number {
  const { events, snapshot, bookmark, live } = response;
  return events?.revision ?? snapshot?.revision ?? bookmark ?? live ?? 0;
}

/** What an answer has seen; 0 when it says nothing. */
export function revisionOf(response: wire.OperationResponse): number {
  const result =
    response.set ??
    response.get ??
    response.create ??
    response.delete ??
    response.transact ??
    response.list ??
    response.getAcl ??
    response.register ??
    response.instances ??
    response.services;
  return result?.revision ?? response.done ?? 0;
}
