/**
 * One server-streaming watch on an attachment of its own. The client's end is an end of the watch and
 * nothing more; the member's leaving ends it with a status that sends the client elsewhere.
 */
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Attachment, Delivery, Sink, WatchStart } from '../../server/service.js';
import { addressOf, identitiesOf } from './callers.js';
import type { GrpcContext, LongCall } from './context.js';
import { watchResponses } from './event-bytes.js';
import { Outlet, type WritableCall } from './outlet.js';
import { endOf } from './peer-close.js';
import { refusalIn } from './responses.js';
import { moving } from './status.js';

export class WatchCall implements Sink, LongCall {
  readonly #context: GrpcContext;
  readonly #outlet: Outlet;
  readonly #attachment: Attachment;

  constructor(
    context: GrpcContext,
    call: ServerWritableStream<unknown, unknown>,
    start: WatchStart,
  ) {
    this.#context = context;
    this.#outlet = new Outlet(call as unknown as WritableCall, () => this.#attachment.drained());
    const identities = identitiesOf(addressOf(call));
    this.#attachment = context.service.attach({ identities, ordered: false }, this);
    context.longCalls.add(this);
    const end = endOf(call);
    call.on('cancelled', () => this.#close(end()));
    this.#attachment.submit([start]);
  }

  deliver(batch: readonly Delivery[]): void {
    for (const delivery of batch) {
      const refusal = refusalIn(delivery);
      if (refusal !== undefined) return this.#fail(refusal.error);
      for (const bytes of watchResponses(delivery)) this.#outlet.write(bytes);
    }
  }

  unsentBytes(): number {
    return this.#outlet.heldBytes();
  }

  move(): void {
    this.#fail(moving());
  }

  /** The attachment is closed in a later turn: a sink must not call back. */
  #fail(error: Parameters<Outlet['fail']>[0]): void {
    this.#outlet.fail(error);
    setImmediate(() => this.#close('local'));
  }

  #close(reason: 'peerClosed' | 'local'): void {
    if (this.#context.longCalls.delete(this)) this.#attachment.close(reason);
  }
}
