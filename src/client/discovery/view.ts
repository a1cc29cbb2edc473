/**
 * A service as one subscriber sees it: pure. Watch events over the nodes of the catalog go in; joins,
 * changes and leaves come out, and the list in the order of joining. Invariant: the list is always that
 * of one revision, and applying what came out to the list before gives the list after.
 */
import { decodeInstance } from '../../codec/instance.js';
import { LEAVE_REASONS } from '../../codec/leave-reason.js';
import type { Instance } from '../../types/instance.js';
import type { TreeNode } from '../../types/node.js';
import { nameOf } from '../../types/path.js';
import type { InstanceFilter, RevisionNumber, RollLeaveReason, TreeChange } from '../types.js';

export type RollChange = {
  readonly revision: RevisionNumber;
  readonly instance: Instance;
} & (
  | { readonly type: 'join' | 'change' }
  | { readonly type: 'leave'; readonly reason: RollLeaveReason }
);

export class RollView {
  readonly #filter: InstanceFilter | undefined;
  #byId = new Map<string, Instance>();
  /** The one that joined last, while the map is in the order of joining: as it nearly always is. */
  #newest: Instance | undefined;
  #isInOrder = true;
  #list: readonly Instance[] | undefined;
  #revision: RevisionNumber = 0;

  constructor(filter?: InstanceFilter) {
    this.#filter = filter;
  }

  /** In the order of joining; a new array after each change, never altered. */
  get instances(): readonly Instance[] {
    this.#list ??= this.#isInOrder ? [...this.#byId.values()] : this.#sorted();
    return this.#list;
  }

  get revision(): RevisionNumber {
    return this.#revision;
  }

  /** Everything up to this revision is in the view. */
  confirm(revision: RevisionNumber): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  /** Replaces the view; returns how it differs, by rising revision. */
  replace(nodes: readonly TreeNode[], revision: RevisionNumber): RollChange[] {
    const instances = nodes.map(decodeInstance).filter((found) => found !== undefined);
    return this.replaceWith(instances, revision);
  }

  replaceWith(instances: readonly Instance[], revision: RevisionNumber): RollChange[] {
    const before = this.#byId;
    const passing = instances.filter((instance) => passes(instance, this.#filter));
    this.#byId = new Map(passing.map((instance) => [instance.id, instance]));
    this.#isInOrder = false;
    this.#list = undefined;
    this.#revision = revision;
    return differences(before, this.#byId, revision);
  }

  /** The changes of one revision. */
  apply(changes: readonly TreeChange[], revision: RevisionNumber): RollChange[] {
    const seen: RollChange[] = [];
    for (const change of changes) {
      const found = this.#applyOne(change, revision);
      if (found !== undefined) seen.push(found);
    }
    if (seen.length > 0) this.#list = undefined;
    this.confirm(revision);
    return seen;
  }

  #applyOne({ type, path, node, cause }: TreeChange, revision: number): RollChange | undefined {
    const id = nameOf(path);
    const before = this.#byId.get(id);
    const instance = type === 'deleted' ? undefined : decodeInstance(node);
    if (instance !== undefined && passes(instance, this.#filter)) {
      this.#place(instance, before);
      return { type: before === undefined ? 'join' : 'change', instance, revision };
    }
    if (before === undefined) return undefined;
    this.#byId.delete(id);
    if (type === 'deleted') {
      return { type: 'leave', instance: before, revision, reason: LEAVE_REASONS[cause] };
    }
    return { type: 'leave', instance: instance ?? before, revision, reason: 'filtered' };
  }

  /** Who stays keeps its place in the map; a newcomer is last there, which is where it belongs. */
  #place(instance: Instance, before: Instance | undefined): void {
    this.#byId.set(instance.id, instance);
    if (isSame(instance, before)) return;
    const isLast = before === undefined && !isBefore(instance, this.#newest);
    this.#isInOrder &&= isLast;
    if (isLast) this.#newest = instance;
  }

  #sorted(): readonly Instance[] {
    const list = [...this.#byId.values()].sort(byJoining);
    this.#byId = new Map(list.map((instance) => [instance.id, instance]));
    this.#newest = list.at(-1);
    this.#isInOrder = true;
    return list;
  }
}

export function passes(instance: Instance, filter: InstanceFilter | undefined): boolean {
  if (filter === undefined) return true;
  const { states, zone, tags } = filter;
  if (states !== undefined && states.length > 0 && !states.includes(instance.state)) return false;
  if (zone !== undefined && zone !== '' && instance.zone !== zone) return false;
  for (const key in tags) if (instance.tags[key] !== tags[key]) return false;
  return true;
}

function isBefore(a: Instance, b: Instance | undefined): boolean {
  return b !== undefined && byJoining(a, b) < 0;
}

function byJoining(a: Instance, b: Instance): number {
  return a.createRevision - b.createRevision || a.ordinal - b.ordinal;
}

type ById = ReadonlyMap<string, Instance>;

function differences(before: ById, after: ById, revision: RevisionNumber): RollChange[] {
  const changes: RollChange[] = [];
  for (const [id, instance] of before) {
    const now = after.get(id);
    if (isSame(instance, now)) continue;
    const leftBy = now?.createRevision ?? revision;
    changes.push({ type: 'leave', instance, revision: leftBy, reason: 'unknown' });
  }
  for (const [id, instance] of after) {
    const old = before.get(id);
    if (!isSame(instance, old)) {
      changes.push({ type: 'join', instance, revision: instance.createRevision });
    } else if (old!.revision !== instance.revision) {
      changes.push({ type: 'change', instance, revision: instance.revision });
    }
  }
  return changes.sort(byRevision);
}

/** The same stay on the roll, not one that left and came back under its id. */
function isSame(a: Instance, b: Instance | undefined): boolean {
  return a.createRevision === b?.createRevision && a.ordinal === b.ordinal;
}

/** Under one id, the stay that ended comes before the one that followed it. */
function byRevision(a: RollChange, b: RollChange): number {
  return a.revision - b.revision || rank(a) - rank(b);
}

function rank({ type }: RollChange): number {
  return type === 'leave' ? 0 : 1;
}
