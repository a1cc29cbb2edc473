/**
 * The table of nodes: mutable records by path, linked to their parents. Records are changed in place and
 * never leave the tree; what leaves is a `NodeStat` or `TreeNode` made for the purpose.
 * Invariant: a record is in the table exactly when it is in its parent's list of children.
 */

import type { NodeRow } from '../codec/row.js';
import { assert } from '../types/assert.js';
import { NO_INDEX, NO_SESSION, type Revision, type SessionId } from '../types/ids.js';
import type { AclEntry, NodeKind, NodeStat } from '../types/node.js';
import { ROOT } from '../types/path.js';
import { type AccessList, OPEN_ACCESS } from './access.js';
import { type DataHolder, dataOf, type Slab } from './bytes.js';
import { ChildList } from './children.js';
import type { RowHasher } from './digest.js';
import { TrackedRow } from './tracked.js';

/** All that a record starts with but its bytes, its access list and its place. */
export type NodeFields = Omit<NodeRow, 'table' | 'acl' | 'data'>;

export class NodeRecord extends TrackedRow implements NodeRow, DataHolder {
  readonly path: string;
  readonly parent: NodeRecord | undefined;
  /** Where the data is: `TreeState.bytes` says. */
  slab: Slab | undefined = undefined;
  dataOffset = 0;
  dataLength = 0;
  access: AccessList;
  kind: NodeKind;
  /** Invariant: not NO_SESSION exactly when kind is ephemeral. */
  owner: SessionId;
  readonly createRevision: Revision;
  modifyRevision: Revision;
  childrenRevision: Revision;
  readonly createTime: number;
  modifyTime: number;
  version: number;
  createCount: number;
  aclVersion: number;
  readonly ttlMs: number;
  readonly ordinal: number;
  readonly sequence: number;
  incarnation: Revision;
  children: ChildList<NodeRecord> | undefined = undefined;

  constructor(fields: NodeFields, access: AccessList, parent: NodeRecord | undefined) {
    super();
    this.path = fields.path;
    this.parent = parent;
    this.access = access;
    this.kind = fields.kind;
    this.owner = fields.owner;
    this.createRevision = fields.createRevision;
    this.modifyRevision = fields.modifyRevision;
    this.childrenRevision = fields.childrenRevision;
    this.createTime = fields.createTime;
    this.modifyTime = fields.modifyTime;
    this.version = fields.version;
    this.createCount = fields.createCount;
    this.aclVersion = fields.aclVersion;
    this.ttlMs = fields.ttlMs;
    this.ordinal = fields.ordinal;
    this.sequence = fields.sequence;
    this.incarnation = fields.incarnation;
  }

  get table(): 'node' {
    return 'node';
  }

  get rowKey(): string {
    return this.path;
  }

  /** A view on bytes that never change: a change puts others in their place. */
  get data(): Uint8Array {
    return dataOf(this);
  }

  get acl(): readonly AclEntry[] {
    return this.access.entries;
  }

  get childCount(): number {
    return this.children === undefined ? 0 : this.children.size;
  }

  asRow(): NodeRow {
    return this;
  }

  hashInto(hasher: RowHasher): void {
    hasher.hashRow(this);
  }
}

export function statOf(node: NodeRecord): NodeStat {
  return {
    createRevision: node.createRevision,
    modifyRevision: node.modifyRevision,
    childrenRevision: node.childrenRevision,
    createTime: node.createTime,
    modifyTime: node.modifyTime,
    version: node.version,
    createCount: node.createCount,
    aclVersion: node.aclVersion,
    owner: node.owner,
    dataLength: node.dataLength,
    childCount: node.childCount,
    kind: node.kind,
    ttlMs: node.ttlMs,
    ordinal: node.ordinal,
    sequence: node.sequence,
    incarnation: node.incarnation,
  };
}

export class NodeTable {
  readonly #byPath = new Map<string, NodeRecord>();
  #root = rootRecord();

  constructor() {
    this.#byPath.set(ROOT, this.#root);
  }

  get root(): NodeRecord {
    return this.#root;
  }

  get size(): number {
    return this.#byPath.size;
  }

  get(path: string): NodeRecord | undefined {
    return this.#byPath.get(path);
  }

  values(): Iterable<NodeRecord> {
    return this.#byPath.values();
  }

  link(node: NodeRecord): void {
    assert(node.parent !== undefined, 'only the root has no parent');
    this.#byPath.set(node.path, node);
    node.parent.children ??= new ChildList<NodeRecord>();
    node.parent.children.insert(node);
  }

  unlink(node: NodeRecord): void {
    const siblings = node.parent?.children;
    assert(siblings !== undefined, 'node without a parent');
    assert(node.childCount === 0, 'node with children cannot go');
    siblings.remove(node);
    if (siblings.size === 0) node.parent!.children = undefined;
    this.#byPath.delete(node.path);
  }

  /** The stored root takes the place of the empty one, before anything is linked. */
  loadRoot(root: NodeRecord): NodeRecord {
    assert(this.#byPath.size === 1, 'the root comes first');
    this.#root = root;
    this.#byPath.set(ROOT, this.#root);
    return this.#root;
  }
}

function rootRecord(): NodeRecord {
  const fields: NodeFields = {
    path: ROOT,
    kind: 'persistent',
    owner: NO_SESSION,
    createRevision: NO_INDEX,
    modifyRevision: NO_INDEX,
    childrenRevision: NO_INDEX,
    createTime: 0,
    modifyTime: 0,
    version: 0,
    createCount: 0,
    aclVersion: 0,
    ttlMs: 0,
    ordinal: 0,
    sequence: 0,
    incarnation: NO_INDEX,
  };
  return new NodeRecord(fields, OPEN_ACCESS, undefined);
}
