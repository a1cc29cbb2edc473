/**
 * Every way in which a request can fail. `RefusalCode`s are decided by the replicated state machine;
 * the others by the member or the client on the way there. Match on `code`, never on text.
 */

const REFUSALS = [
  'NO_NODE',
  'NODE_EXISTS',
  'NO_PARENT',
  'BAD_VERSION',
  'NOT_EMPTY',
  'NO_CHILDREN_FOR_EPHEMERALS',
  'GUARD_FAILED',
  'INVALID_ARGUMENT',
  'TOO_LARGE',
  'SESSION_EXPIRED',
  'MOVED',
  'WRONG_SECRET',
  'SEQ_GAP',
  'SEQ_REUSED',
  'RESULT_DROPPED',
  'WINDOW_FULL',
  'NO_SESSION',
  'ID_IN_USE',
  'REPLACED',
  'DENIED',
  'QUOTA_EXCEEDED',
] as const;

const FAILURES = [
  'NO_QUORUM',
  'TIMEOUT',
  'ABORTED',
  'OVERLOADED',
  'BEHIND',
  'UNAVAILABLE',
  'CLOSED',
  'PROTOCOL',
  'FUTURE_REVISION',
  'COMPACTED',
  'WRONG_CLUSTER',
  'NO_INSTANCE',
  'DEREGISTERED',
  'UNIMPLEMENTED',
  'CORRUPT',
  'INTERNAL',
] as const;

export type RefusalCode = (typeof REFUSALS)[number];
/** Why a request failed: what programs branch on. */
export type ErrorCode = RefusalCode | (typeof FAILURES)[number];

/** In the order of their numbers in the log's codec: append only. */
export const REFUSAL_CODES: readonly RefusalCode[] = REFUSALS;
export const ERROR_CODES: readonly ErrorCode[] = [...REFUSALS, ...FAILURES];

/** Sending the same request again can succeed without anything else changing first. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NO_QUORUM',
  'TIMEOUT',
  'OVERLOADED',
  'BEHIND',
  'UNAVAILABLE',
]);

/** `not-applied`: certainly without effect. `unknown`: it may have been or may yet be applied. */
export type FailureOutcome = 'not-applied' | 'unknown';

/** What is known of a failure beside its code. */
export interface ErrorOptions {
  readonly outcome?: FailureOutcome;
  readonly retryAfterMs?: number;
  readonly endpoint?: string;
  readonly position?: number;
  readonly cause?: unknown;
}

const BRAND = Symbol.for('rollcall.error');

/** The one operating error. Recognise it with `isRollcallError`, which survives duplicate packages. */
export class RollcallError extends Error {
  override readonly name = 'RollcallError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly outcome: FailureOutcome;
  /** When OVERLOADED: how long to wait, milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The member that answered, HOST:PORT. */
  readonly endpoint: string | undefined;
  /** Transactions: which operation refused (from 0), or −1 − position of the guard that failed. */
  readonly position: number | undefined;
  readonly [BRAND] = true;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(
      `${code}: ${message}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.retryable = isRetryable(code);
    this.outcome = options.outcome ?? 'not-applied';
    this.retryAfterMs = options.retryAfterMs;
    this.endpoint = options.endpoint;
    this.position = options.position;
  }
}

/** Whether it is one of ours, and with `code`: that one. Holds across copies of the package. */
export function isRollcallError<C extends ErrorCode>(
  error: unknown,
  code?: C,
): error is RollcallError & { readonly code: C } {
  if (typeof error !== 'object' || error === null || !(BRAND in error)) return false;
  return code === undefined || (error as RollcallError).code === code;
}

export function isRetryable(code: ErrorCode): boolean {
  return RETRYABLE.has(code);
}
