/**
 * A node and everything below it at one revision, or nothing. Descendants go before their ancestors, in
 * the reverse order of a depth-first walk, as a client would have to delete them one by one.
 */
import type { DeleteTree } from '../../types/command.js';
import { DELETE_TREE_NODES_MAX, SUBTREE_WALK_NODES_MAX } from '../../types/limits.js';
import { DELETE } from '../../types/node.js';
import type { Refused, Removed } from '../../types/outcome.js';
import type { NodeRecord } from '../nodes.js';
import { countSubtree } from '../quotas.js';
import { refused, type Work } from '../work.js';

export function applyDeleteTree({ path }: DeleteTree, work: Work): Removed | Refused {
  const top = work.state.nodes.get(path);
  if (top === undefined) return refused('NO_NODE', path);
  if (top.parent === undefined) return refused('INVALID_ARGUMENT', 'the root cannot be deleted');
  const refusal = tooManyIn(top);
  if (refusal !== undefined) return refusal;
  const nodes = inOrder(top);
  const denied = nodes.find((node) => !work.may(DELETE, node.parent!));
  if (denied !== undefined) return refused('DENIED', denied.path);
  for (let i = nodes.length - 1; i >= 0; i--) work.delete(nodes[i]!, 'client');
  return { type: 'removed', nodes: nodes.length };
}

function tooManyIn(top: NodeRecord): Refused | undefined {
  const nodes = countSubtree(top)?.nodes;
  if (nodes !== undefined && nodes <= DELETE_TREE_NODES_MAX) return undefined;
  const holds = nodes === undefined ? `more than ${SUBTREE_WALK_NODES_MAX}` : `${nodes}`;
  const limit = `at most ${DELETE_TREE_NODES_MAX} go at once`;
  return refused('TOO_LARGE', `${top.path} holds ${holds} nodes, ${limit}: delete its parts first`);
}

/** Depth first, parents first, siblings by name. */
function inOrder(top: NodeRecord): NodeRecord[] {
  const nodes: NodeRecord[] = [];
  const pending = [top];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    nodes.push(node);
    const children: NodeRecord[] = [];
    node.children?.appendTo(children);
    for (let i = children.length - 1; i >= 0; i--) pending.push(children[i]!);
  }
  return nodes;
}
