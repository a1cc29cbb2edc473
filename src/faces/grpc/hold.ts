/**
 * Catalog.Hold: registered for as long as the call lives. The member opens a session of its own for it,
 * touches it, and keeps the registration true: when the session is lost, it opens another one and
 * registers again. It ends when the client goes, when the id was taken by another registration, or when
 * somebody deregistered the instance.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { decodeInstance, instancePath } from '../../codec/instance.js';
import * as wire from '../../gen/index.js';
import { instanceMessage, stateNumber } from '../../rpc/convert.js';
import { codec } from '../../rpc/definitions.js';
import type { Attachment, Delivery, Request, Sink } from '../../server/service.js';
import { RollcallError } from '../../types/errors.js';
import type { TreeEvent } from '../../types/event.js';
import type { Revision } from '../../types/ids.js';
import type { Instance, InstanceSpec } from '../../types/instance.js';
import {
  RETRY_AFTER_MS,
  SESSION_GRACE_MS_DEFAULT,
  SESSION_TIMEOUT_MS_DEFAULT,
} from '../../types/limits.js';
import type { TreeNode } from '../../types/node.js';
import type { GrpcContext, LongCall } from './context.js';
import { Outlet, type WritableCall } from './outlet.js';
import { endOf } from './peer-close.js';
import { registerBody } from './registration.js';
import { writeRequest } from './requests.js';
import { failureError, outcomeOf, refusal, registeredInstance } from './responses.js';
import { callStatus, moving } from './status.js';

type Call = ServerWritableStream<unknown, unknown>;

interface Terms {
  readonly spec: InstanceSpec;
  readonly takeover: boolean;
  readonly timeoutMs: number;
  readonly graceMs: number;
}

const OPEN_ID = 1;
const REGISTER_ID = 2;
const WATCH_ID = 3;
/** Touches within the shorter of timeout and grace. */
const TOUCHES = 3;

export class Hold implements LongCall {
  readonly #context: GrpcContext;
  readonly #terms: Terms;
  readonly #outlet: Outlet;
  #attempt: Attempt;
  #again: NodeJS.Timeout | undefined;

  /** Refuses what can never be registered before anything is opened. */
  static begin(
    context: GrpcContext,
    call: Call,
    { message, spec }: { readonly message: wire.HoldRequest; readonly spec: InstanceSpec },
  ): void {
    const terms = {
      spec,
      takeover: message.takeover,
      timeoutMs: message.sessionTimeoutMs || SESSION_TIMEOUT_MS_DEFAULT,
      graceMs: message.graceMs ?? SESSION_GRACE_MS_DEFAULT,
    };
    const problem = termsProblem(terms);
    if (problem !== undefined) call.emit('error', callStatus(problem));
    else new Hold(context, call, terms);
  }

  private constructor(context: GrpcContext, call: Call, terms: Terms) {
    this.#context = context;
    this.#terms = terms;
    this.#outlet = new Outlet(call as unknown as WritableCall, () => this.#attempt.drained());
    context.longCalls.add(this);
    call.on('cancelled', () => this.#close(endOf(call)));
    this.#attempt = this.#begin();
  }

  move(): void {
    this.#fail(moving());
  }

  #begin(): Attempt {
    return new Attempt(this.#context, this.#terms, {
      show: (instance, revision) => this.#show(instance, revision, wire.HoldState.HELD),
      replaced: (instance, revision) => this.#replaced(instance, revision),
      lost: () => this.#beginAgain(),
      failed: (error) => this.#fail(error),
      unsentBytes: () => this.#outlet.unsentBytes(),
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

function termsProblem({ spec, takeover, timeoutMs, graceMs }: Terms): RollcallError | undefined {
  const frame = { id: 0, seq: 0, timeoutMs: 0 };
  const register = writeRequest(registerBody(spec, { isStatic: false, takeover }), frame);
  if (register instanceof RollcallError) return register;
  const secretHash = new Uint8Array(32);
  const body = { kind: 'openSession', secretHash, timeoutMs, graceMs, label: '' } as const;
  const open = writeRequest(body, frame);
  return open instanceof RollcallError ? open : undefined;
}

interface AttemptEvents {
  show(instance: Instance, revision: Revision): void;
  replaced(instance: Instance, revision: Revision): void;
  lost(): void;
  failed(error: RollcallError): void;
  unsentBytes(): number;
}

/** One session of a hold: open, register, watch the own node, touch. */
class Attempt implements Sink {
  readonly #terms: Terms;
  readonly #events: AttemptEvents;
  readonly #attachment: Attachment;
  #touching: NodeJS.Timeout | undefined;
  #touches = 0;
  #incarnation: Revision | undefined;
  #isOver = false;

  constructor(context: GrpcContext, terms: Terms, events: AttemptEvents) {
    this.#terms = terms;
    this.#events = events;
    this.#attachment = context.service.attach({ identities: [], ordered: true }, this);
    const { timeoutMs, graceMs } = terms;
    const secretHash = createHash('sha256').update(randomBytes(32)).digest();
    const open = {
      type: 'openSession',
      id: OPEN_ID,
      timeoutMs: 0,
      secretHash,
      graceMs,
      label: '',
    } as const;
    this.#attachment.submit([{ ...open, timeoutMsWanted: timeoutMs }]);
  }

  drained(): void {
    this.#attachment.drained();
  }

  close(reason: 'peerClosed' | 'local'): void {
    this.#isOver = true;
    clearInterval(this.#touching);
    this.#attachment.close(reason);
  }

  deliver(batch: readonly Delivery[]): void {
    for (const delivery of batch) {
      if (this.#isOver) return;
      this.#take(delivery);
    }
  }

  unsentBytes(): number {
    return this.#events.unsentBytes();
  }

  #take(delivery: Delivery): void {
    switch (delivery.type) {
      case 'failure':
        return this.#failed(failureError(delivery));
      case 'outcome':
        return this.#outcome(delivery);
      case 'events':
        for (const event of delivery.batch.events) this.#event(event);
        return;
      case 'snapshot':
        return this.#snapshot(delivery.nodes[0], delivery.revision);
      case 'sessionEnded':
        return this.#lost();
      default:
        return;
    }
  }

  #outcome(delivery: Delivery & { readonly type: 'outcome' }): void {
    const { outcome, revision } = delivery;
    if (outcome.type === 'refused') return this.#failed(refusal(outcome).error);
    if (delivery.id === OPEN_ID) return this.#opened(outcomeOf(delivery, 'attached').lastSeq);
    if (delivery.id !== REGISTER_ID) return;
    const registered = outcomeOf(delivery, 'registered');
    this.#incarnation = registered.stat.incarnation;
    const { spec } = this.#terms;
    this.#events.show(registeredInstance(registered, spec, revision), revision);
    const watch = { id: WATCH_ID, watch: WATCH_ID, timeoutMs: 0, scope: 'node' } as const;
    const path = instancePath(spec.service, spec.id);
    this.#later({ type: 'watch', ...watch, path, start: revision });
  }

  #opened(lastSeq: number): void {
    const { spec, takeover, timeoutMs, graceMs } = this.#terms;
    const body = registerBody(spec, { isStatic: false, takeover });
    const frame = { id: REGISTER_ID, seq: lastSeq + 1, timeoutMs: 0 };
    this.#later(writeRequest(body, frame) as Request);
    const within = graceMs > 0 ? Math.min(timeoutMs, graceMs) : timeoutMs;
    this.#touching = setInterval(() => this.#touch(), within / TOUCHES);
  }

  #touch(): void {
    this.#attachment.submit([{ type: 'touch', number: ++this.#touches }]);
  }

  /** A sink must not call back. */
  #later(request: Request): void {
    setImmediate(() => {
      if (!this.#isOver) this.#attachment.submit([request]);
    });
  }

  #event(event: TreeEvent): void {
    if (this.#isOver) return;
    if (event.type === 'deleted') return this.#gone(event);
    this.#seen(event, event.revision);
  }

  #snapshot(node: TreeNode | undefined, revision: Revision): void {
    if (node === undefined) this.#lost();
    else this.#seen(node, revision);
  }

  #seen(node: TreeNode, revision: Revision): void {
    const instance = decodeInstance(node);
    if (instance === undefined) return;
    if (instance.incarnation === this.#incarnation) return this.#events.show(instance, revision);
    this.#isOver = true;
    this.#events.replaced(instance, revision);
  }

  /** A node that went with its session is registered again; one that was deleted on purpose is not. */
  #gone({ cause }: TreeEvent): void {
    const isOnPurpose = cause === 'client' || cause === 'operator';
    if (!isOnPurpose) return this.#lost();
    this.#isOver = true;
    this.#events.failed(new RollcallError('NO_NODE', 'the instance was deregistered'));
  }

  #failed(error: RollcallError): void {
    if (error.retryable || error.code === 'SESSION_EXPIRED') return this.#lost();
    this.#isOver = true;
    this.#events.failed(error);
  }

  #lost(): void {
    this.#isOver = true;
    this.#events.lost();
  }
}
