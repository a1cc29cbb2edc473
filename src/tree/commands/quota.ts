/** Setting and lifting quotas. What stands there already is counted once, and may be over the quota. */
import type { SetQuota } from '../../types/command.js';
import { QUOTAS_MAX, SUBTREE_WALK_NODES_MAX } from '../../types/limits.js';
import type { Done, Refused } from '../../types/outcome.js';
import { countSubtree, type QuotaRecord } from '../quotas.js';
import { refused, type Work } from '../work.js';

const DONE: Done = { type: 'done' };

export function applySetQuota(body: SetQuota, work: Work): Done | Refused {
  const { path, limits } = body;
  const known = work.state.quotas.get(path);
  const isLifted = limits.nodes === 0 && limits.bytes === 0;
  if (known === undefined && isLifted) return DONE;
  const refusal = known === undefined ? add(body, work) : change(known, body, work);
  if (refusal !== undefined) return refusal;
  work.hand = { who: body.who, why: body.why };
  work.audit('quota', path);
  return DONE;
}

function change(known: QuotaRecord, { limits }: SetQuota, work: Work): undefined {
  if (limits.nodes === 0 && limits.bytes === 0) work.state.quotas.lift(known);
  else work.state.quotas.change(known, limits);
}

function add({ path, limits }: SetQuota, work: Work): Refused | undefined {
  const { quotas, nodes } = work.state;
  if (quotas.isFull)
    return refused('TOO_LARGE', `there are ${QUOTAS_MAX} quotas: lift others first`);
  const top = nodes.get(path);
  const count = top === undefined ? { nodes: 0, bytes: 0 } : countSubtree(top, quotas);
  if (count === undefined) {
    const much = `${path} holds more than ${SUBTREE_WALK_NODES_MAX} nodes that no quota counts`;
    return refused('TOO_LARGE', `${much}: set quotas on its parts first`);
  }
  quotas.add(path, limits, count);
  return undefined;
}
