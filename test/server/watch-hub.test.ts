import { describe, expect, it } from 'vitest';
import type { Delivery, WatchScope } from '../../src/server/service.js';
import { Tree } from '../../src/tree/tree.js';
import { create, farDown, remove, set } from '../tree/driver.js';
import { rev } from './support.js';
import { type EventsDelivery, Setting } from './watch-setting.js';

describe('a watch', () => {
  it('is told what concerns its scope, and nothing else', () => {
    const setting = new Setting();
    setting.do(create('/a'), create('/a/b'));
    const scopes: readonly WatchScope[] = ['node', 'children', 'subtree'];
    const readers = scopes.map((scope) => setting.reader('/a', scope));
    setting.do(set('/a', 'x'), create('/a/c'), create('/a/b/d'), create('/ab'), set('/a/b', 'y'));
    expect(readers.map((reader) => reader.take())).toEqual([
      ['changed /a'],
      ['created /a/c', 'changed /a/b'],
      ['changed /a', 'created /a/c', 'created /a/b/d', 'changed /a/b'],
    ]);
  });

  it('gets all events of a revision together', () => {
    const setting = new Setting();
    const reader = setting.reader('/', 'subtree');
    const operations = [create('/a'), create('/a/b'), set('/a', 'x')];
    setting.do({ kind: 'transact', guards: [], operations });
    expect(reader.take()).toEqual(['created /a, created /a/b, changed /a']);
  });

  it('shares one batch with every other of its path and scope', () => {
    const setting = new Setting();
    const readers = [1, 2, 3].map(() => setting.reader('/', 'children'));
    setting.do(create('/a'));
    for (const reader of readers) reader.flush();
    const batches = readers.map(({ client }) => (client.deliveries[0] as { batch: object }).batch);
    expect(new Set(batches).size).toBe(1);
  });

  it('of few places costs little however far down it happens, access lists or not (rule R25)', () => {
    const setting = new Setting();
    setting.do({ ...create('/closed'), acl: [{ scheme: 'user', id: 'ann', permissions: 31 }] });
    const readers = ['/', '/a/a', '/elsewhere'].map((path) => setting.reader(path, 'subtree'));
    setting.do(...farDown(1_990, 300));
    const counts = readers.map((reader) => {
      reader.flush();
      const told = reader.client.deliveries.filter(({ type }) => type === 'events');
      return told.reduce((sum, one) => sum + (one as EventsDelivery).batch.events.length, 0);
    });
    expect(counts).toEqual([2_290, 2_289, 0]);
  });

  it('that ended is told nothing, and leaves nothing behind', () => {
    const setting = new Setting();
    const reader = setting.reader('/');
    reader.watch('/', 'subtree', 'now', 2);
    setting.hub.stop(reader.gate, 1);
    setting.do(create('/a'));
    expect(reader.take()).toEqual(['created /a']);
    setting.hub.stopAll(reader.gate);
    expect([setting.hub.count, reader.gate.watches.size]).toEqual([0, 0]);
    setting.hub.stop(reader.gate, 99);
    expect(setting.hub.count).toBe(0);
  });

  it('under a name that is taken replaces the one before', () => {
    const setting = new Setting();
    const reader = setting.reader('/', 'children', 0);
    reader.watch('/a', 'children', 'now');
    expect([setting.hub.count, reader.gate.laggingCount]).toEqual([1, 0]);
    setting.do(create('/a'), create('/a/b'));
    expect(reader.take()).toEqual(['created /a/b']);
  });
});

describe('a start', () => {
  it('with a snapshot shows what is there, in pages', () => {
    const setting = new Setting();
    setting.do(create('/a'));
    for (let i = 0; i < 1_001; i++) setting.do(create(`/a/${i}`));
    const reader = setting.reader('/a', 'children', 'snapshot');
    reader.flush();
    const pages = reader.client.deliveries as (Delivery & { type: 'snapshot' })[];
    expect(pages.map(({ nodes, complete, marked }) => [nodes.length, complete, marked])).toEqual([
      [1_000, false, false],
      [1, true, false],
    ]);
  });

  it('with a snapshot of nothing says so', () => {
    expect(new Setting().reader('/a', 'node', 'snapshot').take()).toEqual(['complete []']);
  });

  it('from a revision tells everything after it', () => {
    const setting = new Setting();
    setting.do(create('/a'), create('/a/b'), create('/a/c'));
    const reader = setting.reader('/a', 'children', 2);
    setting.do(create('/a/d'));
    expect(reader.take()).toEqual(['created /a/c', 'created /a/d']);
    expect(reader.gate.laggingCount).toBe(0);
  });

  it('from a revision that history has forgotten gives a marked snapshot', () => {
    const setting = new Setting(1);
    setting.do(create('/a'), create('/a/b'), create('/a/c'));
    expect(setting.reader('/a', 'children', 1).take()).toEqual(['marked complete [/a/b /a/c]']);
  });

  it('from now tells nothing of before', () => {
    const setting = new Setting();
    setting.do(create('/a'), create('/a/b'));
    expect(setting.reader().take()).toEqual([]);
  });
});

describe('a full connection', () => {
  it('reads on from the history when it drains, without gap or repetition', () => {
    const setting = new Setting();
    setting.do(create('/a'));
    const reader = setting.reader();
    reader.block();
    setting.do(create('/a/1'));
    expect(reader.take()).toEqual([]);
    setting.do(create('/a/2'), create('/a/3'));
    expect(reader.take()).toEqual([]);
    reader.drain();
    expect(reader.take()).toEqual(['created /a/1', 'created /a/2', 'created /a/3']);
    setting.do(create('/a/4'));
    expect(reader.take()).toEqual(['created /a/4']);
  });

  it('does not hold up anyone else', () => {
    const setting = new Setting();
    setting.do(create('/a'));
    const [slow, quick] = [setting.reader(), setting.reader()];
    slow.block();
    setting.do(create('/a/1'));
    slow.flush();
    quick.flush();
    setting.do(create('/a/2'));
    expect(quick.take()).toEqual(['created /a/1', 'created /a/2']);
  });

  it('far behind is served a page a turn, and is not told newer things in between', () => {
    const setting = new Setting();
    setting.do(create('/a'));
    const reader = setting.reader();
    reader.block();
    setting.do(create('/a/first'));
    reader.flush();
    for (let i = 0; i < 9_000; i++) setting.do(set('/a/first', `${i}`));
    reader.drain();
    const counts: number[] = [];
    for (let turn = 0; turn < 12; turn++) {
      reader.flush();
      counts.push(reader.client.deliveries.length);
      setting.do(set('/a/first', 'again'));
    }
    expect(counts[0]).toBeLessThan(2_000);
    expect(counts[11]).toBe(9_012);
    expect(reader.gate.laggingCount).toBe(0);
    const revisions = reader.client.deliveries.map((d) => (d as EventsDelivery).batch.revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
  });

  it('that stayed full for too long gets a marked snapshot', () => {
    const setting = new Setting(2);
    setting.do(create('/a'));
    const reader = setting.reader();
    reader.block();
    setting.do(create('/a/1'));
    reader.flush();
    setting.do(create('/a/2'), create('/a/3'), create('/a/4'), remove('/a/1'));
    reader.drain();
    expect(reader.take()).toEqual(['created /a/1', 'marked complete [/a/2 /a/3 /a/4]']);
  });
});

describe('a state that was replaced', () => {
  it('is shown to everyone, marked, and watching goes on in it', () => {
    const setting = new Setting();
    setting.do(create('/a'), create('/a/b'));
    const [reader, lagging] = [setting.reader(), setting.reader('/a', 'children', 1)];
    const other = new Setting();
    other.do(create('/x'), create('/y'), create('/a'), create('/a/new'));
    const loader = Tree.load(rev(4));
    const rows = other.driver.tree.takeDirty();
    for (let slice = rows.next(100); slice; slice = rows.next(100)) loader.add(slice.puts);
    setting.driver.tree = loader.finish()!;
    setting.hub.replaceTree(setting.driver.tree);
    expect(reader.take()).toEqual(['marked complete [/a/new]']);
    setting.do(create('/a/newer'));
    expect(reader.take()).toEqual(['created /a/newer']);
    expect(lagging.take()).toEqual(['marked complete [/a/new /a/newer]']);
  });
});

// ---- Snapshots of many pages ----

describe('a large snapshot', () => {
  const count = 3_500;
  const scopes = ['children', 'subtree'] as const;

  function large(scope: WatchScope, historyEventsMax?: number) {
    const setting = new Setting(historyEventsMax);
    setting.do(create('/a'), create('/b'));
    for (let i = 0; i < count; i++) setting.do(create(`/a/${i}`));
    return { setting, reader: setting.reader('/a', scope, 'snapshot') };
  }

  /** What a client puts together, up to the first complete part, and after it. */
  function putTogether(deliveries: readonly Delivery[]) {
    let nodes = new Map<string, number>();
    let isComplete = false;
    for (const delivery of deliveries) {
      if (delivery.type === 'snapshot') {
        expect(isComplete).toBe(false);
        if (delivery.restarted) nodes = new Map();
        for (const { path, stat } of delivery.nodes) nodes.set(path, stat.modifyRevision);
        isComplete = delivery.complete;
      }
      if (delivery.type !== 'events') continue;
      for (const { type, path, stat } of delivery.batch.events)
        if (type === 'deleted') nodes.delete(path);
        else nodes.set(path, stat.modifyRevision);
    }
    return { nodes, isComplete };
  }

  function truth({ driver }: Setting, scope: WatchScope): Map<string, number> {
    const all = { limit: 10_000, bytesMax: 1e9 };
    const page =
      scope === 'children'
        ? driver.tree.children('/a', { ...all, withData: false })
        : driver.tree.subtree('/a', all);
    return new Map(page!.nodes.map(({ path, stat }) => [path, stat.modifyRevision]));
  }

  it.each(scopes)('is given a page a turn, and holds what changed meanwhile (%s)', (scope) => {
    const { setting, reader } = large(scope);
    for (let turn = 0; turn < 6; turn++) {
      reader.flush();
      const edge = [`/a/1${turn}`, `/a/5${turn}`, `/a/9${turn}`];
      for (const path of edge) setting.do(remove(path), create(`${path}new`), set(`${path}1`));
      if (scope === 'subtree') setting.do(create(`/a/4${turn}/below`));
    }
    reader.flush();
    const { deliveries } = reader.client;
    const parts = deliveries.filter(({ type }) => type === 'snapshot');
    expect(parts.length).toBeGreaterThan(3);
    expect(putTogether(deliveries)).toEqual({ nodes: truth(setting, scope), isComplete: true });
    expect(reader.gate.laggingCount).toBe(0);
  });

  it.each(scopes)('begins anew when the history forgets what it needs (%s)', (scope) => {
    const { setting, reader } = large(scope, 10);
    reader.flush();
    reader.block();
    reader.flush();
    for (let i = 0; i < 20; i++) setting.do(remove(`/a/${i}`));
    reader.drain();
    for (let turn = 0; turn < 6; turn++) reader.flush();
    const { deliveries } = reader.client;
    expect(deliveries.some((part) => part.type === 'snapshot' && part.restarted)).toBe(true);
    expect(putTogether(deliveries)).toEqual({ nodes: truth(setting, scope), isComplete: true });
  });

  it('of a place that is deleted meanwhile ends empty', () => {
    const { setting, reader } = large('children');
    reader.flush();
    for (let i = 0; i < count; i++) setting.do(remove(`/a/${i}`));
    setting.do(remove('/a'));
    for (let turn = 0; turn < 6; turn++) reader.flush();
    const expected = { nodes: new Map(), isComplete: true };
    expect(putTogether(reader.client.deliveries)).toEqual(expected);
  });
});
