/**
 * Watch events as bytes, encoded once for all subscribers: an event batch is shared by everyone who
 * watches the same place, so what it looks like on the wire is kept beside it for as long as it lives.
 */
import { snapshotNodeMessage, wholeMs } from '../../rpc/convert.js';
import { codec } from '../../rpc/definitions.js';
import type { Delivery } from '../../server/service.js';
import type { EventBatch } from '../../types/event.js';
import { PAGE_BYTES_MAX } from '../../types/limits.js';
import type { Override, TreeNode } from '../../types/node.js';
import { messageBytes, writeWatchEvents } from './hot-messages.js';

const watchBytes = new WeakMap<EventBatch, readonly Buffer[]>();

/** The WatchResponse that carries the batch; several when one would grow past what receivers take. */
export function eventBytes(batch: EventBatch): readonly Buffer[] {
  let parts = watchBytes.get(batch);
  if (parts === undefined) {
    const { revision } = batch;
    parts = cutByBytes(batch.events).map((events, i, all) =>
      messageBytes(writeWatchEvents, { revision, events }, i < all.length - 1),
    );
    watchBytes.set(batch, parts);
  }
  return parts;
}

type SnapshotDelivery = Delivery & { readonly type: 'snapshot' };

/** WatchResponses of one part of a snapshot, cut so that none grows past what receivers take. */
export function snapshotBytes(snapshot: SnapshotDelivery): Buffer[] {
  const { revision, marked, restarted } = snapshot;
  const parts = cutByBytes(snapshot.nodes);
  return parts.map((nodes, i) => {
    const complete = snapshot.complete && i === parts.length - 1;
    const flags = { complete, marked, restarted: restarted && i === 0 };
    const message = { nodes: nodes.map(snapshotNodeMessage), revision, ...flags };
    return codec('WatchResponse').encode({ snapshot: message });
  });
}

/** What a node takes on the wire besides its path, data and override, at most. */
const NODE_BYTES = 128;
/** Of a UTF-16 code unit as UTF-8, at most. */
const CHARACTER_BYTES = 3;

type Sized = Pick<TreeNode, 'path' | 'data' | 'override'>;

/** At least one part, which may be empty. */
export function cutByBytes<T extends Sized>(
  nodes: readonly T[],
  bytesMax = PAGE_BYTES_MAX,
): (readonly T[])[] {
  const parts: T[][] = [[]];
  let bytes = 0;
  for (const node of nodes) {
    const size = sizeOf(node);
    if (bytes > 0 && bytes + size > bytesMax) {
      parts.push([]);
      bytes = 0;
    }
    bytes += size;
    parts.at(-1)!.push(node);
  }
  return parts;
}

function sizeOf({ path, data, override }: Sized): number {
  const texts = path.length + (override === undefined ? 0 : textLength(override));
  return NODE_BYTES + data.length + CHARACTER_BYTES * texts;
}

function textLength({ action, who, reason }: Override): number {
  return action.length + who.length + reason.length;
}

/** Empty for what a watch does not carry. */
export function watchResponses(delivery: Delivery): readonly Buffer[] {
  switch (delivery.type) {
    case 'events':
      return eventBytes(delivery.batch);
    case 'snapshot':
      return snapshotBytes(delivery);
    case 'bookmark':
      return [codec('WatchResponse').encode({ bookmark: delivery.revision })];
    case 'stale':
      return [codec('WatchResponse').encode({ stale: { ageMs: wholeMs(delivery.ageMs) } })];
    case 'live':
      return [codec('WatchResponse').encode({ live: delivery.revision })];
    default:
      return [];
  }
}
