/** Goal: events of nodes read well, and scripts get each changed node as an object of fixed fields. */
import { describe, expect, it } from 'vitest';
import { treeEventPrinter, treeEventRows } from '../../src/cli/tree-events.js';
import type { TreeNode, WatchEvent } from '../../src/client/index.js';
import { asRevision, NO_SESSION } from '../../src/types/ids.js';

const SEEN = { time: new Date(2026, 0, 2, 14, 2, 11).getTime(), revision: 12 };

function node(path: string, data: string): TreeNode {
  const revision = asRevision(12);
  return {
    path,
    data: Buffer.from(data),
    stat: {
      createRevision: revision,
      modifyRevision: revision,
      childrenRevision: revision,
      createTime: 0,
      modifyTime: 0,
      version: 3,
      createCount: 0,
      aclVersion: 0,
      owner: NO_SESSION,
      dataLength: data.length,
      childCount: 0,
      kind: 'persistent',
      ttlMs: 0,
      ordinal: 0,
      sequence: 0,
      incarnation: asRevision(0),
    },
  };
}

function change(type: 'created' | 'changed' | 'deleted', cause: 'client' | 'reap'): WatchEvent {
  const at = node('/a', 'new');
  return { type: 'change', revision: 12, changes: [{ type, path: at.path, node: at, cause }] };
}

const texts = (events: WatchEvent[]) => {
  const print = treeEventPrinter('/a');
  return events.flatMap((event) => print(event, SEEN).map(({ text }) => text));
};

describe('lines for people', () => {
  it('say when, what, where, the data and the revision', () => {
    expect(texts([change('changed', 'client')])).toEqual(['14:02:11 changed  /a  new  rev 12']);
  });

  it('of what went show the cause when it was no client, and no data', () => {
    expect(texts([change('deleted', 'reap')])).toEqual(['14:02:11 deleted  /a  (reap)  rev 12']);
  });

  it('of a snapshot list its nodes, and say when it follows a gap', () => {
    const snapshot = { type: 'snapshot', revision: 12, nodes: [node('/a', 'x')] } as const;
    const [head, line] = texts([{ ...snapshot, marked: true }]);
    expect(head).toBe('14:02:11 snapshot /a  1 node, after a gap  rev 12');
    expect(line).toMatch(/^ +\/a {2}x {2}rev 12$/);
  });

  it('tell that it is current only after a doubt', () => {
    const live = { type: 'live', revision: 13 } as const;
    const stale = { type: 'stale', ageMs: 1_600 } as const;
    expect(texts([live])).toEqual([]);
    expect(texts([stale, live])).toHaveLength(2);
    expect(texts([stale, live, live])).toHaveLength(2);
  });
});

describe('objects for scripts', () => {
  it('are one for each changed node, with time and revision', () => {
    const [row] = treeEventRows(change('created', 'client'), SEEN);
    expect(row).toEqual({
      type: 'created',
      time: new Date(SEEN.time).toISOString(),
      revision: 12,
      path: '/a',
      data: 'new',
      encoding: 'utf8',
      version: 3,
      owner: 0,
      cause: 'client',
    });
  });

  it('mark a snapshot that follows a gap', () => {
    const snapshot = { type: 'snapshot', revision: 12, nodes: [] } as const;
    expect(treeEventRows({ ...snapshot, marked: true }, SEEN)[0]).toHaveProperty('marked', true);
    expect(treeEventRows({ ...snapshot, marked: false }, SEEN)[0]).not.toHaveProperty('marked');
  });
});
