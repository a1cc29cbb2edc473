/**
 * The calls of one connection: their order, their deadlines and their callers. A caller leaves at its
 * deadline or when it aborts; a change that has a seq stays behind until it is known what became of it.
 */
import type * as wire from '../../gen/index.js';
import { plainText } from '../../rpc/failure.js';
import { type FailureOutcome, RollcallError } from '../../types/errors.js';
import { onAbort } from './aborts.js';
import { isSignal } from './checks.js';
import { Deadlines } from './deadlines.js';
import { timeoutProblem } from './limit.js';
import type { Operation, OperationMessage } from './operation.js';
import { Outbox, type SendTerms } from './outbox.js';
import { withOutcome } from './reasons.js';

export class Calls {
  readonly #outbox = new Outbox();
  readonly #deadlines = new Deadlines<Operation>();

  get isEmpty(): boolean {
    return this.#outbox.isEmpty;
  }

  /** Why a call cannot be taken, or undefined when it can. */
  refusal(timeoutMs: number, signal: AbortSignal | undefined): RollcallError | undefined {
    const problem = timeoutProblem(timeoutMs);
    if (problem !== undefined) return new RollcallError('INVALID_ARGUMENT', problem);
    if (!isSignal(signal)) return new RollcallError('INVALID_ARGUMENT', 'signal: an AbortSignal');
    if (signal?.aborted === true) return aborted(signal);
    if (this.#outbox.isFull) return new RollcallError('OVERLOADED', 'too many calls are waiting');
    return undefined;
  }

  get hasUnsent(): boolean {
    return this.#outbox.hasUnsent;
  }

  get nextIsWrite(): boolean {
    return this.#outbox.nextIsWrite;
  }

  /** Sent on the present stream and not answered. */
  get openCount(): number {
    return this.#outbox.openCount;
  }

  /** Changes that were sent and are not answered. */
  get changesSent(): number {
    return this.#outbox.unfinished().filter(({ message }) => message.seq > 0).length;
  }

  get ackedSeq(): number {
    return this.#outbox.ackedSeq;
  }

  takeId(): number {
    return this.#outbox.takeId();
  }

  takeFrame(terms: SendTerms): OperationMessage[] {
    return this.#outbox.takeFrame(terms);
  }

  /** Returns when it is due. */
  add(operation: Operation, nowMs: number, signal?: AbortSignal | undefined): number {
    this.#outbox.push(operation);
    if (signal !== undefined) {
      const leave = (): void => this.giveUp(operation, aborted(signal, operation.outcome));
      operation.whenOver(onAbort(signal, leave));
    }
    return this.#deadlines.add(operation, nowMs);
  }

  nextDueMs(): number {
    return this.#deadlines.nextDueMs();
  }

  expire(nowMs: number, errorOf: (operation: Operation) => RollcallError): void {
    for (const operation of this.#deadlines.takeDue(nowMs)) {
      this.giveUp(operation, errorOf(operation));
    }
  }

  giveUp(operation: Operation, error: RollcallError): void {
    this.#deadlines.remove(operation);
    operation.fail(error);
    if (!operation.isWrite || operation.message.seq === 0) this.#outbox.finish(operation);
  }

  giveUpAll(errorFor: ErrorFor): void {
    const error = oncePerOutcome(errorFor);
    for (const operation of this.#outbox.unfinished()) {
      this.giveUp(operation, error(operation.outcome));
    }
  }

  answered(id: number): Operation | undefined {
    return this.#outbox.answered(id);
  }

  settle(operation: Operation, response: wire.OperationResponse): void {
    this.#deadlines.remove(operation);
    operation.answer(response);
    this.#outbox.finish(operation);
  }

  /** What an earlier sending may have done is not undone by the refusal of a later one. */
  fail(operation: Operation, error: RollcallError): void {
    this.#deadlines.remove(operation);
    const isUnknown = operation.isAct && operation.wasLost;
    operation.fail(isUnknown ? withOutcome(error, 'unknown') : error);
    this.#outbox.finish(operation);
  }

  /** A read can only be repeated while no later change has gone. */
  keepsPlace(operation: Operation): boolean {
    return operation.isWrite || !this.#outbox.isOvertaken(operation);
  }

  /** It was turned away, and with it everything after it. */
  sendAgain(operation: Operation, wasNotApplied: boolean): void {
    if (!operation.isAwaited && !operation.isWrite) {
      this.#outbox.finish(operation);
      return;
    }
    if (!operation.isAwaited && wasNotApplied) operation.becomeSkip();
    operation.refusals++;
    this.#outbox.rewindTo(operation);
  }

  /** What breaks every stream it is on, once it is found. */
  suspect(): Operation | undefined {
    return this.#outbox.suspect();
  }

  /** Not to be sent again. False: its seq cannot even be skipped. */
  condemn(operation: Operation, error: RollcallError): boolean {
    this.giveUp(operation, error);
    if (operation.isDone) return true;
    if (operation.message.skip === true) return false;
    operation.becomeSkip();
    return true;
  }

  /** Changes that wait for a session that may not be opened. */
  refuseChanges(error: RollcallError): void {
    const changes = this.#outbox.unfinished().filter(({ isWrite }) => isWrite);
    for (const operation of changes) this.fail(operation, error);
  }

  /** A new stream: everything unresolved goes again. */
  rewind(): void {
    this.#outbox.rewind();
  }

  /** Changes that were numbered in a session that is over can no longer be resolved. */
  sessionLost(error: RollcallError): void {
    const over = new RollcallError('SESSION_EXPIRED', plainText(error), { cause: error });
    this.#failAll(this.#outbox.takeNumbered(), over);
  }

  endAll(error: RollcallError): void {
    this.#failAll(this.#outbox.takeAll(), error);
  }

  #failAll(operations: readonly Operation[], error: RollcallError): void {
    const { code, cause = error } = error;
    const errorFor = oncePerOutcome(
      (outcome) => new RollcallError(code, plainText(error), { outcome, cause }),
    );
    for (const operation of operations) {
      this.#deadlines.remove(operation);
      operation.fail(errorFor(operation.outcome));
    }
  }
}

export type ErrorFor = (outcome: FailureOutcome) => RollcallError;

/** Thousands of calls may fail for one reason: they share its error. */
function oncePerOutcome(errorFor: ErrorFor): ErrorFor {
  const made = new Map<FailureOutcome, RollcallError>();
  return (outcome) => {
    const error = made.get(outcome) ?? errorFor(outcome);
    made.set(outcome, error);
    return error;
  };
}

export function aborted(
  signal: AbortSignal,
  outcome: FailureOutcome = 'not-applied',
): RollcallError {
  return new RollcallError('ABORTED', 'the caller aborted', { outcome, cause: signal.reason });
}
