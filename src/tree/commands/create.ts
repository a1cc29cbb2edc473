/** Create: ZooKeeper's rules, in ZooKeeper's order of checks. */
import type { Create } from '../../types/command.js';
import { NO_SESSION } from '../../types/ids.js';
import { CREATE } from '../../types/node.js';
import type { Created, Refused } from '../../types/outcome.js';
import { parentPath, ROOT } from '../../types/path.js';
import { resolveAcl } from '../access.js';
import { NO_INCARNATION, refused, type Work } from '../work.js';

const SUFFIX_DIGITS = 10;

export function applyCreate(body: Create, work: Work): Created | Refused {
  const { nodes } = work.state;
  const parent = nodes.get(parentPath(body.path) ?? ROOT);
  if (parent === undefined) return refused('NO_PARENT', body.path);
  if (!work.may(CREATE, parent)) return refused('DENIED', body.path);
  const path = body.sequential ? body.path + suffix(parent.createCount) : body.path;
  if (nodes.get(path) !== undefined) return refused('NODE_EXISTS', path);
  if (parent.kind === 'ephemeral') return refused('NO_CHILDREN_FOR_EPHEMERALS', path);
  const isEphemeral = body.nodeKind === 'ephemeral';
  if (isEphemeral && work.session === undefined) return refused('NO_SESSION', path);
  const acl = resolveAcl(body.acl, work.envelope.identities);
  if ('type' in acl) return acl;
  const refusal = work.hasQuotas ? work.overQuotaBy([path], body.data.length) : undefined;
  if (refusal !== undefined) return refusal;
  const stat = work.create(parent, {
    path,
    data: body.data,
    kind: body.nodeKind,
    owner: isEphemeral ? work.session!.id : NO_SESSION,
    ttlMs: body.ttlMs,
    acl,
    incarnation: NO_INCARNATION,
  });
  return { type: 'created', path, stat };
}

function suffix(createCount: number): string {
  return createCount.toString().padStart(SUFFIX_DIGITS, '0');
}
