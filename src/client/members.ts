/** Questions to the members about themselves: to the one in use, or to a named one. */
import { services } from '../rpc/definitions.js';
import type { UnaryCalls } from './core/unary.js';
import type { MemberCallOptions, MemberStatusView, MemberSummary } from './types.js';

/** It looks at nothing but itself. */
const STATUS_MS_MAX = 1_000;
/** It asks the others first. */
const MEMBERS_MS_MAX = 2_000;

export async function askStatus(
  calls: UnaryCalls,
  options: MemberCallOptions,
): Promise<MemberStatusView> {
  const method = services.Cluster.Status;
  const question = { method, request: {}, kind: 'read', memberMsMax: STATUS_MS_MAX } as const;
  const { answer, endpoint } = await calls.ask(question, options);
  return {
    clusterId: answer.clusterId,
    memberId: answer.memberId,
    name: answer.name,
    version: answer.version,
    leader: answer.leader === '' ? undefined : answer.leader,
    hasQuorum: answer.hasQuorum,
    term: answer.term,
    commitIndex: answer.commitIndex,
    appliedIndex: answer.appliedIndex,
    sessions: answer.sessions,
    watches: answer.watches,
    nodes: answer.nodes,
    services: answer.services,
    uptimeMs: answer.uptimeMs,
    confirmationAgeMs: answer.confirmationAgeMs,
    connections: answer.connections,
    historyFloor: answer.historyFloor,
    checkpointIndex: answer.checkpointIndex,
    diskFreeBytes: answer.diskFreeBytes,
    disk: answer.disk,
    corrupt: answer.corrupt,
    endpoint,
  };
}

export async function askMembers(
  calls: UnaryCalls,
  options: MemberCallOptions,
): Promise<readonly MemberSummary[]> {
  const method = services.Cluster.Members;
  const question = { method, request: {}, kind: 'read', memberMsMax: MEMBERS_MS_MAX } as const;
  const { answer } = await calls.ask(question, options);
  return answer.members.map((member) => ({
    id: member.id,
    name: member.name,
    address: member.address,
    peerAddress: member.peerAddress,
    httpAddress: member.httpAddress,
    role: member.role,
    term: member.term,
    commitIndex: member.commitIndex,
    appliedIndex: member.appliedIndex,
    pid: member.pid,
    version: member.version,
    disk: member.disk,
  }));
}
