/** The roll (design 5, Catalog): one holder of an id, claims that only get newer, sequences that never come again. */
import type { Tree } from '../../src/tree/tree.js';
import { asRevision } from '../../src/types/ids.js';
import type { TreeNode } from '../../src/types/node.js';
import { parentPath } from '../../src/types/path.js';
import { type SimClient, WEB } from './client.js';

export class RollChecks {
  readonly #problem: (text: string) => void;
  /** Of each path, the newest claim ever seen. */
  readonly #incarnations = new Map<string, number>();
  /** Of each sequence, the revision that created its instance. */
  readonly #sequences = new Map<number, number>();

  /** Up to here everything was seen… */
  #seen = asRevision(0);
  /** …but for what may have come and gone before this. */
  #unsure = 0;

  constructor(problem: (text: string) => void) {
    this.#problem = problem;
  }

  /** Whoever has applied most has applied more. */
  step(tree: Tree): void {
    this.#note(tree);
    for (const node of childrenOf(tree, WEB)) this.#checkInstance(node, tree);
  }

  /** Claims that did not last until now were claims too. */
  #note(tree: Tree): void {
    const page = tree.since(this.#seen, ({ path }) => parentPath(path) === WEB);
    this.#seen = tree.revision;
    if (page === 'compacted') {
      this.#unsure = tree.revision;
      return;
    }
    for (const { events } of page.batches)
      for (const { path, stat } of events)
        this.#incarnations.set(path, Math.max(stat.incarnation, this.#newest(path)));
  }

  #newest(path: string): number {
    return this.#incarnations.get(path) ?? 0;
  }

  #checkInstance({ path, stat }: TreeNode, tree: Tree): void {
    const { incarnation, createRevision, sequence, owner } = stat;
    if (incarnation < this.#newest(path))
      this.#problem(`${path} went back to the claim of ${incarnation}`);
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
    const newest = this.#newest(path);
    if (claim.incarnation <= this.#unsure && stat === undefined) return;
    if (newest < claim.incarnation) this.#problem(`the claim of ${name} on ${path} is lost`);
    if (newest === claim.incarnation && stat?.owner !== session)
      this.#problem(`${name} claimed ${path}, and ${stat?.owner ?? 'nobody'} holds it`);
  }
}

export function childrenOf(tree: Tree, path: string): readonly TreeNode[] {
  const all = { limit: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };
  return tree.children(path, { ...all, withData: true })?.nodes ?? [];
}
