/**
 * Builds the state from stored rows as they are read, and says by its digest whether they are what was
 * saved: the state machine's side of loading and of installing a checkpoint.
 */
import type { RowDigest } from '../../storage/checkpoint-store.js';
import type { HistoryOptions } from '../../tree/history.js';
import { Tree, type TreeLoader } from '../../tree/tree.js';
import type { Revision } from '../../types/ids.js';
import type { CheckpointRow } from '../../types/log.js';

export class LoadingTree implements RowDigest {
  readonly #loader: TreeLoader;
  /** Set by `finish`, unless the rows do not make a state. */
  tree: Tree | undefined;

  constructor(revision: Revision, options: HistoryOptions) {
    this.#loader = Tree.load(revision, options);
  }

  add(rows: readonly CheckpointRow[]): void {
    this.#loader.add(rows.map(([key, value]) => ({ key, value })));
  }

  /** The digest of what was read; empty when it is no state. */
  finish(): string {
    this.tree = this.#loader.finish();
    return this.tree?.digest() ?? '';
  }
}
