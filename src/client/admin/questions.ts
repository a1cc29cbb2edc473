/**
 * Operators' calls as the member is asked them. Reads and acts that come to the same when done twice are
 * asked again of another member; the others say `unknown` when it is not known what became of them.
 */
import type { Method, Outgoing } from '../../rpc/shapes.js';
import { type ReadTerms, readTerms, type Seen } from '../core/plans.js';
import type { Answered, UnaryCalls } from '../core/unary.js';
import type { CallOptions, MemberCallOptions } from '../types.js';

/** What answers a revision lets this client's later session reads see at least as much. */
interface Revised {
  readonly revision: number;
}

export class Questions {
  readonly #calls: UnaryCalls;
  readonly #seen: Seen;

  constructor(calls: UnaryCalls, seen: Seen) {
    this.#calls = calls;
    this.#seen = seen;
  }

  terms(options: CallOptions): ReadTerms {
    return readTerms(options, this.#seen);
  }

  read<Request, Response extends object>(
    method: Method<Request, Response>,
    request: Outgoing<Request>,
    options: MemberCallOptions,
  ): Promise<Response> {
    return this.#ask(this.#calls.ask({ method, request, kind: 'read' }, options));
  }

  /** `kind`: whether it may be done twice. */
  act<Request, Response extends Revised>(
    method: Method<Request, Response>,
    request: Outgoing<Request>,
    options: CallOptions & { readonly kind: 'repeatable' | 'once' },
  ): Promise<Response> {
    return this.#ask(this.#calls.ask({ method, request, kind: options.kind }, options));
  }

  async #ask<Response extends object>(call: Promise<Answered<Response>>): Promise<Response> {
    const { answer } = await call;
    const { revision = 0 } = answer as Partial<Revised>;
    if (revision > this.#seen.revision) this.#seen.revision = revision;
    return answer;
  }
}
