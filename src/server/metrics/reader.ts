/** What a member is at the moment of a scrape, read from where it is known. Costs nothing between scrapes. */
import { decodeInstance, SERVICES_ROOT, servicePath } from '../../codec/instance.js';
import type { PeerTraffic } from '../../transport/traffic.js';
import type { Tree } from '../../tree/tree.js';
import type { MemberId } from '../../types/ids.js';
import { nameOf } from '../../types/path.js';
import type { Member } from '../member.js';
import type { InstanceCount, Reading } from './reading.js';

/** Services looked at; the rest has no series anyway. */
const SERVICES_MAX = 200;
const UNBOUNDED = Number.POSITIVE_INFINITY;

/** `peers`: where there is a network. */
export function createReader(
  member: Member,
  peers: () => readonly PeerTraffic[] = () => [],
): () => Reading {
  return () => {
    const { core, connections } = member;
    const { tree, raft } = core;
    const { role, term, commitIndex, appliedIndex } = core.status();
    const { current, limit, opened, refused } = connections;
    return {
      ...{ term, commitIndex, appliedIndex, role },
      lastIndex: raft.lastIndex,
      followers: lagOf(member),
      confirmationAgeMs: core.confirmationAgeMs,
      log: { ...member.logFigures, firstIndex: raft.trimmedIndex + 1 },
      checkpoint: member.checkpointFigures,
      history: { floor: tree.historyFloor, events: tree.historyEvents, bytes: tree.historyBytes },
      figures: core.figures(),
      sessions: tree.sessionCount,
      nodes: tree.nodeCount,
      instances: countInstances(tree),
      connections: { current, limit, opened, refused, ...connections.traffic() },
      peers: peers().map((peer) => ({ ...peer, name: nameOfMember(member, peer.id) })),
      disk: member.diskRoom,
    };
  };
}

function lagOf(member: Member): Reading['followers'] {
  const { followers, lastIndex } = member.core.raft;
  return followers.map(({ id, matchIndex }) => ({
    name: nameOfMember(member, id),
    lag: lastIndex - matchIndex,
  }));
}

function nameOfMember({ core }: Member, id: MemberId): string {
  const { voters, learners } = core.raft.configuration;
  return [...voters, ...learners].find((known) => known.id === id)?.name ?? id;
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
