/**
 * One session of a hold: it is opened, registers the instance, follows it on the roll, and is touched until
 * it is lost or the hold ends.
 */
import { createHash, randomBytes } from 'node:crypto';
import { decodeInstance, instancePath } from '../../codec/instance.js';
import type { Attachment, Delivery, Request, Sink } from '../../server/service.js';
import { RollcallError } from '../../types/errors.js';
import type { TreeEvent } from '../../types/event.js';
import type { Revision } from '../../types/ids.js';
import type { Instance, InstanceSpec } from '../../types/instance.js';
import type { TreeNode } from '../../types/node.js';
import { identitiesOf } from './callers.js';
import { registeredInstance } from './catalog-responses.js';
import type { GrpcContext } from './context.js';
import type { Pulse } from './pulse.js';
import { registerBody } from './registration.js';
import { writeRequest } from './requests.js';
import { outcomeOf, refusalIn } from './responses.js';

export interface Terms {
  readonly spec: InstanceSpec;
  readonly takeover: boolean;
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Of the caller. */
  readonly address: string;
  readonly label: string;
}

const OPEN_ID = 1;
const REGISTER_ID = 2;
const WATCH_ID = 3;
/** Touches within the shorter of timeout and grace. */
const TOUCHES = 3;

export interface AttemptEvents {
  show(instance: Instance, revision: Revision): void;
  replaced(instance: Instance, revision: Revision): void;
  lost(): void;
  failed(error: RollcallError): void;
  unsentBytes(): number;
}

export class HoldAttempt implements Sink {
  readonly #terms: Terms;
  readonly #events: AttemptEvents;
  readonly #attachment: Attachment;
  readonly #pulse: Pulse;
  #stopTouching: () => void = () => {};
  #touches = 0;
  #incarnation: Revision | undefined;
  #isOver = false;

  constructor(context: GrpcContext, terms: Terms, events: AttemptEvents) {
    this.#terms = terms;
    this.#events = events;
    this.#pulse = context.pulse;
    const { address, timeoutMs, graceMs, label } = terms;
    const identities = identitiesOf(address);
    this.#attachment = context.service.attach({ identities, ordered: true }, this);
    const secretHash = createHash('sha256').update(randomBytes(32)).digest();
    const open = {
      type: 'openSession',
      id: OPEN_ID,
      timeoutMs: 0,
      secretHash,
      graceMs,
      label,
    } as const;
    this.#attachment.submit([{ ...open, timeoutMsWanted: timeoutMs }]);
  }

  drained(): void {
    this.#attachment.drained();
  }

  close(reason: 'peerClosed' | 'local'): void {
    this.#isOver = true;
    this.#stopTouching();
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
    const refusal = refusalIn(delivery);
    if (refusal !== undefined) return this.#failed(refusal.error);
    switch (delivery.type) {
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
    const { revision } = delivery;
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
    this.#stopTouching = this.#pulse.add(within / TOUCHES, () => this.#touch());
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
