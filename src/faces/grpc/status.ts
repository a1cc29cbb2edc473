/**
 * Every error as a gRPC status, with an ErrorDetail in a trailer that says the rest. Total: a new error
 * code does not compile without its status.
 */
import { Metadata, status } from '@grpc/grpc-js';
import { codec, ERROR_TRAILER } from '../../rpc/definitions.js';
import { errorDetail, plainText } from '../../rpc/failure.js';
import { type ErrorCode, RollcallError } from '../../types/errors.js';

/** Status texts and trailers are headers, which are bounded; a path alone can be 4 KiB. */
const TEXT_CHARACTERS_MAX = 1024;

export const STATUS_OF: Readonly<Record<ErrorCode, status>> = {
  NO_NODE: status.NOT_FOUND,
  NODE_EXISTS: status.ALREADY_EXISTS,
  NO_PARENT: status.FAILED_PRECONDITION,
  BAD_VERSION: status.FAILED_PRECONDITION,
  NOT_EMPTY: status.FAILED_PRECONDITION,
  NO_CHILDREN_FOR_EPHEMERALS: status.FAILED_PRECONDITION,
  GUARD_FAILED: status.FAILED_PRECONDITION,
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  TOO_LARGE: status.INVALID_ARGUMENT,
  SESSION_EXPIRED: status.FAILED_PRECONDITION,
  MOVED: status.ABORTED,
  WRONG_SECRET: status.PERMISSION_DENIED,
  SEQ_GAP: status.FAILED_PRECONDITION,
  SEQ_REUSED: status.FAILED_PRECONDITION,
  RESULT_DROPPED: status.FAILED_PRECONDITION,
  WINDOW_FULL: status.RESOURCE_EXHAUSTED,
  NO_SESSION: status.FAILED_PRECONDITION,
  ID_IN_USE: status.ALREADY_EXISTS,
  REPLACED: status.ABORTED,
  DENIED: status.PERMISSION_DENIED,
  QUOTA_EXCEEDED: status.RESOURCE_EXHAUSTED,
  NO_QUORUM: status.UNAVAILABLE,
  TIMEOUT: status.DEADLINE_EXCEEDED,
  ABORTED: status.CANCELLED,
  OVERLOADED: status.RESOURCE_EXHAUSTED,
  BEHIND: status.UNAVAILABLE,
  UNAVAILABLE: status.UNAVAILABLE,
  CLOSED: status.CANCELLED,
  PROTOCOL: status.INVALID_ARGUMENT,
  FUTURE_REVISION: status.OUT_OF_RANGE,
  COMPACTED: status.OUT_OF_RANGE,
  WRONG_CLUSTER: status.FAILED_PRECONDITION,
  NO_INSTANCE: status.NOT_FOUND,
  DEREGISTERED: status.ABORTED,
  UNIMPLEMENTED: status.UNIMPLEMENTED,
  CORRUPT: status.DATA_LOSS,
  INTERNAL: status.INTERNAL,
};

/** What grpc-js takes to end a call. */
export interface CallStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
  /** grpc-js wants errors; nothing reads these. */
  readonly name: 'RollcallError';
  readonly message: string;
}

export function callStatus(error: RollcallError, position = 0): CallStatus {
  const details = headerText(plainText(error));
  const detail = { ...errorDetail(error, position), message: details };
  const metadata = new Metadata();
  metadata.set(ERROR_TRAILER, codec('ErrorDetail').encode(detail));
  const code = STATUS_OF[error.code];
  return { code, details, metadata, name: 'RollcallError', message: details };
}

/**
 * Bounded and without lone surrogates: grpc-js percent-encodes the text of a status with a function that
 * throws on them, in a place where nobody can catch it.
 */
function headerText(text: string): string {
  return text.slice(0, TEXT_CHARACTERS_MAX).replace(/\p{Surrogate}/gu, '�');
}

export function invalid(problem: string): RollcallError {
  return new RollcallError('INVALID_ARGUMENT', problem);
}

export function moving(): RollcallError {
  return new RollcallError('UNAVAILABLE', 'this member is leaving: moving to another one');
}
