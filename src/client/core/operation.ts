/**
 * One call on a session stream, from the caller to its answer. The caller may leave early (deadline,
 * abort); a change that already has a seq is then resolved without it, because a seq is never dropped.
 */
import type { OperationResponse, StreamOperation } from '../../gen/index.js';
import type { Outgoing } from '../../rpc/shapes.js';
import { RollcallError } from '../../types/errors.js';
import type { DueList, Timed } from './deadlines.js';

export type OperationBody = Outgoing<
  Omit<StreamOperation, 'id' | 'seq' | 'timeoutMs' | 'operation'>
>;

interface Envelope {
  id: number;
  seq: number;
  timeoutMs: number;
}

/** Encoded as it stands; id and seq are filled in when it is sent. */
export type OperationMessage = Envelope & OperationBody;

export interface OperationPlan<T> {
  readonly message: OperationMessage;
  /** A change of a session: it has a seq, and is applied once however often it is sent. */
  readonly isWrite: boolean;
  /** A change outside any session: sent again, it may find that it was applied before. */
  readonly isAct?: boolean | undefined;
  /** About what it takes on the wire. */
  readonly bytes: number;
  /** Throws a RollcallError when the answer is not of the expected kind. */
  readonly read: (response: OperationResponse) => T;
}

export class Operation<T = unknown> implements Timed {
  message: OperationMessage;
  readonly isWrite: boolean;
  readonly isAct: boolean;
  readonly bytes: number;
  readonly timeoutMs: number;
  readonly read: (response: OperationResponse) => T;
  /** Position among the operations of its connection. */
  order = 0;
  /** Nothing more is to be sent or awaited for it. */
  isDone = false;
  /** Handed to the stream that is open now. */
  isSent = false;
  /** Handed to any stream: it may have been applied. */
  wasSent = false;
  /** It went on a stream that ended before its answer. */
  wasLost = false;
  /** How often a member turned it away. */
  refusals = 0;
  /** How often a stream broke while nothing else was open on it. */
  strikes = 0;
  dueMs = 0;
  list: DueList | undefined;
  earlier: Timed | undefined;
  later: Timed | undefined;
  #resolve: ((value: T) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  #onOver: (() => void) | undefined;

  constructor(plan: OperationPlan<T>, timeoutMs: number) {
    this.message = plan.message;
    this.isWrite = plan.isWrite;
    this.isAct = plan.isAct === true;
    this.bytes = plan.bytes;
    this.read = plan.read;
    this.timeoutMs = timeoutMs;
  }

  /** To be called once. */
  promise(): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The caller waits. */
  get isAwaited(): boolean {
    return this.#resolve !== undefined;
  }

  /** Called once the caller waits no more. */
  whenOver(run: () => void): void {
    this.#onOver = run;
  }

  answer(response: OperationResponse): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    let value: T;
    try {
      value = this.read(response);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#forget();
    resolve(value);
  }

  fail(error: unknown): void {
    const reject = this.#reject;
    this.#forget();
    reject?.(error);
  }

  /** What a failure now says about its effect. */
  get outcome(): 'not-applied' | 'unknown' {
    return (this.isWrite || this.isAct) && this.wasSent ? 'unknown' : 'not-applied';
  }

  /** Nobody waits for it, and it is not to be applied any more: its seq is used up by nothing. */
  becomeSkip(): void {
    this.message = { id: 0, seq: this.message.seq, timeoutMs: 0, skip: true };
    this.strikes = 0;
  }

  #forget(): void {
    this.#onOver?.();
    this.#onOver = undefined;
    this.#resolve = undefined;
    this.#reject = undefined;
  }
}

export function unexpectedAnswer(response: OperationResponse): RollcallError {
  return new RollcallError(
    'PROTOCOL',
    `unexpected answer ${response.result ?? 'without a result'}`,
    {
      outcome: 'unknown',
    },
  );
}
