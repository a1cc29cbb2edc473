/** The nodes that a service needs: made with its first instance or its first settings. */
import { SERVICES_ROOT, servicePath } from '../../codec/instance.js';
import { NO_SESSION } from '../../types/ids.js';
import { CREATE } from '../../types/node.js';
import type { Refused } from '../../types/outcome.js';
import { NO_DATA } from '../bytes.js';
import type { NodeRecord } from '../nodes.js';
import { NO_INCARNATION, refused, type Work } from '../work.js';

/** Why what is missing of `paths` may not be made: asked before anything is. */
export function makingProblem(
  paths: readonly string[],
  bytes: number,
  work: Work,
): Refused | undefined {
  const { nodes } = work.state;
  const missing = paths.filter((path) => nodes.get(path) === undefined);
  const nearest = nodes.get(paths[paths.length - missing.length - 1] ?? '/') ?? nodes.root;
  if (nearest.kind === 'ephemeral') return refused('NO_CHILDREN_FOR_EPHEMERALS', nearest.path);
  if (!work.may(CREATE, nearest)) return refused('DENIED', nearest.path);
  return work.hasQuotas ? work.overQuotaBy(missing, bytes) : undefined;
}

/** A container: it goes when its last instance went, unless it has settings. */
export function ensureService(service: string, work: Work, data: Uint8Array = NO_DATA): NodeRecord {
  const root = ensure(SERVICES_ROOT, work.state.nodes.root, { work, data: NO_DATA });
  return ensure(servicePath(service), root, { work, data });
}

function ensure(
  path: string,
  parent: NodeRecord,
  { work, data }: { readonly work: Work; readonly data: Uint8Array },
): NodeRecord {
  const { nodes } = work.state;
  if (nodes.get(path) === undefined) {
    work.create(parent, {
      path,
      data,
      kind: path === SERVICES_ROOT ? 'persistent' : 'container',
      owner: NO_SESSION,
      ttlMs: 0,
      acl: [],
      incarnation: NO_INCARNATION,
    });
  }
  return nodes.get(path)!;
}
