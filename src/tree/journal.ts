/**
 * What a transaction has changed so far, so that a refused operation leaves nothing of those before it.
 * Only nodes change in transactions; undoing runs backwards and restores them exactly.
 */
import { unreachable } from '../types/assert.js';
import type { Revision } from '../types/ids.js';
import type { NodeRecord } from './nodes.js';
import type { TreeState } from './state.js';

interface Saved {
  readonly type: 'changed';
  readonly node: NodeRecord;
  readonly data: Uint8Array;
  readonly modifyRevision: Revision;
  readonly childrenRevision: Revision;
  readonly modifyTime: number;
  readonly version: number;
  readonly createCount: number;
}

type Step = Saved | { readonly type: 'created' | 'deleted'; readonly node: NodeRecord };

export class Journal {
  readonly #state: TreeState;
  readonly #steps: Step[] = [];

  constructor(state: TreeState) {
    this.#state = state;
  }

  /** Before a node changes. */
  changing(node: NodeRecord): void {
    const { data, modifyRevision, childrenRevision, modifyTime, version, createCount } = node;
    const saved = { data, modifyRevision, childrenRevision, modifyTime, version, createCount };
    this.#steps.push({ type: 'changed', node, ...saved });
  }

  created(node: NodeRecord): void {
    this.#steps.push({ type: 'created', node });
  }

  deleted(node: NodeRecord): void {
    this.#steps.push({ type: 'deleted', node });
  }

  undo(): void {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      this.#undoStep(step);
    }
  }

  #undoStep(step: Step): void {
    switch (step.type) {
      case 'created':
        this.#state.tracker.removed(step.node);
        this.#state.unlinkNode(step.node);
        break;
      case 'deleted':
        this.#state.linkNode(step.node);
        this.#state.tracker.revived(step.node);
        break;
      case 'changed':
        restore(step);
        break;
      default:
        unreachable(step);
    }
  }
}

function restore(saved: Saved): void {
  const { node } = saved;
  node.data = saved.data;
  node.modifyRevision = saved.modifyRevision;
  node.childrenRevision = saved.childrenRevision;
  node.modifyTime = saved.modifyTime;
  node.version = saved.version;
  node.createCount = saved.createCount;
}
