/**
 * The line at a path: its ephemeral children in the order of their creation, whatever their names, so that
 * programs without the SDK can stand in it. Who stood in front when a node was created can only become
 * fewer: that makes pages of different revisions as good as one, and one look at the line enough.
 */
import { isRollcallError } from '../../types/errors.js';
import type { Cause } from '../../types/event.js';
import { REQUEST_TIMEOUT_MS_MAX } from '../../types/limits.js';
import type { TreeNode } from '../../types/node.js';
import type { CallOptions, RevisionNumber, Tree, WatchEvent } from '../types.js';

export interface Line {
  /** The first holds. */
  readonly nodes: readonly TreeNode[];
  /** Everything up to here has been seen. */
  readonly revision: RevisionNumber;
}

/** A node and not its namesake, as it was seen at `revision`. */
export interface Standing {
  readonly path: string;
  readonly createRevision: RevisionNumber;
  readonly revision: RevisionNumber;
}

export interface GoneListener {
  /** undefined: it was not seen going. */
  gone(cause: Cause | undefined): void;
  /** The watch cannot go on; undefined: it was closed. */
  ended(error: Error | undefined): void;
}

/** A call that ends with its session or its signal: what it did must become known. */
export function patient(signal?: AbortSignal): CallOptions {
  return { timeoutMs: REQUEST_TIMEOUT_MS_MAX, signal };
}

export async function lineAt(tree: Tree, path: string, options: CallOptions): Promise<Line> {
  const first = await tree.list(path, options);
  const nodes = [...first.nodes];
  for (let { next: after } = first; after !== undefined; ) {
    const page = await tree.list(path, { ...options, after });
    nodes.push(...page.nodes);
    after = page.next;
  }
  return { nodes: nodes.filter(stands).sort(byCreation), revision: first.revision };
}

/** undefined: nobody stands there. */
export async function firstAt(
  tree: Tree,
  path: string,
  options: CallOptions,
): Promise<TreeNode | undefined> {
  try {
    return (await lineAt(tree, path, options)).nodes[0];
  } catch (error) {
    if (isRollcallError(error, 'NO_NODE')) return undefined;
    throw error;
  }
}

export function stands({ stat }: TreeNode): boolean {
  return stat.kind === 'ephemeral';
}

/** No two children of a node have the same place. */
export function byCreation({ stat: a }: TreeNode, { stat: b }: TreeNode): number {
  return a.createRevision - b.createRevision || a.ordinal - b.ordinal;
}

/** Calls one of both once, unless disposed before. */
export function onceGone(tree: Tree, node: Standing, listener: GoneListener): Disposable {
  const watch = tree.watch(node.path, { from: node.revision });
  let isOver = false;
  const over = (tell: () => void): void => {
    if (isOver) return;
    isOver = true;
    void watch.close();
    tell();
  };
  watch.subscribe(
    (event) => {
      const gone = goneBy(event, node);
      if (gone !== undefined) over(() => listener.gone(gone.cause));
    },
    (error) => over(() => listener.ended(error)),
  );
  return { [Symbol.dispose]: () => over(() => undefined) };
}

function goneBy(
  event: WatchEvent,
  { path, createRevision }: Standing,
): { readonly cause: Cause | undefined } | undefined {
  if (event.type === 'change')
    return event.changes.find((change) => change.type === 'deleted' && change.path === path);
  if (event.type !== 'snapshot') return undefined;
  const isThere = event.nodes.some(({ stat }) => stat.createRevision === createRevision);
  return isThere ? undefined : { cause: undefined };
}
