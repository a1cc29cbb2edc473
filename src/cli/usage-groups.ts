/** Nodes and bytes by branch, summed up from a walk. Pure, and it holds one sum a branch, not a node. */
import { isWithin, ROOT } from '../types/path.js';

export interface Usage {
  readonly path: string;
  readonly nodes: number;
  readonly bytes: number;
}

interface Sum {
  nodes: number;
  bytes: number;
}

export class UsageGroups {
  readonly #root: string;
  readonly #depth: number;
  readonly #sums = new Map<string, Sum>();

  /** `depth`: how many levels below the root have sums of their own. */
  constructor(root: string, depth: number) {
    this.#root = root;
    this.#depth = depth;
  }

  /** A node of the walk: it counts for each branch that holds it. */
  add(path: string, bytes: number): void {
    if (!isWithin(path, this.#root)) return;
    this.#count(this.#root, bytes);
    let end = this.#root === ROOT ? 0 : this.#root.length;
    for (let level = 1; level <= this.#depth && end < path.length && path !== ROOT; level++) {
      const slash = path.indexOf('/', end + 1);
      end = slash < 0 ? path.length : slash;
      this.#count(path.slice(0, end), bytes);
    }
  }

  /** The largest first; the root, which holds all of them, last. */
  list(): Usage[] {
    const all = [...this.#sums].map(([path, sum]) => ({ path, ...sum }));
    const below = all.filter(({ path }) => path !== this.#root);
    below.sort((a, b) => b.bytes - a.bytes || b.nodes - a.nodes || (a.path < b.path ? -1 : 1));
    return [...below, ...all.filter(({ path }) => path === this.#root)];
  }

  #count(path: string, bytes: number): void {
    const sum = this.#sums.get(path);
    if (sum === undefined) this.#sums.set(path, { nodes: 1, bytes });
    else {
      sum.nodes++;
      sum.bytes += bytes;
    }
  }
}
