/** Delete: only nodes without children, never the root. */
import { ANY_VERSION, type Delete } from '../../types/command.js';
import { DELETE } from '../../types/node.js';
import type { Deleted, Refused } from '../../types/outcome.js';
import { refused, type Work } from '../work.js';

export function applyDelete(body: Delete, work: Work): Deleted | Refused {
  const { path, version } = body;
  const node = work.state.nodes.get(path);
  if (node === undefined) return refused('NO_NODE', path);
  if (node.parent === undefined) return refused('INVALID_ARGUMENT', 'the root cannot be deleted');
  if (!work.may(DELETE, node.parent)) return refused('DENIED', path);
  if (version !== ANY_VERSION && version !== node.version) return refused('BAD_VERSION', path);
  if (node.childCount > 0) return refused('NOT_EMPTY', path);
  work.delete(node, 'client');
  return { type: 'deleted' };
}
