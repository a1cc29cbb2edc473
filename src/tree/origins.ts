/**
 * For each member that ever forwarded a request: its boot and the last of its numbers that was applied.
 * Apply accepts exactly the next number, so an entry that reaches the log twice counts once.
 */
import type { OriginRow } from '../codec/row.js';
import type { Origin } from '../types/command.js';
import type { MemberId } from '../types/ids.js';
import type { RowHasher } from './digest.js';
import type { Tracker } from './dirty.js';
import { TrackedRow } from './tracked.js';

class OriginRecord extends TrackedRow implements OriginRow {
  readonly table = 'origin';
  readonly member: MemberId;
  readonly rowKey: string;
  boot: number;
  number: number;

  constructor(member: MemberId, boot: number, number: number) {
    super();
    this.member = member;
    this.rowKey = `o${member}`;
    this.boot = boot;
    this.number = number;
  }

  asRow(): OriginRow {
    return this;
  }

  hashInto(hasher: RowHasher): void {
    hasher.hashRow(this);
  }
}

export class OriginTable {
  readonly #byMember = new Map<MemberId, OriginRecord>();
  readonly #tracker: Tracker;

  constructor(tracker: Tracker) {
    this.#tracker = tracker;
  }

  /** Whether this request is the next of its origin; if so it is counted. */
  accept(origin: Origin): boolean {
    if (origin.number === 0) return true;
    const record = this.#byMember.get(origin.member);
    if (record === undefined) return origin.number === 1 && this.#add(origin);
    if (origin.boot === record.boot) return this.#acceptNext(record, origin.number);
    if (origin.boot < record.boot || origin.number !== 1) return false;
    this.#tracker.touch(record);
    record.boot = origin.boot;
    record.number = 1;
    return true;
  }

  get(member: MemberId): { readonly boot: number; readonly number: number } | undefined {
    return this.#byMember.get(member);
  }

  values(): Iterable<OriginRow> {
    return this.#byMember.values();
  }

  records(): Iterable<TrackedRow> {
    return this.#byMember.values();
  }

  load(row: OriginRow): TrackedRow {
    const record = new OriginRecord(row.member, row.boot, row.number);
    this.#byMember.set(row.member, record);
    return record;
  }

  #add(origin: Origin): boolean {
    const record = new OriginRecord(origin.member, origin.boot, origin.number);
    this.#byMember.set(origin.member, record);
    this.#tracker.created(record);
    return true;
  }

  #acceptNext(record: OriginRecord, number: number): boolean {
    if (number !== record.number + 1) return false;
    this.#tracker.touch(record);
    record.number = number;
    return true;
  }
}
