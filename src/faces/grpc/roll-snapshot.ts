/** A snapshot of a service in the making: parts as they come, and what changes between them. */
import type { Delivery } from '../../server/service.js';
import type { EventBatch } from '../../types/event.js';
import type { Revision } from '../../types/ids.js';
import type { TreeNode } from '../../types/node.js';
import { parentPath } from '../../types/path.js';

type SnapshotPart = Delivery & { readonly type: 'snapshot' };

/** All of a service at one revision. */
export interface ServiceSnapshot {
  /** In the order of joining. */
  readonly instances: readonly TreeNode[];
  /** Of the service itself: it holds the settings. */
  readonly service: TreeNode | undefined;
  readonly revision: Revision;
  readonly marked: boolean;
}

export class RollSnapshot {
  readonly #path: string;
  readonly #nodes = new Map<string, TreeNode>();

  constructor(path: string) {
    this.#path = path;
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** The whole, when this was the last part. */
  add({ nodes, complete, revision, marked }: SnapshotPart): ServiceSnapshot | undefined {
    for (const node of nodes) this.#nodes.set(node.path, node);
    if (!complete) return undefined;
    const instances = [...this.#nodes.values()].filter(({ path }) => this.#isInstance(path));
    const service = this.#nodes.get(this.#path);
    return { instances: instances.sort(byJoining), service, revision, marked };
  }

  merge({ events }: EventBatch): void {
    for (const event of events) {
      if (event.type === 'deleted') this.#nodes.delete(event.path);
      else this.#nodes.set(event.path, event);
    }
  }

  #isInstance(path: string): boolean {
    return parentPath(path) === this.#path;
  }
}

function byJoining({ stat: a }: TreeNode, { stat: b }: TreeNode): number {
  return a.createRevision - b.createRevision || a.ordinal - b.ordinal;
}
