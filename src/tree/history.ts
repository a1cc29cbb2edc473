/**
 * The events of the recent past, for watches that resume or lag: a ring bounded by count and bytes. It is
 * not replicated: after a start it begins anew at the revision that was loaded.
 * Invariant: every event above `floor` is held.
 */
import type { EventBatch, TreeEvent } from '../types/event.js';
import { NO_INDEX, type Revision } from '../types/ids.js';
import { HISTORY_BYTES_MAX, HISTORY_EVENTS_MAX } from '../types/limits.js';

export interface HistoryOptions {
  readonly historyEventsMax?: number;
  readonly historyBytesMax?: number;
}

/** One piece of history; ask again after `through` while it is below the tree's revision. */
export interface HistoryPage {
  /** Whole batches as they were made where all events match, else cut to those that do. */
  readonly batches: readonly EventBatch[];
  /** Everything that matches up to here is in this page or an earlier one. */
  readonly through: Revision;
}

/** Stands where a batch was, so that its memory is free before the array is cut. */
const DROPPED: EventBatch = { revision: NO_INDEX, events: [] };

/** What an event takes besides its path and data: itself, its stat and its batch. */
const EVENT_BYTES = 512;

export class History {
  #batches: EventBatch[] = [];
  #head = 0;
  #events = 0;
  #bytes = 0;
  #floor: Revision;
  readonly #eventsMax: number;
  readonly #bytesMax: number;

  constructor(floor: Revision, options: HistoryOptions = {}) {
    this.#floor = floor;
    this.#eventsMax = options.historyEventsMax ?? HISTORY_EVENTS_MAX;
    this.#bytesMax = options.historyBytesMax ?? HISTORY_BYTES_MAX;
  }

  get floor(): Revision {
    return this.#floor;
  }

  get events(): number {
    return this.#events;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(batch: EventBatch): void {
    this.#batches.push(batch);
    this.#events += batch.events.length;
    this.#bytes += batchBytes(batch);
    while (this.#isOver() && this.#head < this.#batches.length) this.#dropFirst();
    if (this.#head > 1024 && this.#head * 2 > this.#batches.length) this.#compact();
  }

  /** Batches above `revision` whose events match, oldest first, looking at no more than `scanMax` batches. */
  since(
    revision: Revision,
    matches: (event: TreeEvent) => boolean,
    page: { readonly now: Revision; readonly scanMax: number },
  ): HistoryPage | 'compacted' {
    if (revision < this.#floor) return 'compacted';
    const start = this.#firstAbove(revision);
    const end = Math.min(start + page.scanMax, this.#batches.length);
    const batches: EventBatch[] = [];
    for (let i = start; i < end; i++) {
      const batch = matchingBatch(this.#batches[i]!, matches);
      if (batch !== undefined) batches.push(batch);
    }
    const isAll = end === this.#batches.length;
    return { batches, through: isAll ? page.now : this.#batches[end - 1]!.revision };
  }

  #isOver(): boolean {
    return this.#events > this.#eventsMax || this.#bytes > this.#bytesMax;
  }

  #dropFirst(): void {
    const batch = this.#batches[this.#head]!;
    this.#events -= batch.events.length;
    this.#bytes -= batchBytes(batch);
    this.#floor = batch.revision;
    this.#batches[this.#head++] = DROPPED;
  }

  #compact(): void {
    this.#batches = this.#batches.slice(this.#head);
    this.#head = 0;
  }

  #firstAbove(revision: Revision): number {
    let low = this.#head;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#batches[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function matchingBatch(
  batch: EventBatch,
  matches: (event: TreeEvent) => boolean,
): EventBatch | undefined {
  if (batch.events.every(matches)) return batch;
  const events = batch.events.filter(matches);
  return events.length === 0 ? undefined : { revision: batch.revision, events };
}

function batchBytes(batch: EventBatch): number {
  let bytes = 0;
  for (const event of batch.events) {
    bytes += EVENT_BYTES + event.path.length + event.data.length;
  }
  return bytes;
}
