/** Why a call came to nothing, in words that name the cause. */
import { plainText } from '../../rpc/failure.js';
import { type FailureOutcome, RollcallError } from '../../types/errors.js';
import type { Operation } from './operation.js';

/** `cause`: what went wrong last on the way to a member. */
export function unreachable(
  outcome: FailureOutcome,
  cause: RollcallError | undefined,
): RollcallError {
  const why = cause === undefined ? '' : `: ${plainText(cause)}`;
  return new RollcallError('UNAVAILABLE', `no member answers${why}`, { outcome, cause });
}

/** `cutOffBy`: why no member is in reach; then that is the reason, unless it may have been applied. */
export function tooLate(
  { outcome, timeoutMs }: Operation,
  cutOffBy: RollcallError | undefined,
): RollcallError {
  if (outcome === 'not-applied' && cutOffBy !== undefined) return unreachable(outcome, cutOffBy);
  return new RollcallError('TIMEOUT', `not answered within ${timeoutMs} ms`, { outcome });
}

export function breaking({ outcome }: Operation, cause: RollcallError): RollcallError {
  const text = `it breaks every connection it is sent on: ${plainText(cause)}`;
  return new RollcallError('PROTOCOL', text, { outcome, cause });
}

export function closed(outcome: FailureOutcome = 'not-applied'): RollcallError {
  return new RollcallError('CLOSED', 'it was closed', { outcome });
}

export function sessionEnded(cause: string): RollcallError {
  return new RollcallError('SESSION_EXPIRED', `the session has ended: ${cause}`);
}

/** By our own clock: the cluster may have ended it by now. */
export function silentTooLong(): RollcallError {
  return new RollcallError('SESSION_EXPIRED', 'the cluster was silent for too long');
}

export function usedElsewhere(): RollcallError {
  return new RollcallError('MOVED', 'another process uses this session');
}

export function withOutcome(error: RollcallError, outcome: FailureOutcome): RollcallError {
  if (error.outcome === outcome) return error;
  const { code, retryAfterMs, endpoint, position, cause = error } = error;
  return new RollcallError(code, plainText(error), {
    ...{ outcome, cause },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(endpoint !== undefined && { endpoint }),
    ...(position !== undefined && { position }),
  });
}
