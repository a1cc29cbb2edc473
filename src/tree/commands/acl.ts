/** Replacing a node's access list. As in ZooKeeper its own version counts, and no event tells of it. */
import { ANY_VERSION, type SetAcl } from '../../types/command.js';
import { ADMIN } from '../../types/node.js';
import type { DataSet, Refused } from '../../types/outcome.js';
import { resolveAcl } from '../access.js';
import { refused, type Work } from '../work.js';

export function applySetAcl(body: SetAcl, work: Work): DataSet | Refused {
  const { path, version } = body;
  const node = work.state.nodes.get(path);
  if (node === undefined) return refused('NO_NODE', path);
  if (!work.may(ADMIN, node)) return refused('DENIED', path);
  if (version !== ANY_VERSION && version !== node.aclVersion) return refused('BAD_VERSION', path);
  const acl = resolveAcl(body.acl, work.envelope.identities);
  if ('type' in acl) return acl;
  return { type: 'set', stat: work.setAcl(node, work.state.access.intern(acl)) };
}
