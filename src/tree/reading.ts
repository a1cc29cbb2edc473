/**
 * Answers from the tree as it stands: single nodes, pages of children, walks over a subtree. Every page is
 * bounded by count and bytes; pages of one listing are not one revision.
 */
import { SERVICES_ROOT } from '../codec/instance.js';
import type { Revision } from '../types/ids.js';
import { READ, type TreeNode } from '../types/node.js';
import { childPath, comparePaths, isWithin, nameOf } from '../types/path.js';
import { allows } from './access.js';
import { NO_DATA } from './bytes.js';
import type { ChildCursor } from './children.js';
import { type NodeRecord, statOf } from './nodes.js';
import type { TreeState } from './state.js';

export interface PageLimits {
  readonly limit: number;
  /** Of data and paths together; the first node always fits. */
  readonly bytesMax: number;
}

/** Where a node stands in the order of joining. */
export interface Place {
  readonly createRevision: Revision;
  readonly ordinal: number;
}

export type ChildrenRequest = PageLimits & { readonly withData: boolean } & (
    | {
        readonly order?: 'name';
        /** The last name seen. */
        readonly after?: string | undefined;
      }
    | { readonly order: 'creation'; readonly after?: Place | undefined }
  );

export interface SubtreeRequest extends PageLimits {
  /** The last path seen; the walk goes on behind it in the order of `comparePaths`. */
  readonly after?: string | undefined;
  /** Without: paths and stats only. */
  readonly withData?: boolean;
}

/**
 * Who asks, when that matters. Listing takes READ on the parent; a child's name and stat show then, its
 * data and what is below it only with READ on the child (ZooKeeper's rule).
 */
export interface Reader {
  readonly identities: readonly string[];
}

export interface NodePage {
  readonly nodes: TreeNode[];
  readonly more: boolean;
}

export interface ServiceCount {
  readonly name: string;
  readonly count: number;
}

export interface ServicePage {
  readonly services: ServiceCount[];
  readonly more: boolean;
}

export function nodeOf(node: NodeRecord, state: TreeState, withData = true): TreeNode {
  const data = withData ? node.data : NO_DATA;
  const override = state.overrides.get(node.path);
  const plain = { path: node.path, data, stat: statOf(node) };
  return override === undefined ? plain : { ...plain, override };
}

export function mayRead(node: NodeRecord, reader: Reader | undefined): boolean {
  return reader === undefined || allows(node.access, READ, reader.identities);
}

/** undefined: there is no such parent. */
export function readChildren(
  state: TreeState,
  path: string,
  request: ChildrenRequest & Partial<Reader>,
): NodePage | 'denied' | undefined {
  const parent = state.nodes.get(path);
  if (parent === undefined) return undefined;
  const reader = readerOf(request);
  if (!mayRead(parent, reader)) return 'denied';
  const page = new PageBuilder(state, request, reader);
  const next =
    request.order === 'creation'
      ? inCreation(parent, request.after)
      : inName(parent, request.after);
  for (let node = next(); node !== undefined; node = next()) {
    if (!page.add(node)) return { nodes: page.nodes, more: true };
  }
  return { nodes: page.nodes, more: false };
}

/** The node itself and everything below it, parents first; empty when there is none. */
export function readSubtree(
  state: TreeState,
  path: string,
  request: SubtreeRequest & Partial<Reader>,
): NodePage | 'denied' {
  const top = state.nodes.get(path);
  if (top === undefined) return { nodes: [], more: false };
  const reader = readerOf(request);
  if (!mayRead(top, reader)) return 'denied';
  const page = new PageBuilder(state, { withData: true, ...request }, reader);
  const walk = new Walk(top, request.after, reader);
  for (let node = walk.next(); node !== undefined; node = walk.next()) {
    if (!page.add(node)) return { nodes: page.nodes, more: true };
  }
  return { nodes: page.nodes, more: false };
}

function readerOf({ identities }: Partial<Reader>): Reader | undefined {
  return identities === undefined ? undefined : { identities };
}

export function readServices(
  state: TreeState,
  request: { readonly after?: string; readonly limit: number },
): ServicePage {
  const services: ServiceCount[] = [];
  const root = state.nodes.get(SERVICES_ROOT);
  const next = root === undefined ? () => undefined : inName(root, request.after);
  for (let node = next(); node !== undefined; node = next()) {
    if (services.length >= Math.max(1, request.limit)) return { services, more: true };
    services.push({ name: nameOf(node.path), count: node.childCount });
  }
  return { services, more: false };
}

class PageBuilder {
  readonly nodes: TreeNode[] = [];
  readonly #state: TreeState;
  readonly #limits: PageLimits & { readonly withData: boolean };
  readonly #reader: Reader | undefined;
  #bytes = 0;

  constructor(
    state: TreeState,
    limits: PageLimits & { readonly withData: boolean },
    reader: Reader | undefined,
  ) {
    this.#state = state;
    this.#limits = limits;
    this.#reader = reader;
  }

  /** False, and not added, when the page is full. */
  add(node: NodeRecord): boolean {
    const withData = this.#limits.withData && mayRead(node, this.#reader);
    const bytes = node.path.length + (withData ? node.dataLength : 0);
    if (this.nodes.length > 0 && this.#isFull(bytes)) return false;
    this.#bytes += bytes;
    this.nodes.push(nodeOf(node, this.#state, withData));
    return true;
  }

  #isFull(more: number): boolean {
    return this.nodes.length >= this.#limits.limit || this.#bytes + more > this.#limits.bytesMax;
  }
}

type Next = () => NodeRecord | undefined;

function inName(parent: NodeRecord, after: string | undefined): Next {
  const from = after === undefined ? '' : childPath(parent.path, after);
  const cursor = parent.children?.cursor(from);
  return () => {
    const node = cursor?.next();
    return node !== undefined && node.path === from ? cursor?.next() : node;
  };
}

function inCreation(parent: NodeRecord, after: Place | undefined): Next {
  const order = parent.children?.byCreation() ?? [];
  let at = after === undefined ? 0 : firstBehind(order, after);
  return () => order[at++];
}

function firstBehind(order: readonly NodeRecord[], place: Place): number {
  const { createRevision, ordinal } = place;
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const node = order[middle]!;
    const isSeen =
      node.createRevision < createRevision ||
      (node.createRevision === createRevision && node.ordinal <= ordinal);
    if (isSeen) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Depth first, without recursion: one cursor for each level. What may not be read is not entered. */
class Walk {
  readonly #levels: ChildCursor<NodeRecord>[] = [];
  #first: NodeRecord | undefined;

  readonly #reader: Reader | undefined;

  constructor(top: NodeRecord, after: string | undefined, reader: Reader | undefined) {
    this.#reader = reader;
    if (after === undefined || comparePaths(after, top.path) < 0) this.#first = top;
    else if (isWithin(after, top.path)) this.#seek(top, after);
  }

  next(): NodeRecord | undefined {
    const first = this.#first;
    if (first !== undefined) {
      this.#first = undefined;
      return this.#descend(first);
    }
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const node = level.next();
      if (node !== undefined) return this.#descend(node);
      this.#levels.pop();
    }
    return undefined;
  }

  #descend(node: NodeRecord): NodeRecord {
    if (node.children !== undefined && mayRead(node, this.#reader)) {
      this.#levels.push(node.children.cursor());
    }
    return node;
  }

  /** Opens a cursor behind `after` on each level on the way to it, whether it still exists or not. */
  #seek(top: NodeRecord, after: string): void {
    let node: NodeRecord | undefined = top;
    while (node?.children !== undefined && mayRead(node, this.#reader)) {
      if (node.path === after) {
        this.#levels.push(node.children.cursor());
        return;
      }
      const towards: string = ancestorBelow(node.path, after);
      const cursor: ChildCursor<NodeRecord> = node.children.cursor(towards);
      const child = cursor.next();
      const isOnWay: boolean = child?.path === towards;
      this.#levels.push(isOnWay ? cursor : node.children.cursor(towards));
      node = isOnWay ? child : undefined;
    }
  }
}

/** The child of `parent` on the way to `path`, which is below it. */
function ancestorBelow(parent: string, path: string): string {
  const start = parent === '/' ? 1 : parent.length + 1;
  const slash = path.indexOf('/', start);
  return slash < 0 ? path : path.slice(0, slash);
}
