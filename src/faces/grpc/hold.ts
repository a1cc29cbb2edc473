/**
 * Catalog.Hold: registered for as long as the call lives. The member opens a session of its own for it,
 * touches it, and keeps the registration true: when the session is lost, it opens another one and
 * registers again. It ends when the client goes, when the id was taken by another registration, or when
 * somebody deregistered the instance.
 */
import type { ServerWritableStream } from '@grpc/grpc-js';
import * as wire from '../../gen/index.js';
import { instanceMessage, stateNumber } from '../../rpc/convert.js';
import { codec } from '../../rpc/definitions.js';
import { RollcallError } from '../../types/errors.js';
import type { Revision } from '../../types/ids.js';
import type { Instance, InstanceSpec } from '../../types/instance.js';
import {
  RETRY_AFTER_MS,
  SESSION_GRACE_MS_DEFAULT,
  SESSION_TIMEOUT_MS_DEFAULT,
} from '../../types/limits.js';
import { addressOf } from './callers.js';
import type { GrpcContext, LongCall } from './context.js';
import { HoldAttempt, type Terms } from './hold-attempt.js';
import { Outlet, type WritableCall } from './outlet.js';
import { endOf } from './peer-close.js';
import { registerBody } from './registration.js';
import { writeRequest } from './requests.js';
import { moving } from './status.js';

type Call = ServerWritableStream<unknown, unknown>;

export class Hold implements LongCall {
  readonly #context: GrpcContext;
  readonly #terms: Terms;
  readonly #outlet: Outlet;
  #attempt: HoldAttempt;
  #again: NodeJS.Timeout | undefined;

  /** Says why not, before anything is opened, of what can never be registered. */
  static begin(
    context: GrpcContext,
    call: Call,
    { message, spec }: { readonly message: wire.HoldRequest; readonly spec: InstanceSpec },
  ): RollcallError | undefined {
    const address = addressOf(call);
    const terms = {
      spec,
      address,
      label: message.label || address,
      takeover: message.takeover,
      timeoutMs: message.sessionTimeoutMs || SESSION_TIMEOUT_MS_DEFAULT,
      graceMs: message.graceMs ?? SESSION_GRACE_MS_DEFAULT,
    };
    const problem = termsProblem(terms);
    if (problem === undefined) new Hold(context, call, terms);
    return problem;
  }

  private constructor(context: GrpcContext, call: Call, terms: Terms) {
    this.#context = context;
    this.#terms = terms;
    this.#outlet = new Outlet(call as unknown as WritableCall, () => this.#attempt.drained());
    context.longCalls.add(this);
    const end = endOf(call);
    call.on('cancelled', () => this.#close(end()));
    this.#attempt = this.#begin();
  }

  move(): void {
    this.#fail(moving());
  }

  #begin(): HoldAttempt {
    return new HoldAttempt(this.#context, this.#terms, {
      show: (instance, revision) => this.#show(instance, revision, wire.HoldState.HELD),
      replaced: (instance, revision) => this.#replaced(instance, revision),
      lost: () => this.#beginAgain(),
      failed: (error) => this.#fail(error),
      unsentBytes: () => this.#outlet.heldBytes(),
    });
  }

  #show(instance: Instance, revision: Revision, hold: number): void {
    const state = stateNumber(instance.state);
    const message = { instance: instanceMessage(instance), state, revision, hold };
    this.#outlet.write(codec('HoldResponse').encode(message));
  }

  #replaced(instance: Instance, revision: Revision): void {
    this.#show(instance, revision, wire.HoldState.REPLACED);
    this.#outlet.end();
    setImmediate(() => this.#close('local'));
  }

  #beginAgain(): void {
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      this.#attempt.close('local');
      this.#attempt = this.#begin();
    }, RETRY_AFTER_MS);
  }

  #fail(error: RollcallError): void {
    this.#outlet.fail(error);
    setImmediate(() => this.#close('local'));
  }

  #close(reason: 'peerClosed' | 'local'): void {
    if (!this.#context.longCalls.delete(this)) return;
    clearTimeout(this.#again);
    this.#attempt.close(reason);
  }
}

function termsProblem({
  spec,
  takeover,
  timeoutMs,
  graceMs,
  label,
}: Terms): RollcallError | undefined {
  const frame = { id: 0, seq: 0, timeoutMs: 0 };
  const register = writeRequest(registerBody(spec, { isStatic: false, takeover }), frame);
  if (register instanceof RollcallError) return register;
  const secretHash = new Uint8Array(32);
  const body = { kind: 'openSession', secretHash, timeoutMs, graceMs, label } as const;
  const open = writeRequest(body, frame);
  return open instanceof RollcallError ? open : undefined;
}
