/** The roll (design 5, Catalog): one holder of an id, claims that only get newer, sequences that never come again. */
import type { Tree } from '../../src/tree/tree.js';
import type { TreeNode } from '../../src/types/node.js';
import { type SimClient, WEB } from './client.js';

export class RollChecks {
  readonly #problem: (text: string) => void;
  /** Of each path, the newest claim ever seen. */
  readonly #incarnations = new Map<string, number>();
  /** Of each sequence, the revision that created its instance. */
  readonly #sequences = new Map<number, number>();

  constructor(problem: (text: string) => void) {
    this.#problem = problem;
  }

  /** Whoever has applied most has applied more. */
  step(tree: Tree): void {
    for (const node of childrenOf(tree, WEB)) this.#checkInstance(node, tree);
  }

  #checkInstance({ path, stat }: TreeNode, tree: Tree): void {
    const { incarnation, createRevision, sequence, owner } = stat;
    const before = this.#incarnations.get(path) ?? 0;
    if (incarnation < before) this.#problem(`${path} went back to the claim of ${incarnation}`);
    if (incarnation > tree.revision) this.#problem(`${path} is claimed from the future`);
    this.#incarnations.set(path, incarnation);
    if (tree.session(owner) === undefined) this.#problem(`${path} belongs to nobody`);
    const known = this.#sequences.get(sequence);
    if (known === createRevision) return;
    if (known !== undefined) this.#problem(`${path} has the sequence ${sequence} of another`);
    this.#sequences.set(sequence, createRevision);
  }

  /** What a client believes to hold, it holds, unless somebody claimed it since. */
  final({ name, claim, session }: SimClient, tree: Tree): void {
    if (claim === undefined) return;
    const path = `${WEB}/${claim.id}`;
    const stat = tree.get(path)?.stat;
    const newest = this.#incarnations.get(path) ?? 0;
    if (newest < claim.incarnation) this.#problem(`the claim of ${name} on ${path} is lost`);
    if (newest === claim.incarnation && stat?.owner !== session)
      this.#problem(`${name} claimed ${path}, and ${stat?.owner ?? 'nobody'} holds it`);
  }
}

export function childrenOf(tree: Tree, path: string): readonly TreeNode[] {
  const all = { limit: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };
  return tree.children(path, { ...all, withData: true })?.nodes ?? [];
}
