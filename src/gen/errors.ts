/** Generated from proto/rollcall/v1/errors.proto by scripts/proto.mjs: do not edit. */

/** Whether a failed request had an effect. */
export const FailureOutcome = {
  /** Certainly without effect. */
  FAILURE_OUTCOME_NOT_APPLIED: 0,
  /** It may have been applied, or may yet be. */
  FAILURE_OUTCOME_UNKNOWN: 1,
} as const;

export interface ErrorDetail {
  /** Stable name, as in NODE_EXISTS; the list is in docs/errors.md. */
  readonly code: string;
  /** Sending the same request again can succeed without anything else changing first. */
  readonly retryable: boolean;
  readonly outcome: number;
  readonly message: string;
  /** When OVERLOADED: how long to wait before trying again. */
  readonly retryAfterMs: number;
  /** Transactions: which operation refused (0-based), or −1 − position of the guard that failed. */
  readonly position: number;
}
