/**
 * What is to be told to one subscriber of a service, next and after that. Takes every delivery whatever the
 * reader does: while it is quiet, changes pass straight through; while the reader is slow they wait as one
 * change per instance, and what is long is encoded piece by piece. Invariant: nothing is said that claims
 * more than what has been said before it.
 */
import { wholeMs } from '../../rpc/convert.js';
import type { Delivery } from '../../server/service.js';
import type { EventBatch, TreeEvent } from '../../types/event.js';
import type { Revision } from '../../types/ids.js';
import { RollBacklog } from './roll-backlog.js';
import { RollSnapshot, type ServiceSnapshot } from './roll-snapshot.js';
import { type RollView, subscribeBytes } from './roll-view.js';

const NOTHING: readonly Buffer[] = [];

/** Messages under way. */
interface Flow {
  readonly messages: Iterator<Buffer>;
  /** Instances that it holds on to. */
  readonly size: number;
}

export class RollFeed {
  readonly #path: string;
  readonly #view: RollView;
  readonly #backlog: RollBacklog;
  #flow: Flow | undefined;
  #assembling: RollSnapshot | undefined;
  /** Complete, to be told next; what was before it needs no telling. */
  #snapshot: ServiceSnapshot | undefined;
  /** The last event of the service itself that waits. */
  #service: TreeEvent | undefined;
  /** Confirmed again up to here, not said yet. */
  #live: Revision | undefined;
  #needsSnapshot = false;

  /** `path`: of the service. */
  constructor(path: string, view: RollView) {
    this.#path = path;
    this.#view = view;
    this.#backlog = new RollBacklog(path);
  }

  /** Instances held for this reader alone. */
  get size(): number {
    const snapshot = (this.#assembling?.size ?? 0) + (this.#snapshot?.instances.length ?? 0);
    return this.#backlog.size + snapshot + (this.#flow?.size ?? 0);
  }

  /** A snapshot is under way, or whatever else is told piece by piece. */
  get isShowing(): boolean {
    const hasSnapshot = this.#assembling !== undefined || this.#snapshot !== undefined;
    return hasSnapshot || this.#flow !== undefined;
  }

  /** Changes were given up; only a snapshot makes up for them. */
  get needsSnapshot(): boolean {
    return this.#needsSnapshot;
  }

  /** Drops the changes that wait; false when there are none to drop. */
  giveUp(): boolean {
    if (this.#backlog.size === 0) return false;
    this.#forgetChanges();
    this.#needsSnapshot = true;
    return true;
  }

  /** What may be said at once, when the reader takes it. The rest waits for `next`. */
  take(delivery: Delivery, hasRoom: boolean): readonly Buffer[] {
    const passes = hasRoom && this.#isQuiet();
    switch (delivery.type) {
      case 'events':
        return this.#events(delivery.batch, passes);
      case 'snapshot':
        this.#addPart(delivery);
        return NOTHING;
      case 'bookmark':
        return passes ? [subscribeBytes({ bookmark: delivery.revision })] : NOTHING;
      case 'stale':
        this.#live = undefined;
        return [subscribeBytes({ stale: { ageMs: wholeMs(delivery.ageMs) } })];
      case 'live':
        this.#live = delivery.revision;
        return NOTHING;
      default:
        return NOTHING;
    }
  }

  /** The next message of what waits. */
  next(): Buffer | undefined {
    for (;;) {
      this.#flow ??= this.#nextFlow();
      if (this.#flow === undefined) return undefined;
      const step = this.#flow.messages.next();
      if (step.done !== true) return step.value;
      this.#flow = undefined;
    }
  }

  #isQuiet(): boolean {
    const isBusy = this.#flow !== undefined || this.#assembling !== undefined;
    return !isBusy && !this.#hasWaiting() && !this.#needsSnapshot;
  }

  #hasWaiting(): boolean {
    if (this.#snapshot !== undefined || this.#service !== undefined) return true;
    return !this.#backlog.isEmpty;
  }

  #events(batch: EventBatch, passes: boolean): readonly Buffer[] {
    if (this.#assembling !== undefined) this.#assembling.merge(batch);
    if (this.#assembling !== undefined || this.#needsSnapshot) return NOTHING;
    const service = batch.events.findLast(({ path }) => path === this.#path);
    if (!passes) {
      this.#backlog.add(batch);
      this.#service = service ?? this.#service;
      return NOTHING;
    }
    const changes = this.#view.changes(batch);
    return service === undefined ? changes : [...changes, ...this.#view.settings(asNode(service))];
  }

  #addPart(part: Delivery & { readonly type: 'snapshot' }): void {
    if (part.restarted || this.#assembling === undefined) {
      this.#assembling = new RollSnapshot(this.#path);
      this.#forgetChanges();
    }
    const whole = this.#assembling.add(part);
    if (whole === undefined) return;
    this.#assembling = undefined;
    this.#snapshot = { ...whole, marked: whole.marked || this.#needsSnapshot };
    this.#needsSnapshot = false;
  }

  #forgetChanges(): void {
    this.#backlog.clear();
    this.#service = undefined;
    this.#snapshot = undefined;
  }

  #nextFlow(): Flow | undefined {
    const snapshot = this.#snapshot;
    if (snapshot !== undefined) {
      this.#snapshot = undefined;
      return { messages: this.#view.snapshot(snapshot), size: snapshot.instances.length };
    }
    if (!this.#backlog.isEmpty) return this.#changesFlow();
    if (this.#live === undefined || !this.#isQuiet()) return undefined;
    const live = subscribeBytes({ live: this.#live });
    this.#live = undefined;
    return { messages: [live].values(), size: 0 };
  }

  #changesFlow(): Flow {
    const size = this.#backlog.size;
    const service = this.#service;
    this.#service = undefined;
    return { messages: this.#waited(service), size };
  }

  *#waited(service: TreeEvent | undefined): Generator<Buffer> {
    yield* this.#view.caughtUp(this.#backlog.take());
    if (service !== undefined) yield* this.#view.settings(asNode(service));
  }
}

/** What is left of it: nothing when it was deleted. */
function asNode(event: TreeEvent): TreeEvent | undefined {
  return event.type === 'deleted' ? undefined : event;
}
