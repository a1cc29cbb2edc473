/**
 * One Catalog.Subscribe call. It takes every delivery at once, whatever its reader does: what the connection
 * does not take waits in its feed, by the size of the service and not by the number of changes. When all that
 * waits on this member passes its bound, the changes are given up for a marked snapshot, and whoever has
 * nothing to give up is sent away.
 */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { servicePath } from '../../codec/instance.js';
import type * as wire from '../../gen/index.js';
import type { Attachment, Delivery, Sink, WatchStart } from '../../server/service.js';
import { RollcallError } from '../../types/errors.js';
import { asRevision } from '../../types/ids.js';
import { RETRY_AFTER_MS, SUBSCRIPTIONS_WAITING_MAX } from '../../types/limits.js';
import { addressOf, identitiesOf } from './callers.js';
import { serviceProblem } from './catalog-requests.js';
import type { GrpcContext, LongCall } from './context.js';
import { filterFrom } from './instance-filter.js';
import { Malformed } from './malformed.js';
import { Outlet, type WritableCall } from './outlet.js';
import { endOf } from './peer-close.js';
import { refusalIn } from './responses.js';
import { RollFeed } from './roll-feed.js';
import { RollView } from './roll-view.js';
import { moving } from './status.js';

type Call = ServerWritableStream<wire.SubscribeRequest | Malformed, unknown>;

/** Begins, or says why not. */
export function subscribe(context: GrpcContext, call: Call): RollcallError | undefined {
  const message = call.request;
  if (message instanceof Malformed) return message.error;
  const { service, afterRevision } = message;
  const filter = filterFrom(message.filter);
  if (filter instanceof RollcallError) return filter;
  const problem = serviceProblem(service);
  if (problem !== undefined) return problem;
  const path = servicePath(service);
  const feed = new RollFeed(path, new RollView(path, filter, context.instances));
  const start = afterRevision === 0 ? 'snapshot' : asRevision(afterRevision);
  new Subscription(context, call, { feed, watch: watchOf(path, start) });
  return undefined;
}

/** The service itself too: its node holds the settings. */
function watchOf(path: string, start: WatchStart['start']): WatchStart {
  return { type: 'watch', id: 1, timeoutMs: 0, watch: 1, path, scope: 'subtree', start };
}

class Subscription implements Sink, LongCall {
  readonly #context: GrpcContext;
  readonly #feed: RollFeed;
  readonly #watch: WatchStart;
  readonly #outlet: Outlet;
  readonly #attachment: Attachment;
  /** Its share of what waits. */
  #held = 0;
  /** From asking for a snapshot until its reader has taken it. */
  #isAsking = false;
  /** The snapshot asked for has come whole. */
  #isWhole = false;

  constructor(
    context: GrpcContext,
    call: Call,
    { feed, watch }: { readonly feed: RollFeed; readonly watch: WatchStart },
  ) {
    this.#context = context;
    this.#feed = feed;
    this.#watch = watch;
    this.#outlet = new Outlet(call as unknown as WritableCall, () => this.#goOn());
    const identities = identitiesOf(addressOf(call));
    this.#attachment = context.service.attach({ identities, ordered: false }, this);
    context.longCalls.add(this);
    const end = endOf(call);
    call.on('cancelled', () => this.#close(end()));
    if (watch.start === 'snapshot') this.#askSnapshot();
    else this.#attachment.submit([watch]);
  }

  deliver(batch: readonly Delivery[]): void {
    for (const delivery of batch) {
      const refusal = refusalIn(delivery);
      if (refusal !== undefined) return this.#fail(refusal.error);
      const messages = this.#feed.take(delivery, this.#outlet.hasRoom());
      for (const bytes of messages) this.#outlet.write(bytes);
      if (delivery.type === 'snapshot' && delivery.complete) this.#isWhole = true;
    }
    this.#goOn();
  }

  /** What waits, waits in the feed. */
  unsentBytes(): number {
    return 0;
  }

  move(): void {
    this.#fail(moving());
  }

  #goOn(): void {
    while (this.#outlet.hasRoom()) {
      const bytes = this.#feed.next();
      if (bytes === undefined) break;
      this.#outlet.write(bytes);
    }
    this.#count(this.#feed.size);
    if (this.#context.waiting.total > SUBSCRIPTIONS_WAITING_MAX) this.#makeRoom();
    if (this.#isWhole && !this.#feed.isShowing) this.#shown();
    if (this.#feed.needsSnapshot && this.#outlet.hasRoom()) this.#askSnapshot();
  }

  #makeRoom(): void {
    if (this.#held === 0) return;
    if (!this.#feed.giveUp()) return this.#fail(tooMuchWaits());
    this.#count(this.#feed.size);
  }

  /** When it is its turn, which is a later one: a sink must not call back. */
  #askSnapshot(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#context.snapshots.enter(this, () => {
      this.#attachment.submit([{ ...this.#watch, start: 'snapshot' }]);
    });
  }

  #shown(): void {
    this.#isAsking = false;
    this.#isWhole = false;
    this.#context.snapshots.leave(this);
  }

  #count(held: number): void {
    this.#context.waiting.total += held - this.#held;
    this.#held = held;
  }

  /** The attachment is closed in a later turn: a sink must not call back. */
  #fail(error: RollcallError): void {
    this.#outlet.fail(error);
    setImmediate(() => this.#close('local'));
  }

  #close(reason: 'peerClosed' | 'local'): void {
    if (!this.#context.longCalls.delete(this)) return;
    this.#context.snapshots.leave(this);
    this.#count(0);
    this.#attachment.close(reason);
  }
}

function tooMuchWaits(): RollcallError {
  const options = { retryAfterMs: RETRY_AFTER_MS };
  return new RollcallError('OVERLOADED', 'too much waits for slow subscribers here', options);
}
