/**
 * What `-o json` and `-o yaml` print of what operators ask: exactly these fields, in this order, times as
 * ISO text. Scripts depend on them, so a field may be added but never renamed or removed. Pure.
 */
import type {
  AuditView,
  DepartureView,
  OverrideView,
  QuotaView,
  ServiceSettingsView,
  SessionSummary,
} from '../client/index.js';
import type { NodeStat } from '../types/node.js';

export function isoTime(time: number): string {
  return new Date(time).toISOString();
}

export function sessionRow(session: SessionSummary): object {
  const { id, label, member, timeoutMs, graceMs, nodes, detached, openedAt } = session;
  const { epoch, lastSeq, lastRevision } = session;
  return {
    id,
    label,
    member,
    timeoutMs,
    graceMs,
    nodes,
    detached,
    openedTime: isoTime(openedAt),
    epoch,
    lastSeq,
    lastRevision,
  };
}

export function overrideRow(override: OverrideView): object {
  const { service, id, action, who, reason, until, revision } = override;
  const untilTime = until === 0 ? null : isoTime(until);
  return { service, id, action, who, reason, untilTime, revision };
}

export function departureRow(departure: DepartureView): object {
  const { service, id, revision, time, reason, address, port, sequence } = departure;
  const { createRevision, incarnation, session, sessionTimeoutMs, graceMs } = departure;
  const { member, who, why } = departure;
  return {
    service,
    id,
    revision,
    time: isoTime(time),
    reason,
    address,
    port,
    sequence,
    createRevision,
    incarnation,
    session,
    sessionTimeoutMs,
    graceMs,
    member,
    who,
    why,
  };
}

export function auditRow({ revision, time, action, subject, who, why }: AuditView): object {
  return { revision, time: isoTime(time), action, subject, who, why };
}

export function quotaRow({ path, nodesMax, bytesMax, nodes, bytes }: QuotaView): object {
  return { path, nodesMax, bytesMax, nodes, bytes };
}

export function settingsRow(settings: ServiceSettingsView): object {
  const { policy, minimumHealthy, fields, version, revision } = settings;
  return { policy, minimumHealthy, fields, version, revision };
}

export function statRow(stat: NodeStat): object {
  const { kind, version, dataLength, childCount, createRevision, modifyRevision } = stat;
  const { childrenRevision, createTime, modifyTime, createCount, aclVersion, owner, ttlMs } = stat;
  return {
    kind,
    version,
    dataLength,
    childCount,
    createRevision,
    modifyRevision,
    childrenRevision,
    createTime: isoTime(createTime),
    modifyTime: isoTime(modifyTime),
    createCount,
    aclVersion,
    owner,
    ttlMs,
  };
}
