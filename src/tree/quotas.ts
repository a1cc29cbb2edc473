/**
 * Quotas, and what stands under each: counted as nodes come and go, never stored. A quota is of a path,
 * whether a node stands there or not, and outlives it. While there are none, nothing here costs anything.
 * Invariant: the counts of a quota are those of a walk over its subtree.
 */
import type { QuotaRow } from '../codec/row.js';
import { QUOTAS_MAX, SUBTREE_WALK_NODES_MAX } from '../types/limits.js';
import type { QuotaLimits, QuotaUsage } from '../types/node.js';
import { compareNames, isWithin, parentPath } from '../types/path.js';
import type { RowHasher } from './digest.js';
import type { Tracker } from './dirty.js';
import type { NodeRecord } from './nodes.js';
import { TrackedRow } from './tracked.js';

/** Of a path whose ancestors are looked up one by one. */
const CLIMBED_CHARACTERS_MAX = 128;

export interface Count {
  nodes: number;
  bytes: number;
}

export class QuotaRecord extends TrackedRow implements QuotaRow, Count {
  readonly table = 'quota';
  readonly path: string;
  readonly rowKey: string;
  limits: QuotaLimits;
  nodes = 0;
  bytes = 0;

  constructor(path: string, limits: QuotaLimits) {
    super();
    this.path = path;
    this.rowKey = `q${path}`;
    this.limits = limits;
  }

  asRow(): QuotaRow {
    return this;
  }

  hashInto(hasher: RowHasher): void {
    hasher.hashRow(this);
  }
}

export class QuotaTable {
  readonly #byPath = new Map<string, QuotaRecord>();
  readonly #tracker: Tracker;

  constructor(tracker: Tracker) {
    this.#tracker = tracker;
  }

  get size(): number {
    return this.#byPath.size;
  }

  get isFull(): boolean {
    return this.#byPath.size >= QUOTAS_MAX;
  }

  get(path: string): QuotaRecord | undefined {
    return this.#byPath.get(path);
  }

  records(): Iterable<QuotaRecord> {
    return this.#byPath.values();
  }

  /** In the order of their paths. */
  usages(): QuotaUsage[] {
    const usages = [...this.#byPath.values()].map(({ path, limits, nodes, bytes }) => {
      return { path, limits, nodes, bytes };
    });
    return usages.sort((a, b) => compareNames(a.path, b.path));
  }

  add(path: string, limits: QuotaLimits, count: Count): void {
    const record = new QuotaRecord(path, limits);
    record.nodes = count.nodes;
    record.bytes = count.bytes;
    this.#byPath.set(path, record);
    this.#tracker.created(record);
  }

  change(record: QuotaRecord, limits: QuotaLimits): void {
    this.#tracker.touch(record);
    record.limits = limits;
  }

  lift(record: QuotaRecord): void {
    this.#tracker.removed(record);
    this.#byPath.delete(record.path);
  }

  load(row: QuotaRow): TrackedRow {
    const record = new QuotaRecord(row.path, row.limits);
    this.#byPath.set(row.path, record);
    return record;
  }

  /** Under every quota on the way up from the node. */
  charge(node: NodeRecord, nodes: number, bytes: number): void {
    for (const record of this.#over(node.path)) {
      record.nodes += nodes;
      record.bytes += bytes;
    }
  }

  /**
   * The quota that more would break: nodes at these paths, each below the one before it, and bytes in the
   * last. What does not grow is never refused.
   */
  broken(paths: readonly string[], isNew: boolean, bytes: number): QuotaRecord | undefined {
    for (const record of this.#over(paths.at(-1)!)) {
      const added = isNew ? paths.filter((path) => isWithin(path, record.path)).length : 0;
      if (exceeds(record.nodes, added, record.limits.nodes)) return record;
      if (exceeds(record.bytes, bytes, record.limits.bytes)) return record;
    }
    return undefined;
  }

  /** The nearest first. A long path may have two thousand ancestors: then all quotas are looked at instead. */
  #over(path: string): readonly QuotaRecord[] {
    const over: QuotaRecord[] = [];
    if (path.length > CLIMBED_CHARACTERS_MAX) {
      for (const record of this.#byPath.values())
        if (isWithin(path, record.path)) over.push(record);
      return over.sort((a, b) => b.path.length - a.path.length);
    }
    for (let at: string | undefined = path; at !== undefined; at = parentPath(at)) {
      const record = this.#byPath.get(at);
      if (record !== undefined) over.push(record);
    }
    return over;
  }
}

function exceeds(standing: number, added: number, limit: number): boolean {
  return limit > 0 && added > 0 && standing + added > limit;
}

/**
 * What stands at and below a node; undefined when that is too much to look at in one piece. A part below
 * that has a quota of its own is counted already, and not looked at.
 */
export function countSubtree(top: NodeRecord, known?: QuotaTable): Count | undefined {
  const total = { nodes: 0, bytes: 0 };
  const pending = [top];
  let seen = 0;
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (++seen > SUBTREE_WALK_NODES_MAX) return undefined;
    const counted = known?.get(node.path);
    total.nodes += counted === undefined ? 1 : counted.nodes;
    total.bytes += counted === undefined ? node.dataLength : counted.bytes;
    if (counted !== undefined || node.children === undefined) continue;
    if (seen + node.children.size > SUBTREE_WALK_NODES_MAX) return undefined;
    node.children.appendTo(pending);
  }
  return total;
}
