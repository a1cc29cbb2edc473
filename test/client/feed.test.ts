/** One watch across streams and members: order, gaps, snapshots. */
import { describe, expect, test } from 'vitest';
import { Feed } from '../../src/client/core/feed.js';
import type * as wire from '../../src/gen/index.js';

function node(path: string, data = ''): wire.Node {
  return { path, data: Buffer.from(data), stat: undefined };
}

function events(revision: number, ...changes: readonly (readonly [string, string])[]) {
  const list = changes.map(([type, path]) => ({
    type: ['created', 'changed', 'deleted'].indexOf(type),
    node: node(path, `${revision}`),
    cause: 'client',
    override: undefined,
  }));
  return response({ events: { revision, events: list } });
}

function snapshot(revision: number, paths: readonly string[], more: object = {}) {
  const nodes = paths.map((path) => ({ node: node(path), override: undefined }));
  return response({ snapshot: { nodes, revision, complete: true, marked: false, ...more } });
}

function response(kind: object): wire.WatchResponse {
  return kind as wire.WatchResponse;
}

function children(from: 'snapshot' | 'now' | number = 'snapshot'): Feed {
  return new Feed({ path: '/s', scope: 'children', from });
}

describe('a watch that begins with what is there', () => {
  test('shows a snapshot only when it is complete', () => {
    const feed = children();
    expect(feed.start()).toEqual({ path: '/s', scope: 1, snapshot: true });
    expect(feed.receive(snapshot(5, ['/s/a'], { complete: false }))).toEqual([]);
    const [shown] = feed.receive(snapshot(5, ['/s/b']));
    expect(shown).toMatchObject({ type: 'snapshot', revision: 5, marked: false });
    expect(shown).toHaveProperty('nodes.length', 2);
  });

  test('shows a revision that came in several messages as a whole, or not at all', () => {
    const feed = children(4);
    const part = (more: boolean, path: string) => {
      const { events: message } = events(5, ['created', path]);
      return response({ events: { ...message, more } });
    };
    expect(feed.receive(part(true, '/s/a'))).toEqual([]);
    expect(feed.start().afterRevision).toBe(4);
    expect(feed.receive(part(true, '/s/a'))).toEqual([]);
    const [shown] = feed.receive(part(false, '/s/b'));
    expect(shown).toMatchObject({ changes: [{ path: '/s/a' }, { path: '/s/b' }] });
    expect(feed.revision).toBe(5);
  });

  test('asks for everything again when the snapshot was cut off', () => {
    const feed = children();
    feed.receive(snapshot(5, ['/s/a'], { complete: false }));
    expect(feed.start().snapshot).toBe(true);
    const [shown] = feed.receive(snapshot(6, ['/s/b']));
    expect(shown).toMatchObject({ nodes: [{ path: '/s/b' }] });
  });

  test('forgets the parts before one that begins anew', () => {
    const feed = children();
    feed.receive(snapshot(5, ['/s/gone'], { complete: false }));
    feed.receive(snapshot(9, ['/s/a'], { complete: false, restarted: true }));
    const [shown] = feed.receive(snapshot(9, ['/s/b']));
    expect(shown).toMatchObject({ nodes: [{ path: '/s/a' }, { path: '/s/b' }] });
  });

  test('takes changes behind the cursor of a scan into the snapshot', () => {
    const feed = children();
    feed.receive(snapshot(5, ['/s/a', '/s/b'], { complete: false }));
    expect(feed.receive(events(6, ['deleted', '/s/a'], ['created', '/s/0']))).toEqual([]);
    const [shown] = feed.receive(snapshot(7, ['/s/c']));
    const paths = shown?.type === 'snapshot' ? shown.nodes.map(({ path }) => path) : [];
    expect(paths).toEqual(['/s/0', '/s/b', '/s/c']);
  });

  test('resumes after the last revision that it has received', () => {
    const feed = children();
    feed.receive(snapshot(5, []));
    feed.receive(events(7, ['created', '/s/a']));
    expect(feed.start()).toMatchObject({ afterRevision: 7 });
    feed.confirm(9);
    expect(feed.start()).toMatchObject({ afterRevision: 9 });
  });
});

describe('changes', () => {
  test('of one revision come together', () => {
    const feed = children();
    feed.receive(snapshot(5, []));
    const [change] = feed.receive(events(6, ['created', '/s/a'], ['created', '/s/b']));
    expect(change).toMatchObject({ type: 'change', revision: 6, changes: [{}, {}] });
  });

  test('that were shown before are not shown again', () => {
    const feed = children();
    feed.receive(snapshot(5, []));
    feed.receive(events(6, ['created', '/s/a']));
    expect(feed.receive(events(6, ['created', '/s/a']))).toEqual([]);
    expect(feed.receive(events(4, ['created', '/s/old']))).toEqual([]);
  });

  test('own their bytes', () => {
    const feed = children();
    feed.receive(snapshot(5, []));
    const message = events(6, ['created', '/s/a']);
    const [change] = feed.receive(message);
    message.events!.events[0]!.node!.data.fill(0);
    expect(change?.type === 'change' && String(change.changes[0]!.node.data)).toBe('6');
  });
});

describe('after a gap', () => {
  test('the snapshot that replaces what was missed is marked, whatever the member says', () => {
    const feed = children();
    feed.receive(snapshot(5, ['/s/a']));
    const [again] = feed.receive(snapshot(50, ['/s/b']));
    expect(again).toMatchObject({ revision: 50, marked: true });
  });

  test('a reader that gave up what was kept starts with a marked snapshot', () => {
    const feed = children();
    feed.receive(snapshot(5, []));
    feed.forget();
    expect(feed.start()).toMatchObject({ snapshot: true });
    expect(feed.receive(events(6, ['created', '/s/a']))).toEqual([]);
    expect(feed.receive(snapshot(6, ['/s/a']))[0]).toMatchObject({ marked: true });
  });

  test('a member that lags is followed in silence until it has caught up', () => {
    const feed = children();
    feed.receive(snapshot(5, []));
    feed.receive(events(20, ['created', '/s/a']));
    feed.start();
    expect(feed.receive(snapshot(10, ['/s/old'], { marked: true }))).toEqual([]);
    expect(feed.receive(events(15, ['deleted', '/s/old']))).toEqual([]);
    const [shown] = feed.receive(events(20, ['created', '/s/a']));
    expect(shown).toMatchObject({ type: 'snapshot', revision: 20, nodes: [{ path: '/s/a' }] });
    expect(feed.receive(events(21, ['created', '/s/b']))[0]).toMatchObject({ type: 'change' });
  });

  test('a lagging member without further changes has caught up when it confirms', () => {
    const feed = children();
    feed.receive(snapshot(5, []));
    feed.confirm(20);
    feed.start();
    feed.receive(snapshot(10, ['/s/a'], { marked: true }));
    expect(feed.confirm(19)).toEqual([]);
    expect(feed.confirm(20)).toMatchObject([{ type: 'snapshot', revision: 20, marked: true }]);
  });
});

describe('liveness', () => {
  test('is told once each time it changes', () => {
    const feed = children();
    feed.receive(snapshot(5, []));
    const types = [
      ...feed.confirm(5),
      ...feed.confirm(6),
      ...feed.doubt(1_600),
      ...feed.doubt(1_700),
      ...feed.confirm(6),
    ].map(({ type }) => type);
    expect(types).toEqual(['live', 'stale', 'live']);
  });

  test('is not claimed before there is something to be live', () => {
    expect(children().confirm(5)).toEqual([]);
  });
});

describe('where a watch begins', () => {
  test('from now on: no revision until one is known', () => {
    const feed = children('now');
    expect(feed.start()).toEqual({ path: '/s', scope: 1 });
    feed.confirm(7);
    expect(feed.start()).toMatchObject({ afterRevision: 7 });
  });

  test('after a revision, also the very first', () => {
    expect(children(0).start()).toMatchObject({ afterRevision: 0 });
    expect(children(9).start()).toMatchObject({ afterRevision: 9 });
  });
});
