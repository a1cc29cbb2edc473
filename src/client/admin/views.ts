/**
 * Messages to what operators see. Pure. Fields are read one by one: what a message left out is found in
 * its prototype only. Names that a later version added come as they are.
 */
import type * as wire from '../../gen/index.js';
import { overrideFrom } from '../../rpc/convert.js';
import type { AuditAction, DepartureReason } from '../../types/record.js';
import type {
  AuditView,
  DepartureView,
  OverrideView,
  QuotaView,
  ServiceSettingsView,
  SessionSummary,
} from '../types.js';

export function sessionView(message: wire.SessionInfo): SessionSummary {
  return {
    id: message.session,
    timeoutMs: message.timeoutMs,
    graceMs: message.graceMs,
    epoch: message.epoch,
    detached: message.detached,
    lastSeq: message.lastSeq,
    lastRevision: message.lastRevision,
    nodes: message.nodes,
    label: message.label,
    openedAt: message.openedAt,
    member: message.member,
  };
}

export function settingsView(message: wire.ServiceSettings | undefined): ServiceSettingsView {
  return {
    policy: message?.policy ?? '',
    minimumHealthy: message?.minimumHealthy ?? 0,
    fields: { ...message?.fields },
    version: message?.version ?? 0,
    revision: message?.revision ?? 0,
  };
}

export function overrideView({ service, id, override }: wire.OverrideOf): OverrideView {
  const { action, who, reason, until, revision } = overrideFrom(override ?? NO_OVERRIDE);
  return { service, id, action, who, reason, until, revision };
}

const NO_OVERRIDE: wire.Override = { action: '', who: '', reason: '', until: 0, revision: 0 };

export function departureView(message: wire.Departure): DepartureView {
  return {
    service: message.service,
    id: message.id,
    revision: message.revision,
    time: message.time,
    reason: message.reason as DepartureReason,
    address: message.address,
    port: message.port,
    sequence: message.sequence,
    createRevision: message.createRevision,
    incarnation: message.incarnation,
    session: message.session,
    sessionTimeoutMs: message.sessionTimeoutMs,
    graceMs: message.graceMs,
    member: message.member,
    who: message.who,
    why: message.why,
  };
}

export function auditView(message: wire.AuditEntry): AuditView {
  const { revision, time, subject, who, why } = message;
  return { revision, time, action: message.action as AuditAction, subject, who, why };
}

export function quotaView({ path, nodesMax, bytesMax, nodes, bytes }: wire.Quota): QuotaView {
  return { path, nodesMax, bytesMax, nodes, bytes };
}
