/** Operators' words over instances: a table of their own, so that they outlive the instance they speak of. */
import { instancePath } from '../codec/instance.js';
import type { OverrideRow } from '../codec/row.js';
import type { Override, OverrideOf } from '../types/node.js';
import { compareNames } from '../types/path.js';
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

export interface OverridesRequest {
  /** Empty: of all services. */
  readonly service: string;
  /** "service/id" of the last one seen, or empty. */
  readonly after: string;
  readonly limit: number;
  /** The others are passed over: a page holds as many of these as it may. */
  readonly isShown?: (override: OverrideOf) => boolean;
}

export interface OverridesPage {
  readonly overrides: OverrideOf[];
  readonly more: boolean;
}

export class OverrideTable {
  /** By the path of the instance. */
  readonly #byPath = new Map<string, OverrideRecord>();
  /** Those that end by themselves. */
  readonly #timed = new Set<OverrideRecord>();
  /** In the order of "service/id", made when asked for; dropped when one comes or goes. */
  #sorted: readonly OverrideRecord[] | undefined;
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

  records(): Iterable<TrackedRow> {
    return this.#byPath.values();
  }

  *timed(): Iterable<OverrideOf> {
    for (const record of this.#timed) yield overrideOf(record);
  }

  page({ service, after, limit, isShown }: OverridesRequest): OverridesPage {
    const overrides: OverrideOf[] = [];
    for (const record of this.#inOrder()) {
      if (nameOfOverride(record) <= after) continue;
      if (service !== '' && record.service !== service) continue;
      const override = overrideOf(record);
      if (isShown?.(override) === false) continue;
      if (overrides.length >= limit) return { overrides, more: true };
      overrides.push(override);
    }
    return { overrides, more: false };
  }

  set(service: string, id: string, override: Override): void {
    const record = this.#byPath.get(instancePath(service, id));
    if (record === undefined) {
      this.#tracker.created(this.#add(new OverrideRecord(service, id, override)));
      return;
    }
    this.#tracker.touch(record);
    record.override = override;
    this.#noteTime(record);
  }

  /** Whether there was one to lift. */
  lift(path: string): boolean {
    const record = this.#byPath.get(path);
    if (record === undefined) return false;
    this.#tracker.removed(record);
    this.#timed.delete(record);
    this.#sorted = undefined;
    return this.#byPath.delete(path);
  }

  load(row: OverrideRow): TrackedRow {
    return this.#add(new OverrideRecord(row.service, row.id, row.override));
  }

  #add(record: OverrideRecord): OverrideRecord {
    this.#byPath.set(instancePath(record.service, record.id), record);
    this.#sorted = undefined;
    this.#noteTime(record);
    return record;
  }

  #noteTime(record: OverrideRecord): void {
    if (record.override.until > 0) this.#timed.add(record);
    else this.#timed.delete(record);
  }

  #inOrder(): readonly OverrideRecord[] {
    this.#sorted ??= [...this.#byPath.values()].sort((a, b) =>
      compareNames(nameOfOverride(a), nameOfOverride(b)),
    );
    return this.#sorted;
  }
}

function overrideOf({ service, id, override }: OverrideRecord): OverrideOf {
  return { service, id, override };
}

function nameOfOverride({ service, id }: OverrideRecord): string {
  return `${service}/${id}`;
}
