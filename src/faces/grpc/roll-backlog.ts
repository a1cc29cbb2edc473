/**
 * What a subscriber of the roll has not been told while its connection takes no more: of each instance where
 * it stands now, against what the reader was told last. An instance that came and went meanwhile is not
 * mentioned; one that went and came again (another creation) leaves and joins. Bounded by the instances there
 * were when it began and those there are now.
 */
import { ChangeType } from '../../gen/index.js';
import type { EventBatch, TreeEvent } from '../../types/event.js';
import { NO_INDEX, type Revision } from '../../types/ids.js';
import { changeOf, instanceEvents, type RollChange } from './roll-changes.js';

interface Waiting {
  /** The reader was told of it before. */
  readonly isTold: boolean;
  /** That it left, when it did. */
  readonly left: TreeEvent | undefined;
  /** What it is now; undefined when it is not. */
  readonly now: TreeEvent | undefined;
}

/** An event, and the change that it is for this reader. */
export interface Told {
  readonly event: TreeEvent;
  readonly change: RollChange;
}

export interface Caught {
  readonly told: readonly Told[];
  /** All that happened up to here is in it. */
  readonly revision: Revision;
  /** Of several revisions. */
  readonly coalesced: boolean;
}

export class RollBacklog {
  readonly #path: string;
  #byPath = new Map<string, Waiting>();
  #revision: Revision = NO_INDEX;
  #batches = 0;

  /** `path`: of the service. */
  constructor(path: string) {
    this.#path = path;
  }

  get size(): number {
    return this.#byPath.size;
  }

  get isEmpty(): boolean {
    return this.#batches === 0;
  }

  add(batch: EventBatch): void {
    this.#revision = batch.revision;
    this.#batches++;
    for (const event of instanceEvents(batch, this.#path)) this.#addEvent(event);
  }

  clear(): void {
    this.#byPath = new Map();
    this.#batches = 0;
  }

  /** All of it, in the order in which it happened. */
  take(): Caught {
    const told = [...this.#byPath.values()].flatMap(toldOf).sort(byPlace);
    const caught = { told, revision: this.#revision, coalesced: this.#batches > 1 };
    this.clear();
    return caught;
  }

  #addEvent(event: TreeEvent): void {
    const { path } = event;
    const before = this.#byPath.get(path);
    const isTold = before?.isTold ?? event.type !== 'created';
    const left = before?.left;
    if (event.type !== 'deleted') this.#byPath.set(path, { isTold, left, now: event });
    else if (isTold) this.#byPath.set(path, { isTold, left: left ?? event, now: undefined });
    else this.#byPath.delete(path);
  }
}

function toldOf({ isTold, left, now }: Waiting): Told[] {
  const told: Told[] = left === undefined ? [] : [{ event: left, change: changeOf(left) }];
  if (now === undefined) return told;
  const change = changeOf(now);
  const isKnown = isTold && left === undefined;
  const isThere = change.type !== ChangeType.LEAVE;
  if (isThere) {
    const type = isKnown ? ChangeType.CHANGE : ChangeType.JOIN;
    told.push({ event: now, change: { ...change, type } });
  } else if (isKnown) told.push({ event: now, change });
  return told;
}

function byPlace({ event: a }: Told, { event: b }: Told): number {
  return a.revision - b.revision || a.ordinal - b.ordinal;
}
