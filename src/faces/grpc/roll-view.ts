/**
 * One subscriber's view of a service: node events become joins, changes and leaves. Without a filter
 * every subscriber sees the same, so those bytes are encoded once a batch. With a filter an instance
 * joins and leaves as it begins and ceases to pass.
 */
import { decodeInstance } from '../../codec/instance.js';
import * as wire from '../../gen/index.js';
import { instanceMessage, wholeMs } from '../../rpc/convert.js';
import { codec } from '../../rpc/definitions.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { Delivery } from '../../server/service.js';
import type { Cause, EventBatch, TreeEvent } from '../../types/event.js';
import type { Instance, LeaveReason } from '../../types/instance.js';
import type { TreeNode } from '../../types/node.js';
import { nameOf, parentPath } from '../../types/path.js';
import { cutByBytes } from './event-bytes.js';
import { type InstanceFilter, passes } from './instance-filter.js';
import { instancesOf } from './responses.js';

type Change = Outgoing<wire.InstanceChange>;

const REASONS: Readonly<Record<Cause, LeaveReason>> = {
  client: 'deregistered',
  operator: 'deregistered',
  takeover: 'deregistered',
  close: 'closed',
  expiry: 'expired',
  grace: 'disconnected',
  reap: 'expired',
  revoke: 'revoked',
  restore: 'restored',
};

/** Still there, and no longer what the subscriber asked for. */
const FILTERED = 'filtered';

const unfilteredBytes = new WeakMap<EventBatch, readonly Buffer[]>();

export class RollView {
  readonly #filter: InstanceFilter | undefined;
  /** With a filter, after a snapshot: ids that passed. Without a snapshot all ids count as passed. */
  #inside: Set<string> | undefined;
  /** Of a snapshot that is not complete yet. */
  #parts: Map<string, TreeNode> | undefined;

  constructor(filter: InstanceFilter | undefined) {
    this.#filter = filter;
  }

  /** SubscribeResponses; none when there is nothing to say, several when one would be too long. */
  take(delivery: Delivery): readonly Buffer[] {
    switch (delivery.type) {
      case 'events':
        return this.#events(delivery.batch);
      case 'snapshot':
        return this.#snapshot(delivery);
      case 'bookmark':
        return [encode({ bookmark: delivery.revision })];
      case 'stale':
        return [encode({ stale: { ageMs: wholeMs(delivery.ageMs) } })];
      case 'live':
        return [encode({ live: delivery.revision })];
      default:
        return [];
    }
  }

  #snapshot(delivery: Delivery & { readonly type: 'snapshot' }): readonly Buffer[] {
    if (delivery.restarted || this.#parts === undefined) this.#parts = new Map();
    for (const node of delivery.nodes) this.#parts.set(node.path, node);
    if (!delivery.complete) return [];
    const parts = cutByBytes([...this.#parts.values()].sort(byJoining));
    this.#parts = undefined;
    if (this.#filter !== undefined) this.#inside = new Set();
    const { revision, marked } = delivery;
    return parts.map((nodes, i) => {
      const instances = instancesOf(nodes, this.#filter);
      for (const { id } of instances) this.#inside?.add(id);
      const more = i < parts.length - 1;
      const shown = instances.map(instanceMessage);
      return encode({ snapshot: { instances: shown, revision, marked, more } });
    });
  }

  #events(batch: EventBatch): readonly Buffer[] {
    if (this.#parts !== undefined) return merge(this.#parts, batch);
    if (this.#filter === undefined) return sharedBytes(batch);
    return changesBytes(batch, (event) => {
      const change = changeOf(event);
      return change && this.#see(change, event);
    });
  }

  /** The change as this subscriber sees it. */
  #see(change: RollChange, event: TreeEvent): Change | undefined {
    const { id } = change.instance;
    const wasInside = this.#inside === undefined || this.#inside.has(id);
    const isInside = change.type !== wire.ChangeType.LEAVE && passes(change.instance, this.#filter);
    if (isInside) this.#inside?.add(id);
    else this.#inside?.delete(id);
    if (isInside) return message(change, enteringType(wasInside, event));
    if (!wasInside) return undefined;
    const left = change.type === wire.ChangeType.LEAVE;
    return message({ ...change, reason: left ? change.reason : FILTERED }, wire.ChangeType.LEAVE);
  }
}

/** Changes between the parts of a snapshot. */
function merge(parts: Map<string, TreeNode>, { events }: EventBatch): readonly Buffer[] {
  for (const event of events) {
    if (event.type === 'deleted') parts.delete(event.path);
    else parts.set(event.path, event);
  }
  return [];
}

function byJoining({ stat: a }: TreeNode, { stat: b }: TreeNode): number {
  return a.createRevision - b.createRevision || a.ordinal - b.ordinal;
}

function enteringType(wasInside: boolean, event: TreeEvent): number {
  const joins = !wasInside || event.type === 'created';
  return joins ? wire.ChangeType.JOIN : wire.ChangeType.CHANGE;
}

interface RollChange {
  readonly type: number;
  readonly instance: Instance;
  readonly reason: string;
}

/** Undefined for what concerns no instance. */
function changeOf(event: TreeEvent): RollChange | undefined {
  const instance = decodeInstance(event);
  if (event.type === 'deleted') {
    return {
      type: wire.ChangeType.LEAVE,
      instance: instance ?? bare(event),
      reason: REASONS[event.cause],
    };
  }
  if (instance === undefined) {
    return { type: wire.ChangeType.LEAVE, instance: bare(event), reason: 'deregistered' };
  }
  const joins = event.type === 'created';
  return { type: joins ? wire.ChangeType.JOIN : wire.ChangeType.CHANGE, instance, reason: '' };
}

/** Of a node that no longer holds an instance there is only the name to say. */
function bare({ path, stat, revision }: TreeEvent): Instance {
  const { sequence, createRevision, ordinal, incarnation } = stat;
  return {
    service: nameOf(parentPath(path) ?? path),
    id: nameOf(path),
    address: '',
    port: 0,
    ports: {},
    protocol: '',
    basePath: '',
    weight: 0,
    zone: '',
    tags: {},
    state: 'DOWN',
    registeredAt: 0,
    url: '',
    overridden: false,
    ...{ sequence, revision, createRevision, ordinal, incarnation },
  };
}

function sharedBytes(batch: EventBatch): readonly Buffer[] {
  let parts = unfilteredBytes.get(batch);
  if (parts === undefined) {
    parts = changesBytes(batch, (event) => {
      const change = changeOf(event);
      return change && message(change, change.type);
    });
    unfilteredBytes.set(batch, parts);
  }
  return parts;
}

function message({ instance, reason }: RollChange, type: number): Change {
  return { type, instance: instanceMessage(instance), reason };
}

function changesBytes(
  { revision, events }: EventBatch,
  seen: (event: TreeEvent) => Change | undefined,
): readonly Buffer[] {
  const parts = cutByBytes(events)
    .map((part) => part.map(seen).filter((change) => change !== undefined))
    .filter((changes) => changes.length > 0);
  return parts.map((changes, i) =>
    encode({ changes: { revision, changes, more: i < parts.length - 1 } }),
  );
}

function encode(response: Outgoing<wire.SubscribeResponse>): Buffer {
  return codec('SubscribeResponse').encode(response);
}
