/** Events of a watch over nodes: as lines for people, and as objects for scripts. Pure but for memory of staleness. */
import type { TreeChange, TreeNode, WatchEvent } from '../client/index.js';
import { isoTime } from './operator-rows.js';
import { STALE } from './roll.js';
import { printable } from './table.js';
import { describePayload, payloadRow } from './values/payload.js';
import { count } from './values/sizes.js';

/** When it was seen here, and up to where the watch has come. */
export interface Seen {
  readonly time: number;
  readonly revision: number;
}

export interface TypedLine {
  readonly type: string;
  readonly text: string;
}

/** Being current is no news unless it was in doubt. */
export function treeEventPrinter(path: string): (event: WatchEvent, seen: Seen) => TypedLine[] {
  let isStale = false;
  return (event, seen) => {
    const at = new Date(seen.time).toTimeString().slice(0, 8);
    const wasStale = isStale;
    isStale = event.type === 'stale';
    switch (event.type) {
      case 'snapshot': {
        const gap = event.marked ? ', after a gap' : '';
        const head = `${at} snapshot ${printable(path)}  ${count(event.nodes.length, 'node')}${gap}`;
        const nodes = event.nodes.map((node) => ({ type: '', text: nodeLine(node) }));
        return [{ type: event.type, text: `${head}  rev ${event.revision}` }, ...nodes];
      }
      case 'change':
        return event.changes.map((change) => changeLine(change, at, event.revision));
      case 'stale':
        return [{ type: event.type, text: `${at} stale    ${STALE}  rev ${seen.revision}` }];
      case 'live':
        if (!wasStale) return [];
        return [{ type: event.type, text: `${at} live     current again  rev ${event.revision}` }];
    }
  };
}

function nodeLine({ path, data, stat }: TreeNode): string {
  const rev = stat.modifyRevision;
  return `                  ${printable(path)}  ${describePayload(data)}  rev ${rev}`;
}

function changeLine(change: TreeChange, at: string, revision: number): TypedLine {
  const { type, path, node, cause } = change;
  const by = cause === 'client' ? '' : `  (${cause})`;
  const what = type === 'deleted' ? '' : `  ${describePayload(node.data)}`;
  const text = `${at} ${type.padEnd(8)} ${printable(path)}${what}${by}  rev ${revision}`;
  return { type, text };
}

/** One object for each changed node; of a snapshot one with all nodes. */
export function treeEventRows(event: WatchEvent, seen: Seen): object[] {
  const time = isoTime(seen.time);
  switch (event.type) {
    case 'snapshot': {
      const { type, revision, nodes, marked } = event;
      const row = { type, time, revision, nodes: nodes.map(nodeRow) };
      return [marked ? { ...row, marked } : row];
    }
    case 'change':
      return event.changes.map(({ type, node, cause }) => {
        return { type, time, revision: event.revision, ...nodeRow(node), cause };
      });
    case 'stale':
      return [{ type: event.type, time, revision: seen.revision }];
    case 'live':
      return [{ type: event.type, time, revision: event.revision }];
  }
}

function nodeRow({ path, data, stat }: TreeNode): object {
  return { path, ...payloadRow(data), version: stat.version, owner: stat.owner };
}
