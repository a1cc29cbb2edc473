/**
 * Failures on the wire: `RollcallError` ⇄ ErrorDetail, and the words for every refusal of the tree.
 * Text is for people; nothing is ever decided by it.
 */
import { type ErrorDetail, FailureOutcome } from '../gen/index.js';
import { ERROR_CODES, type ErrorCode, type RefusalCode, RollcallError } from '../types/errors.js';
import type { Refused } from '../types/outcome.js';
import type { Outgoing } from './shapes.js';

const REFUSAL_TEXTS: Readonly<Record<RefusalCode, string>> = {
  NO_NODE: 'no such node',
  NODE_EXISTS: 'the node exists',
  NO_PARENT: 'the parent does not exist: create it first',
  BAD_VERSION: 'the node has another version: read it again',
  NOT_EMPTY: 'the node has children: delete them first',
  NO_CHILDREN_FOR_EPHEMERALS: 'an ephemeral node cannot have children',
  GUARD_FAILED: 'a guard does not hold',
  INVALID_ARGUMENT: 'invalid argument',
  TOO_LARGE: 'too large',
  SESSION_EXPIRED: 'the session has ended: open a new one',
  MOVED: 'the session has attached elsewhere since',
  WRONG_SECRET: 'the secret is not that of the session',
  SEQ_GAP: 'an earlier request of the session is missing: send it first',
  SEQ_REUSED: 'this seq was used for another request',
  RESULT_DROPPED: 'the result was acknowledged and is gone',
  WINDOW_FULL: 'too many unacknowledged requests: acknowledge results first',
  NO_SESSION: 'this needs a session: open or attach one first',
  ID_IN_USE: 'the id is held by a live registration',
  REPLACED: 'another registration has taken the id',
  DENIED: 'not permitted',
  QUOTA_EXCEEDED: 'over a quota',
};

export function refusalText(refused: Refused): string {
  const text = REFUSAL_TEXTS[refused.code];
  return refused.detail === '' ? text : `${text}: ${refused.detail}`;
}

/** `position`: of the guard or operation of a transaction that refused. */
export function errorDetail(error: RollcallError, position = 0): Outgoing<ErrorDetail> {
  return {
    code: error.code,
    retryable: error.retryable,
    outcome:
      error.outcome === 'unknown'
        ? FailureOutcome.FAILURE_OUTCOME_UNKNOWN
        : FailureOutcome.FAILURE_OUTCOME_NOT_APPLIED,
    message: plainText(error),
    retryAfterMs: error.retryAfterMs ?? 0,
    position,
  };
}

/** The text without the code that the error puts in front. */
export function plainText(error: RollcallError): string {
  const prefix = `${error.code}: `;
  return error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message;
}

/** `endpoint`: the member that answered, HOST:PORT. */
export function errorFrom(
  detail: ErrorDetail,
  endpoint?: string,
  ofTransaction = false,
): RollcallError {
  const isUnknown = detail.outcome === FailureOutcome.FAILURE_OUTCOME_UNKNOWN;
  const hasPosition = ofTransaction && (detail.position !== 0 || BY_STEP.has(detail.code));
  return new RollcallError(codeFrom(detail), detail.message, {
    outcome: isUnknown ? 'unknown' : 'not-applied',
    ...(detail.retryAfterMs > 0 && { retryAfterMs: detail.retryAfterMs }),
    ...(endpoint !== undefined && { endpoint }),
    ...(hasPosition && { position: detail.position }),
  });
}

/** Given by one guard or operation of a transaction, never to the whole: the first position is 0, too. */
const BY_STEP: ReadonlySet<string> = new Set<RefusalCode>([
  'NO_NODE',
  'NODE_EXISTS',
  'NO_PARENT',
  'BAD_VERSION',
  'NOT_EMPTY',
  'NO_CHILDREN_FOR_EPHEMERALS',
  'GUARD_FAILED',
  'DENIED',
  'QUOTA_EXCEEDED',
]);

/** A code of a later version is treated as the nearest that this version knows. */
function codeFrom(detail: ErrorDetail): ErrorCode {
  const known = ERROR_CODES.find((code) => code === detail.code);
  return known ?? (detail.retryable ? 'UNAVAILABLE' : 'INTERNAL');
}
