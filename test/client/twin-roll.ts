/** The roll of a cluster in memory: who claims which id, and changes by claim or by owner. */
import type { Operation, Outcome, TwinCluster } from './twin.js';
import { problem } from './twin.js';

export interface Claimed {
  readonly owner: number;
  readonly incarnation: number;
  state: number;
}

export function applyToRoll(cluster: TwinCluster, session: number, operation: Operation): Outcome {
  const { register, transact } = operation;
  const revision = ++cluster.revision;
  if (transact !== undefined) {
    const { path, owner } = transact.guards[0]!;
    if (owner !== cluster.roll.get(path)?.owner) return { error: problem('GUARD_FAILED') };
    cluster.roll.delete(path);
    return { transact: { results: [], revision } };
  }
  if (register === undefined) return changeClaim(cluster, operation);
  const { service, id, state } = register;
  cluster.roll.set(`/services/${service}/${id}`, { owner: session, incarnation: revision, state });
  const instance = { ...register, revision, createRevision: revision, incarnation: revision };
  return { register: { instance: instance as never, revision, tookOver: false } };
}

function changeClaim({ roll, revision }: TwinCluster, operation: Operation): Outcome {
  const { updateInstance, deregister } = operation;
  const spec = updateInstance?.instance;
  const place = spec ?? deregister;
  const path = `/services/${place?.service}/${place?.id}`;
  const found = roll.get(path);
  const { incarnation = 0 } = updateInstance ?? deregister ?? {};
  if (found === undefined) return { error: problem('NO_NODE') };
  if (incarnation > 0 && found.incarnation !== incarnation) return { error: problem('REPLACED') };
  if (spec === undefined) roll.delete(path);
  else found.state = spec.state;
  return { done: revision };
}
