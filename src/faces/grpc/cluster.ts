/** The Cluster service: what the answering member knows of itself and of the others. */
import type * as wire from '../../gen/index.js';
import { wholeMs } from '../../rpc/convert.js';
import { codec } from '../../rpc/definitions.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { MemberView, ServiceStatus } from '../../server/service.js';
import { asRevision } from '../../types/ids.js';
import { PAGE_BYTES_MAX } from '../../types/limits.js';
import type { AuditEntry } from '../../types/record.js';
import type { Reply } from './anonymous.js';
import type { GrpcContext } from './context.js';
import { readRequest } from './requests.js';
import { answerOf } from './responses.js';
import { type UnaryHandler, unary } from './unary.js';

/** Of a UTF-16 code unit as UTF-8, at most. */
const CHARACTER_BYTES = 3;
/** Of texts; the numbers beside them are a few bytes each. */
const AUDIT_PAGE_BYTES = 2 * PAGE_BYTES_MAX;

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
    const answer = answerOf(delivery, 'audit');
    const entries = firstBytes(answer.entries);
    const more = answer.more || entries.length < answer.entries.length;
    const nextBefore = more ? (entries.at(-1)?.revision ?? 0) : 0;
    return codec('AuditResponse').encode({ entries, revision: delivery.revision, nextBefore });
  },
};

/** As many as receivers take in one message, at least one: subjects and words are long if one likes. */
function firstBytes(entries: readonly AuditEntry[]): readonly AuditEntry[] {
  let bytes = 0;
  const end = entries.findIndex(({ subject, who, why }, i) => {
    bytes += CHARACTER_BYTES * (subject.length + who.length + why.length);
    return i > 0 && bytes > AUDIT_PAGE_BYTES;
  });
  return end < 0 ? entries : entries.slice(0, end);
}

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
