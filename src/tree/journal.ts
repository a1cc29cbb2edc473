/**
 * What a transaction has changed so far, so that a refused operation leaves nothing of those before it.
 * Only nodes change in transactions; undoing runs backwards and restores them exactly.
 */
import { unreachable } from '../types/assert.js';
import type { Revision } from '../types/ids.js';
import { dataOf, type Slab } from './bytes.js';
import type { NodeRecord } from './nodes.js';
import type { TreeState } from './state.js';

interface Saved {
  readonly type: 'changed';
  readonly node: NodeRecord;
  readonly slab: Slab | undefined;
  readonly dataOffset: number;
  readonly dataLength: number;
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
    const { slab, dataOffset, dataLength, version, createCount } = node;
    const { modifyRevision, childrenRevision, modifyTime } = node;
    const data = { slab, dataOffset, dataLength, version, createCount };
    const places = { modifyRevision, childrenRevision, modifyTime };
    this.#steps.push({ type: 'changed', node, ...data, ...places });
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
        this.#state.bytes.release(step.node);
        break;
      case 'deleted':
        this.#state.linkNode(step.node);
        this.#state.tracker.revived(step.node);
        this.#state.bytes.restore(step.node);
        break;
      case 'changed':
        this.#restore(step);
        break;
      default:
        unreachable(step);
    }
  }

  #restore(saved: Saved): void {
    const { node } = saved;
    const isMoved = node.slab !== saved.slab || node.dataOffset !== saved.dataOffset;
    if (isMoved) this.#state.putData(node, dataOf(saved));
    node.modifyRevision = saved.modifyRevision;
    node.childrenRevision = saved.childrenRevision;
    node.modifyTime = saved.modifyTime;
    node.version = saved.version;
    node.createCount = saved.createCount;
  }
}
