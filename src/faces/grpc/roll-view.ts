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
  revoke: 'revoked',
  restore: 'restored',
};

/** Still there, and no longer what the subscriber asked for. */
const FILTERED = 'filtered';

const NOTHING = Buffer.alloc(0);
const unfilteredBytes = new WeakMap<EventBatch, Buffer>();

export class RollView {
  readonly #filter: InstanceFilter | undefined;
  /** With a filter, after a snapshot: ids that passed. Without a snapshot all ids count as passed. */
  #inside: Set<string> | undefined;
  #parts: TreeNode[] = [];

  constructor(filter: InstanceFilter | undefined) {
    this.#filter = filter;
  }

  /** A SubscribeResponse, or undefined when there is nothing to say. */
  take(delivery: Delivery): Buffer | undefined {
    switch (delivery.type) {
      case 'events':
        return this.#events(delivery.batch);
      case 'snapshot':
        return this.#snapshot(delivery);
      case 'bookmark':
        return encode({ bookmark: delivery.revision });
      case 'stale':
        return encode({ stale: { ageMs: wholeMs(delivery.ageMs) } });
      case 'live':
        return encode({ live: delivery.revision });
      default:
        return undefined;
    }
  }

  #snapshot(delivery: Delivery & { readonly type: 'snapshot' }): Buffer | undefined {
    this.#parts.push(...delivery.nodes);
    if (!delivery.complete) return undefined;
    const instances = instancesOf(this.#parts, this.#filter);
    this.#parts = [];
    if (this.#filter !== undefined) this.#inside = new Set(instances.map(({ id }) => id));
    const { revision, marked } = delivery;
    return encode({ snapshot: { instances: instances.map(instanceMessage), revision, marked } });
  }

  #events(batch: EventBatch): Buffer | undefined {
    const bytes = this.#filter === undefined ? sharedBytes(batch) : this.#filtered(batch);
    return bytes.length === 0 ? undefined : bytes;
  }

  #filtered(batch: EventBatch): Buffer {
    const changes: Change[] = [];
    for (const event of batch.events) {
      const change = changeOf(event);
      const seen = change && this.#see(change, event);
      if (seen !== undefined) changes.push(seen);
    }
    return changesBytes(batch, changes);
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

function sharedBytes(batch: EventBatch): Buffer {
  let bytes = unfilteredBytes.get(batch);
  if (bytes === undefined) {
    const changes = batch.events.map(changeOf).filter((change) => change !== undefined);
    bytes = changesBytes(
      batch,
      changes.map((change) => message(change, change.type)),
    );
    unfilteredBytes.set(batch, bytes);
  }
  return bytes;
}

function message({ instance, reason }: RollChange, type: number): Change {
  return { type, instance: instanceMessage(instance), reason };
}

function changesBytes({ revision }: EventBatch, changes: readonly Change[]): Buffer {
  return changes.length === 0 ? NOTHING : encode({ changes: { revision, changes } });
}

function encode(response: Outgoing<wire.SubscribeResponse>): Buffer {
  return codec('SubscribeResponse').encode(response);
}
