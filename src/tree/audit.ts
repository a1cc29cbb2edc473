/** Operators' acts, replicated: the last of them, the oldest dropped first. At most one a revision. */
import type { AuditRow } from '../codec/row.js';
import type { Revision } from '../types/ids.js';
import { AUDIT_ENTRIES_MAX } from '../types/limits.js';
import type { AuditAction, AuditEntry } from '../types/record.js';
import type { RowHasher } from './digest.js';
import type { Tracker } from './dirty.js';
import { TrackedRow } from './tracked.js';

class AuditRecord extends TrackedRow implements AuditRow {
  readonly table = 'audit';
  readonly revision: Revision;
  readonly time: number;
  readonly action: AuditAction;
  readonly subject: string;
  readonly who: string;
  readonly why: string;
  readonly rowKey: string;

  constructor(entry: AuditEntry) {
    super();
    this.revision = entry.revision;
    this.time = entry.time;
    this.action = entry.action;
    this.subject = entry.subject;
    this.who = entry.who;
    this.why = entry.why;
    this.rowKey = `a${entry.revision}`;
  }

  asRow(): AuditRow {
    return this;
  }

  hashInto(hasher: RowHasher): void {
    hasher.hashRow(this);
  }
}

export interface AuditPage {
  /** Newest first. */
  readonly entries: AuditEntry[];
  readonly more: boolean;
}

export class AuditLog {
  /** Oldest first; those before `#head` are gone, and the array is cut when half of it is. */
  #records: AuditRecord[] = [];
  #head = 0;
  readonly #tracker: Tracker;

  constructor(tracker: Tracker) {
    this.#tracker = tracker;
  }

  get size(): number {
    return this.#records.length - this.#head;
  }

  records(): readonly TrackedRow[] {
    return this.#records.slice(this.#head);
  }

  add(entry: AuditEntry): void {
    const record = new AuditRecord(entry);
    this.#records.push(record);
    this.#tracker.created(record);
    if (this.size <= AUDIT_ENTRIES_MAX) return;
    this.#tracker.removed(this.#records[this.#head++]!);
    if (this.#head * 2 <= this.#records.length) return;
    this.#records = this.#records.slice(this.#head);
    this.#head = 0;
  }

  /** Rows come in the order of their revisions. */
  load(row: AuditRow): TrackedRow {
    const record = new AuditRecord(row);
    this.#records.push(record);
    return record;
  }

  /** Those before a revision, newest first; before 0 stands for all. */
  page(before: Revision, limit: number): AuditPage {
    const entries: AuditEntry[] = [];
    let at = before === 0 ? this.#records.length : this.#firstFrom(before);
    while (at > this.#head && entries.length < limit) entries.push(entryOf(this.#records[--at]!));
    return { entries, more: at > this.#head };
  }

  #firstFrom(revision: Revision): number {
    let low = this.#head;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#records[middle]!.revision < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function entryOf({ revision, time, action, subject, who, why }: AuditRecord): AuditEntry {
  return { revision, time, action, subject, who, why };
}
