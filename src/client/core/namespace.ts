/**
 * A path in front of all paths of a client's calls on the tree, as ZooKeeper's chroot. What comes back
 * is shown without it. Pure. A path that is none goes as it stands, so that the cluster refuses it.
 */
import type { TreeNode } from '../../types/node.js';
import { isWithin, pathProblem, ROOT } from '../../types/path.js';

export class Namespace {
  /** Empty: none. */
  readonly #root: string;

  constructor(root = '') {
    this.#root = root === ROOT ? '' : root;
  }

  get isNone(): boolean {
    return this.#root === '';
  }

  /** Where it is in the cluster. */
  full(path: string): string {
    if (this.#root === '' || typeof path !== 'string' || !path.startsWith(ROOT)) return path;
    return path === ROOT ? this.#root : this.#root + path;
  }

  /** As its callers know it. */
  shown(path: string): string {
    if (this.#root === '' || !isWithin(path, this.#root)) return path;
    return path === this.#root ? ROOT : path.slice(this.#root.length);
  }

  node(node: TreeNode): TreeNode {
    return this.isNone ? node : { ...node, path: this.shown(node.path) };
  }
}

export const NO_NAMESPACE = new Namespace();

/** Why this cannot stand in front of paths, or undefined when it can. */
export function namespaceProblem(namespace: string): string | undefined {
  return pathProblem(namespace);
}
