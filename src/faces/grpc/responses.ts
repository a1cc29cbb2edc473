/** What the service delivers for a request: an answer of the kind that was asked for, or an error. */
import { refusalText } from '../../rpc/failure.js';
import type { Answer, Delivery } from '../../server/service.js';
import { assert } from '../../types/assert.js';
import { RollcallError } from '../../types/errors.js';
import type { Outcome } from '../../types/outcome.js';

export type Failure = Delivery & { readonly type: 'failure' };

/** Neither a failure nor a refusal. */
export type Answered = Delivery & { readonly type: 'outcome' | 'answer' };

/** The outcome that this kind of request has. */
export function outcomeOf<Type extends Outcome['type']>(
  delivery: Answered,
  type: Type,
): Outcome & { readonly type: Type } {
  assert(delivery.type === 'outcome', 'a change is answered with an outcome');
  assert(delivery.outcome.type === type, `the outcome is ${type}`);
  return delivery.outcome as Outcome & { readonly type: Type };
}

export function answerOf<Type extends Answer['type']>(
  delivery: Answered,
  type: Type,
): Answer & { readonly type: Type } {
  assert(delivery.type === 'answer', 'a read is answered with an answer');
  assert(delivery.answer.type === type, `the answer is ${type}`);
  return delivery.answer as Answer & { readonly type: Type };
}

/** The error and, for transactions, which part of it refused. */
export interface Refusal {
  readonly error: RollcallError;
  readonly position: number;
}

/** Why a request did not get what it asked for; undefined when it did, or when this answers no request. */
export function refusalIn(delivery: Delivery): Refusal | undefined {
  switch (delivery.type) {
    case 'failure':
      return { error: failureError(delivery), position: 0 };
    case 'outcome': {
      const { outcome } = delivery;
      if (outcome.type !== 'refused') return undefined;
      const error = new RollcallError(outcome.code, refusalText(outcome));
      return { error, position: outcome.position };
    }
    case 'answer':
      if (delivery.answer.type !== 'denied') return undefined;
      return { error: deniedError(delivery.answer.path), position: 0 };
    default:
      return undefined;
  }
}

function failureError({ code, message, outcome, retryAfterMs }: Failure): RollcallError {
  return new RollcallError(code, message, { outcome, ...(retryAfterMs > 0 && { retryAfterMs }) });
}

function deniedError(detail: string): RollcallError {
  const text = refusalText({ type: 'refused', code: 'DENIED', position: 0, detail });
  return new RollcallError('DENIED', text);
}
