/** Set: replaces a node's data when the version is the expected one. */
import { ANY_VERSION, type SetData } from '../../types/command.js';
import { WRITE } from '../../types/node.js';
import type { DataSet, Refused } from '../../types/outcome.js';
import { refused, type Work } from '../work.js';

export function applySet(body: SetData, work: Work): DataSet | Refused {
  const node = work.state.nodes.get(body.path);
  if (node === undefined) return refused('NO_NODE', body.path);
  if (!work.may(WRITE, node)) return refused('DENIED', body.path);
  if (body.version !== ANY_VERSION && body.version !== node.version) {
    return refused('BAD_VERSION', body.path);
  }
  const refusal = work.overQuota(body.path, body.data.length - node.dataLength);
  if (refusal !== undefined) return refusal;
  return { type: 'set', stat: work.setData(node, body.data) };
}
