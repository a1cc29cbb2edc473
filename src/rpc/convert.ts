/**
 * Messages of rollcall.v1 ⇄ the vocabulary of `types`, for both sides. Pure and total: numbers out of
 * an enum's range become its first value, an absent stat a stat of zeros.
 */
import type * as wire from '../gen/index.js';
import type { Cause, EventBatch, EventType, TreeEvent } from '../types/event.js';
import { asRevision, asSessionId, type Revision } from '../types/ids.js';
import { INSTANCE_STATES, type Instance, type InstanceState } from '../types/instance.js';
import type { NodeKind, NodeStat, Override, TreeNode } from '../types/node.js';
import type { ServiceSettings } from '../types/settings.js';
import type { Outgoing } from './shapes.js';

/** In the order of the numbers of their enums. */
export const NODE_KINDS: readonly NodeKind[] = ['persistent', 'ephemeral', 'container', 'ttl'];
export const EVENT_TYPES: readonly EventType[] = ['created', 'changed', 'deleted', 'overridden'];
const CAUSES: readonly Cause[] = [
  'client',
  'close',
  'expiry',
  'grace',
  'operator',
  'takeover',
  'reap',
  'revoke',
  'restore',
];

export function statMessage(stat: NodeStat): Outgoing<wire.Stat> {
  return { ...stat, kind: NODE_KINDS.indexOf(stat.kind) };
}

export function statFrom(message: wire.Stat | undefined): NodeStat {
  return {
    createRevision: asRevision(message?.createRevision ?? 0),
    modifyRevision: asRevision(message?.modifyRevision ?? 0),
    childrenRevision: asRevision(message?.childrenRevision ?? 0),
    createTime: message?.createTime ?? 0,
    modifyTime: message?.modifyTime ?? 0,
    version: message?.version ?? 0,
    createCount: message?.createCount ?? 0,
    aclVersion: message?.aclVersion ?? 0,
    owner: asSessionId(message?.owner ?? 0),
    dataLength: message?.dataLength ?? 0,
    childCount: message?.childCount ?? 0,
    kind: NODE_KINDS[message?.kind ?? 0] ?? 'persistent',
    ttlMs: message?.ttlMs ?? 0,
    ordinal: message?.ordinal ?? 0,
    sequence: message?.sequence ?? 0,
    incarnation: asRevision(message?.incarnation ?? 0),
  };
}

export function nodeMessage(node: Pick<TreeNode, 'path' | 'data' | 'stat'>): Outgoing<wire.Node> {
  return { path: node.path, data: node.data, stat: statMessage(node.stat) };
}

/** The data stay views on the received bytes. */
export function nodeFrom(message: wire.Node, override?: wire.Override): TreeNode {
  const node = { path: message.path, data: message.data, stat: statFrom(message.stat) };
  return override === undefined ? node : { ...node, override: overrideFrom(override) };
}

export function overrideMessage(
  override: Override | undefined,
): Outgoing<wire.Override> | undefined {
  return override;
}

export function overrideFrom(message: wire.Override): Override {
  return {
    action: message.action === 'deregister' ? 'deregister' : 'drain',
    who: message.who,
    reason: message.reason,
    until: message.until,
    revision: asRevision(message.revision),
  };
}

export function eventsMessage(batch: EventBatch): Outgoing<wire.Events> {
  return { revision: batch.revision, events: batch.events.map(eventMessage) };
}

function eventMessage(event: TreeEvent): Outgoing<wire.Event> {
  return {
    type: EVENT_TYPES.indexOf(event.type),
    node: nodeMessage(event),
    cause: event.cause,
    override: overrideMessage(event.override),
  };
}

/** Access lists are the member's business: a client's events carry none. */
export function eventsFrom(message: wire.Events): EventBatch {
  const revision = asRevision(message.revision);
  return { revision, events: message.events.map((event, i) => eventFrom(event, revision, i)) };
}

function eventFrom(message: wire.Event, revision: Revision, ordinal: number): TreeEvent {
  const event = {
    type: EVENT_TYPES[message.type] ?? 'changed',
    path: message.node?.path ?? '',
    revision,
    ordinal,
    stat: statFrom(message.node?.stat),
    data: message.node?.data ?? new Uint8Array(),
    cause: CAUSES.find((cause) => cause === message.cause) ?? 'client',
    aclId: 0,
  };
  if (message.override === undefined) return event;
  return { ...event, override: overrideFrom(message.override) };
}

export function snapshotNodeMessage(node: TreeNode): Outgoing<wire.SnapshotNode> {
  return { node: nodeMessage(node), override: overrideMessage(node.override) };
}

export function stateNumber(state: InstanceState): number {
  return INSTANCE_STATES.indexOf(state) + 1;
}

/** Undefined: unspecified, or a state of a later version. */
export function stateFrom(state: number): InstanceState | undefined {
  return INSTANCE_STATES[state - 1];
}

export function instanceMessage(instance: Instance): Outgoing<wire.Instance> {
  return { ...instance, state: stateNumber(instance.state) };
}

export function settingsMessage(
  settings: ServiceSettings,
  { version, revision }: { readonly version: number; readonly revision: number },
): Outgoing<wire.ServiceSettings> {
  const { policy, minimumHealthy, fields } = settings;
  return { policy, minimumHealthy, fields, version, revision };
}

export function instanceFrom(message: wire.Instance): Instance {
  const { override } = message;
  return {
    service: message.service,
    id: message.id,
    address: message.address,
    port: message.port,
    ports: { ...message.ports },
    protocol: message.protocol,
    basePath: message.basePath,
    weight: message.weight,
    zone: message.zone,
    tags: { ...message.tags },
    state: stateFrom(message.state) ?? 'UP',
    registeredAt: message.registeredAt,
    sequence: message.sequence,
    revision: asRevision(message.revision),
    createRevision: asRevision(message.createRevision),
    ordinal: message.ordinal,
    incarnation: asRevision(message.incarnation),
    url: message.url,
    overridden: message.overridden,
    ...(override !== undefined && { override: overrideFrom(override) }),
  };
}

/** For 64-bit fields: whole, and an endless age the largest that the field holds. */
export function wholeMs(ms: number): number {
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : Number.MAX_SAFE_INTEGER;
}
