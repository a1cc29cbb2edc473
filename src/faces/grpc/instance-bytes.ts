/**
 * Instances as they are on the roll, encoded: subscribers that begin at the same time are shown the same
 * ones, and decoding and encoding each of them again is most of what a snapshot costs. What was not used for
 * longest goes when the bound is reached. Invariant: an instance is known again only by everything that can
 * change it.
 */
import { decodeInstance } from '../../codec/instance.js';
import { instanceMessage } from '../../rpc/convert.js';
import { codec } from '../../rpc/definitions.js';
import { INSTANCE_BYTES_KEPT_MAX } from '../../types/limits.js';
import type { TreeNode } from '../../types/node.js';

interface Kept {
  readonly node: Pick<TreeNode, 'stat' | 'override'>;
  readonly bytes: Buffer;
}

/** Of a node that holds no instance. */
const NONE = Buffer.alloc(0);

export class InstanceBytes {
  /** Those used last are at the end. */
  readonly #byPath = new Map<string, Kept>();
  #bytes = 0;

  /** Undefined when the node holds none: somebody wrote there by hand. */
  of(node: TreeNode): Buffer | undefined {
    const kept = this.#byPath.get(node.path);
    const isKnown = kept !== undefined && isSame(kept.node, node);
    const bytes = isKnown ? kept.bytes : encode(node);
    this.#keep(node, bytes);
    return bytes === NONE ? undefined : bytes;
  }

  #keep({ path, stat, override }: TreeNode, bytes: Buffer): void {
    this.#drop(path);
    this.#byPath.set(path, { node: { stat, ...(override && { override }) }, bytes });
    this.#bytes += costOf(path, bytes);
    for (const oldest of this.#byPath.keys()) {
      if (this.#bytes <= INSTANCE_BYTES_KEPT_MAX) return;
      this.#drop(oldest);
    }
  }

  #drop(path: string): void {
    const kept = this.#byPath.get(path);
    if (kept === undefined) return;
    this.#byPath.delete(path);
    this.#bytes -= costOf(path, kept.bytes);
  }
}

/** What is kept besides, about. */
const KEPT_BYTES = 400;

function costOf(path: string, bytes: Buffer): number {
  return KEPT_BYTES + path.length + bytes.length;
}

function encode(node: TreeNode): Buffer {
  const instance = decodeInstance(node);
  return instance === undefined ? NONE : codec('Instance').encode(instanceMessage(instance));
}

function isSame(a: Kept['node'], b: Kept['node']): boolean {
  return (
    a.stat.modifyRevision === b.stat.modifyRevision &&
    a.stat.createRevision === b.stat.createRevision &&
    a.stat.version === b.stat.version &&
    a.stat.ordinal === b.stat.ordinal &&
    a.stat.incarnation === b.stat.incarnation &&
    a.override?.revision === b.override?.revision
  );
}
