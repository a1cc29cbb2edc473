/**
 * Nodes that go by themselves: a container after its last child, a ttl node past its time. How long ago
 * that was is the leader's to measure; here it is only seen that nothing has happened since it looked.
 */
import { SERVICES_ROOT } from '../../codec/instance.js';
import type { Reap } from '../../types/command.js';
import type { Deleted, Done } from '../../types/outcome.js';
import type { NodeRecord } from '../nodes.js';
import type { Work } from '../work.js';

export function applyReap(body: Reap, work: Work): Deleted | Done {
  const node = work.state.nodes.get(body.path);
  const isSame =
    node?.createRevision === body.createRevision &&
    node.modifyRevision === body.modifyRevision &&
    node.createCount === body.createCount;
  if (!isSame || !isReapable(node)) return { type: 'done' };
  work.delete(node, 'reap');
  return { type: 'deleted' };
}

/**
 * Childless, and a ttl node, or a container that was in use: ZooKeeper's rule, that it once had children.
 * A service is kept by its settings, and is in use from the first instance or the first settings on.
 */
export function isReapable(node: NodeRecord): boolean {
  if (node.childCount > 0) return false;
  if (node.kind !== 'container') return node.kind === 'ttl';
  if (node.parent?.path !== SERVICES_ROOT) return node.createCount > 0;
  return node.dataLength === 0 && (node.createCount > 0 || node.version > 0);
}
