/**
 * Messages of the API to the types that callers see. Bytes that are handed out are copies: a view
 * would keep the whole received frame in memory.
 */
import type * as wire from '../../gen/index.js';
import { eventsFrom, nodeFrom } from '../../rpc/convert.js';
import type { TreeEvent } from '../../types/event.js';
import type { TreeNode } from '../../types/node.js';
import type { TreeChange } from '../types.js';

export function nodeOf(message: wire.Node, override?: wire.Override): TreeNode {
  const node = nodeFrom(message, override);
  return { ...node, data: Buffer.from(node.data) };
}

export function changesOf(events: wire.Events): TreeChange[] {
  return eventsFrom(events).events.map(changeOf);
}

function changeOf({ type, path, stat, data, cause, override }: TreeEvent): TreeChange {
  const node = { path, data: Buffer.from(data), stat };
  return { type, path, node: override === undefined ? node : { ...node, override }, cause };
}
