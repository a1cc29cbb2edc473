/** What a member is at the moment of a scrape, read from where it is known. Costs nothing between scrapes. */
import { decodeInstance, SERVICES_ROOT, servicePath } from '../codec/instance.js';
import type { Tree } from '../tree/tree.js';
import { nameOf } from '../types/path.js';
import type { Member } from './member.js';
import type { GaugeSource, InstanceCount } from './metrics.js';

/** Services looked at; the rest has no series anyway. */
const SERVICES_MAX = 200;
const UNBOUNDED = Number.POSITIVE_INFINITY;

export function createGaugeSource(member: Member): () => GaugeSource {
  return () => {
    const { core } = member;
    const { role, term, commitIndex } = core.status();
    const { requests, bytes } = core.pending;
    return {
      term,
      commitIndex,
      appliedIndex: core.tree.revision,
      isLeader: role === 'leader',
      role,
      sessions: core.tree.sessionCount,
      watches: core.watchCount,
      nodes: core.tree.nodeCount,
      followers: lagOf(member),
      instances: countInstances(core.tree),
      confirmationAgeMs: core.confirmationAgeMs,
      logBytes: member.logBytes,
      pendingRequests: requests,
      pendingBytes: bytes,
      historyEvents: core.tree.historyEvents,
    };
  };
}

function lagOf({ core }: Member): GaugeSource['followers'] {
  const { followers, configuration, lastIndex } = core.raft;
  const members = [...configuration.voters, ...configuration.learners];
  return followers.map(({ id, matchIndex }) => ({
    name: members.find((member) => member.id === id)?.name ?? id,
    lag: lastIndex - matchIndex,
  }));
}

function countInstances(tree: Tree): InstanceCount[] {
  const page = { limit: SERVICES_MAX, bytesMax: UNBOUNDED, withData: false };
  const services = tree.children(SERVICES_ROOT, page)?.nodes ?? [];
  return services.flatMap(({ path }) => countStates(tree, nameOf(path)));
}

function countStates(tree: Tree, service: string): InstanceCount[] {
  const page = { limit: UNBOUNDED, bytesMax: UNBOUNDED, withData: true };
  const counts = new Map<string, number>();
  for (const node of tree.children(servicePath(service), page)?.nodes ?? []) {
    const state = decodeInstance(node)?.state;
    if (state !== undefined) counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts].map(([state, count]) => ({ service, state, count }));
}
