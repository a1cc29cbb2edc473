/**
 * Messages of the API to the types that callers see. Bytes that are handed out are copies: a view
 * would keep the whole received frame in memory.
 */

import type * as wire from '../../gen/index.js';
import {
  FailureOutcome,
  InstanceState as InstanceStateNumber,
  NodeKind as NodeKindNumber,
} from '../../gen/index.js';
import { ERROR_CODES, type ErrorCode, RollcallError } from '../../types/errors.js';
import type { Cause, EventType } from '../../types/event.js';
import { asRevision, asSessionId } from '../../types/ids.js';
import type { Instance, InstanceState } from '../../types/instance.js';
import { INSTANCE_STATES } from '../../types/instance.js';
import type { NodeKind, NodeStat, Override, TreeNode } from '../../types/node.js';
import type { TreeChange } from '../types.js';

const KINDS: readonly NodeKind[] = ['persistent', 'ephemeral', 'container', 'ttl'];
const EVENT_TYPES: readonly EventType[] = ['created', 'changed', 'deleted', 'overridden'];
const CODES: ReadonlySet<string> = new Set(ERROR_CODES);

export function errorOf(detail: wire.ErrorDetail, endpoint: string | undefined): RollcallError {
  const code = CODES.has(detail.code) ? (detail.code as ErrorCode) : 'INTERNAL';
  const prefix = `${detail.code}: `;
  const text = detail.message.startsWith(prefix)
    ? detail.message.slice(prefix.length)
    : detail.message;
  return new RollcallError(code, text, {
    outcome: detail.outcome === FailureOutcome.FAILURE_OUTCOME_UNKNOWN ? 'unknown' : 'not-applied',
    ...(detail.retryAfterMs > 0 ? { retryAfterMs: detail.retryAfterMs } : {}),
    ...(endpoint === undefined ? {} : { endpoint }),
  });
}

export function statOf(stat: wire.Stat | undefined): NodeStat {
  if (stat === undefined) throw new RollcallError('PROTOCOL', 'a node came without its stat');
  return {
    createRevision: asRevision(stat.createRevision),
    modifyRevision: asRevision(stat.modifyRevision),
    childrenRevision: asRevision(stat.childrenRevision),
    createTime: stat.createTime,
    modifyTime: stat.modifyTime,
    version: stat.version,
    createCount: stat.createCount,
    aclVersion: stat.aclVersion,
    owner: asSessionId(stat.owner),
    dataLength: stat.dataLength,
    childCount: stat.childCount,
    kind: KINDS[stat.kind] ?? 'persistent',
    ttlMs: stat.ttlMs,
    ordinal: stat.ordinal,
    sequence: stat.sequence,
    incarnation: asRevision(stat.incarnation),
  };
}

export function nodeOf(node: wire.Node, override?: wire.Override | undefined): TreeNode {
  const bare = { path: node.path, data: ownBytes(node.data), stat: statOf(node.stat) };
  return override === undefined ? bare : { ...bare, override: overrideOf(override) };
}

export function changeOf(event: wire.Event): TreeChange {
  if (event.node === undefined) throw new RollcallError('PROTOCOL', 'an event came without a node');
  const node = nodeOf(event.node, event.override);
  return {
    type: EVENT_TYPES[event.type] ?? 'changed',
    path: node.path,
    node,
    cause: event.cause as Cause,
  };
}

export function instanceOf(instance: wire.Instance): Instance {
  return {
    service: instance.service,
    id: instance.id,
    address: instance.address,
    port: instance.port,
    ports: instance.ports,
    protocol: instance.protocol,
    basePath: instance.basePath,
    weight: instance.weight,
    zone: instance.zone,
    tags: instance.tags,
    state: instanceStateOf(instance.state),
    registeredAt: instance.registeredAt,
    sequence: instance.sequence,
    revision: asRevision(instance.revision),
    createRevision: asRevision(instance.createRevision),
    ordinal: instance.ordinal,
    incarnation: asRevision(instance.incarnation),
    url: instance.url,
    overridden: instance.overridden,
  };
}

export function instanceStateNumber(state: InstanceState | undefined): number {
  return state === undefined ? 0 : InstanceStateNumber[state];
}

export function nodeKindNumber(kind: NodeKind | undefined): number {
  return kind === undefined ? NodeKindNumber.NODE_KIND_PERSISTENT : KINDS.indexOf(kind);
}

export function ownBytes(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes);
}

function instanceStateOf(state: number): InstanceState {
  return INSTANCE_STATES[state - 1] ?? 'UP';
}

function overrideOf(override: wire.Override): Override {
  const { action, who, reason, until } = override;
  return {
    action: action === 'deregister' ? 'deregister' : 'drain',
    who,
    reason,
    until,
    revision: asRevision(0),
  };
}
