/**
 * Unary calls about a session: a short-lived attachment of their own, because the shared one speaks for
 * nobody. Opening leaves the session without an attachment; closing attaches first, which takes the
 * session away from its stream: it is about to end.
 */
import type { Attachment, Delivery, Request, Service, Sink } from '../../server/service.js';
import type { RollcallError } from '../../types/errors.js';
import { type Answered, refusalIn } from './responses.js';

/** The next request, or nothing when that was the last answer. */
export type Step = (delivery: Answered) => Request | undefined;

export interface OneShotCall {
  readonly identities: readonly string[];
  readonly first: Request;
  readonly step: Step;
  failed(error: RollcallError): void;
}

export class OneShot implements Sink {
  readonly #call: OneShotCall;
  readonly #attachment: Attachment;

  constructor(service: Service, call: OneShotCall) {
    this.#call = call;
    this.#attachment = service.attach({ identities: call.identities, ordered: true }, this);
    this.#attachment.submit([call.first]);
  }

  deliver(batch: readonly Delivery[]): void {
    for (const delivery of batch) {
      const refusal = refusalIn(delivery);
      if (refusal !== undefined) return this.#fail(refusal.error);
      if (delivery.type !== 'outcome') continue;
      const next = this.#call.step(delivery);
      setImmediate(() => this.#go(next));
    }
  }

  unsentBytes(): number {
    return 0;
  }

  #go(next: Request | undefined): void {
    if (next === undefined) this.#attachment.close('local');
    else this.#attachment.submit([next]);
  }

  #fail(error: RollcallError): void {
    this.#call.failed(error);
    setImmediate(() => this.#attachment.close('local'));
  }
}
