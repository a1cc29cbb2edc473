/** The Cluster service: what the answering member knows of itself and of the others. */
import type * as wire from '../../gen/index.js';
import { wholeMs } from '../../rpc/convert.js';
import { codec } from '../../rpc/definitions.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { MemberView, ServiceStatus } from '../../server/service.js';
import { asRevision } from '../../types/ids.js';
import type { Reply } from './anonymous.js';
import type { GrpcContext } from './context.js';
import { readRequest } from './requests.js';
import { answerOf } from './responses.js';
import { type UnaryHandler, unary } from './unary.js';

export function clusterHandlers(context: GrpcContext) {
  const { service } = context;
  return {
    Status: (_call: unknown, reply: Reply) =>
      reply(null, codec('StatusResponse').encode(statusMessage(service.status()))),
    Members: (_call: unknown, reply: Reply) =>
      reply(null, codec('MembersResponse').encode({ members: service.members().map(memberInfo) })),
    Audit: unary(context, AUDIT),
  };
}

const AUDIT: UnaryHandler<wire.AuditRequest> = {
  name: 'Cluster/Audit',
  request: (message, frame) => {
    const { before, limit } = message;
    return readRequest({ type: 'audit', before: asRevision(before), limit }, message, frame);
  },
  respond: (delivery) => {
    const { entries, more } = answerOf(delivery, 'audit');
    const nextBefore = more ? (entries.at(-1)?.revision ?? 0) : 0;
    return codec('AuditResponse').encode({ entries, revision: delivery.revision, nextBefore });
  },
};

export function statusMessage(status: ServiceStatus): Outgoing<wire.StatusResponse> {
  const { self } = status;
  return {
    clusterId: status.clusterId,
    memberId: self.id,
    name: self.name,
    version: self.version,
    leader: status.leader ?? '',
    hasQuorum: status.hasQuorum,
    term: self.term,
    commitIndex: self.commitIndex,
    appliedIndex: self.appliedIndex,
    sessions: status.sessions,
    watches: status.watches,
    nodes: status.nodes,
    services: status.services,
    uptimeMs: Math.round(status.uptimeMs),
    confirmationAgeMs: wholeMs(status.confirmationAgeMs),
    connections: status.connections,
    historyFloor: status.historyFloor,
    checkpointIndex: status.checkpointIndex,
    diskFreeBytes: status.diskFreeBytes ?? 0,
    disk: self.disk,
    corrupt: status.isCorrupt,
  };
}

function memberInfo({ status, reachable }: MemberView): Outgoing<wire.MemberInfo> {
  return {
    id: status.id,
    name: status.name,
    address: status.clientAddress,
    peerAddress: status.peerAddress,
    httpAddress: status.httpAddress,
    role: reachable ? status.role : 'unreachable',
    term: status.term,
    commitIndex: status.commitIndex,
    appliedIndex: status.appliedIndex,
    pid: status.pid,
    version: status.version,
    disk: status.disk,
  };
}
