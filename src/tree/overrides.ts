/** Operators' words over instances: a table of their own, so that they outlive the instance they speak of. */
import { instancePath } from '../codec/instance.js';
import type { OverrideRow } from '../codec/row.js';
import type { Override } from '../types/node.js';
import type { RowHasher } from './digest.js';
import type { Tracker } from './dirty.js';
import { TrackedRow } from './tracked.js';

class OverrideRecord extends TrackedRow implements OverrideRow {
  readonly table = 'override';
  readonly service: string;
  readonly id: string;
  readonly rowKey: string;
  override: Override;

  constructor(service: string, id: string, override: Override) {
    super();
    this.service = service;
    this.id = id;
    this.rowKey = `v${instancePath(service, id)}`;
    this.override = override;
  }

  asRow(): OverrideRow {
    return this;
  }

  hashInto(hasher: RowHasher): void {
    hasher.hashRow(this);
  }
}

export class OverrideTable {
  /** By the path of the instance. */
  readonly #byPath = new Map<string, OverrideRecord>();
  readonly #tracker: Tracker;

  constructor(tracker: Tracker) {
    this.#tracker = tracker;
  }

  get size(): number {
    return this.#byPath.size;
  }

  get(path: string): Override | undefined {
    return this.#byPath.size === 0 ? undefined : this.#byPath.get(path)?.override;
  }

  values(): Iterable<OverrideRow> {
    return this.#byPath.values();
  }

  records(): Iterable<TrackedRow> {
    return this.#byPath.values();
  }

  set(service: string, id: string, override: Override): void {
    const record = this.#byPath.get(instancePath(service, id));
    if (record === undefined) {
      this.#add(new OverrideRecord(service, id, override));
      return;
    }
    this.#tracker.touch(record);
    record.override = override;
  }

  /** Whether there was one to lift. */
  lift(path: string): boolean {
    const record = this.#byPath.get(path);
    if (record === undefined) return false;
    this.#tracker.removed(record);
    return this.#byPath.delete(path);
  }

  load(row: OverrideRow): TrackedRow {
    const record = new OverrideRecord(row.service, row.id, row.override);
    this.#byPath.set(instancePath(row.service, row.id), record);
    return record;
  }

  #add(record: OverrideRecord): void {
    this.#byPath.set(instancePath(record.service, record.id), record);
    this.#tracker.created(record);
  }
}
