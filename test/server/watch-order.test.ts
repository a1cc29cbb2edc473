/**
 * The promises about watches that concern a whole connection (contract W3–W5, W7, W9, W10): one order of
 * revisions, no answer ahead of its events, nothing lost silently, nothing held for who does not read.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/server/service.js';
import { ATTACHMENT_UNSENT_BYTES_MAX } from '../../src/types/limits.js';
import { bytes, create, remove, set } from '../tree/driver.js';
import { Solo, shortly, type TestClient } from './support.js';
import { Setting } from './watch-setting.js';

/** Of what a client was handed: the revisions that its events and snapshots are of, in order. */
function revisionsOf(deliveries: readonly Delivery[]): number[] {
  return deliveries.flatMap((delivery) => {
    if (delivery.type === 'events') return [delivery.batch.revision as number];
    return delivery.type === 'snapshot' ? [delivery.revision as number] : [];
  });
}

const inOrder = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

describe('two watches of one connection', () => {
  it('that catch up from different revisions are told everything in one order', () => {
    const setting = new Setting();
    setting.do(create('/a'), create('/b'));
    for (let i = 0; i < 5; i++) setting.do(create(`/a/${i}`), create(`/b/${i}`));
    const reader = setting.reader('/a', 'children', 6);
    reader.watch('/b', 'children', 2, 2);
    reader.flush();
    const revisions = revisionsOf(reader.client.deliveries);
    expect(revisions).toEqual([4, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('are told in one order while one of them is behind and the other is not', () => {
    const setting = new Setting();
    setting.do(create('/a'), create('/b'));
    for (let i = 0; i < 3_000; i++) setting.do(set('/a', `${i}`));
    const reader = setting.reader('/b', 'node', 'now');
    reader.watch('/a', 'node', 2, 2);
    for (let turn = 0; turn < 6; turn++) {
      setting.do(set('/b', `${turn}`));
      reader.flush();
    }
    const revisions = revisionsOf(reader.client.deliveries);
    expect(revisions).toHaveLength(3_006);
    expect(revisions).toEqual(inOrder(revisions));
    expect(reader.gate.laggingCount).toBe(0);
  });

  it('are told in one order while one of them is shown a large snapshot', () => {
    const setting = new Setting();
    setting.do(create('/a'), create('/b'));
    for (let i = 0; i < 3_500; i++) setting.do(create(`/a/${String(i).padStart(5, '0')}`));
    const reader = setting.reader('/b', 'node', 'now');
    reader.watch('/a', 'subtree', 'snapshot', 2);
    for (let turn = 0; turn < 6; turn++) {
      setting.do(set('/b', `${turn}`), set('/a/00001', `${turn}`));
      reader.flush();
    }
    const { deliveries } = reader.client;
    const revisions = revisionsOf(deliveries);
    expect(revisions).toEqual(inOrder(revisions));
    const ofB = deliveries.filter((one) => one.type === 'events' && one.watch === 1);
    expect(ofB).toHaveLength(6);
    const pages = deliveries.filter((one) => one.type === 'snapshot');
    expect(pages.map((one) => one.type === 'snapshot' && one.complete)).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  it('that are both shown large snapshots take turns', () => {
    const setting = new Setting();
    setting.do(create('/a'), create('/b'), create('/b/x'));
    for (let i = 0; i < 3_500; i++) setting.do(create(`/a/${i}`, { data: bytes('x'.repeat(300)) }));
    const reader = setting.reader('/a', 'subtree', 'snapshot');
    reader.watch('/b', 'subtree', 'snapshot', 2);
    for (let turn = 0; turn < 8; turn++) reader.flush();
    const order = reader.client.deliveries.map((one) => one.type === 'snapshot' && one.watch);
    expect(order.indexOf(2)).toBeLessThan(3);
    expect(order.filter((watch) => watch === 1).length).toBeGreaterThan(3);
  });
});

describe('the watches of one connection, whatever is changed, blocked and drained in whatever order', () => {
  const step = fc.constantFrom('/a', '/a/b', '/c', 'block', 'drain', 'flush', 'flush');
  const history = fc.constantFrom(3, 8, 1_000);

  it('are told in one order of revisions, each everything or a marked snapshot', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), history, (steps, historyEventsMax) => {
        const setting = new Setting(historyEventsMax);
        setting.do(create('/a'), create('/a/b'), create('/c'));
        const reader = setting.reader('/a', 'subtree', 'snapshot');
        reader.watch('/c', 'node', 'snapshot', 2);
        reader.watch('/', 'children', 'snapshot', 3);
        for (const what of steps) {
          if (what === 'block') reader.block();
          else if (what === 'drain') reader.drain();
          else if (what === 'flush') reader.flush();
          else setting.do(set(what, 'x'));
        }
        reader.drain();
        for (let turn = 0; turn < 3; turn++) reader.flush();
        const { deliveries } = reader.client;
        const revisions = revisionsOf(deliveries);
        expect(revisions).toEqual(inOrder(revisions));
        expect(reader.gate.laggingCount).toBe(0);
        for (const [watch, path] of [
          [1, '/a/b'],
          [2, '/c'],
          [3, '/a'],
        ] as const)
          expect(lastKnown(deliveries, watch, path)).toBe(
            setting.driver.tree.get(path)!.stat.modifyRevision,
          );
      }),
      { numRuns: 300 },
    );
  });
});

/** The revision of a node's latest change, as a client knows it that believes what it was told. */
function lastKnown(deliveries: readonly Delivery[], watch: number, path: string): number {
  let known = 0;
  for (const one of deliveries) {
    if (one.type === 'events' && one.watch === watch)
      for (const event of one.batch.events) if (event.path === path) known = event.revision;
    if (one.type === 'snapshot' && one.watch === watch)
      for (const node of one.nodes) if (node.path === path) known = node.stat.modifyRevision;
  }
  return known;
}

describe('an answer', () => {
  const begin = () => {
    const solo = Solo.led();
    const writer = solo.connect();
    writer.write(create('/a'));
    writer.write(create('/b'));
    solo.turn();
    return { solo, writer, reader: solo.connect() };
  };
  const fill = (solo: Solo, writer: TestClient, count: number, path: (i: number) => string) => {
    for (let i = 0; i < count; i++) writer.write(create(path(i)));
    solo.turn();
  };
  const kinds = (reader: TestClient) =>
    reader.deliveries.filter(({ type }) => type !== 'bookmark').map(shortly);

  it('comes behind the events that a watch still has to catch up with', () => {
    const { solo, writer, reader } = begin();
    fill(solo, writer, 3_000, (i) => `/a/${i}`);
    const start = solo.core.tree.revision - 3_000;
    reader.watch('/a', start);
    reader.read('/a');
    solo.pass(60);
    const told = kinds(reader);
    expect(told).toHaveLength(3_002);
    expect(told.at(-1)).toBe('2 there');
  });

  it('comes behind a large snapshot that was asked for first', () => {
    const { solo, writer, reader } = begin();
    fill(solo, writer, 3_000, (i) => `/a/${i}`);
    reader.watch('/a', 'snapshot');
    const read = reader.read('/b');
    solo.pass(60);
    const told = reader.deliveries.map(({ type }) => type);
    expect(told.filter((type) => type === 'snapshot').length).toBeGreaterThan(2);
    const last = reader.deliveries.findLastIndex(({ type }) => type === 'snapshot');
    const answer = reader.deliveries.findIndex((one) => one.type === 'answer' && one.id === read);
    expect(answer).toBeGreaterThan(last);
  });

  it('that was asked for while the connection was full follows once it is caught up', () => {
    const { solo, writer, reader } = begin();
    reader.watch('/a');
    solo.turn();
    reader.unsent = ATTACHMENT_UNSENT_BYTES_MAX + 1;
    fill(solo, writer, 10, (i) => `/a/${i}`);
    reader.read('/a');
    solo.pass(60);
    reader.take();
    reader.unsent = 0;
    reader.attachment.drained();
    solo.turn();
    const told = kinds(reader);
    expect(told.at(-1)).toBe('2 there');
    expect(new Set(told).size).toBe(told.length);
    expect(told.length).toBeGreaterThan(1);
  });

  it('leaves room for others: a pipeline of large ones is handed over piece by piece', () => {
    const { solo, writer, reader } = begin();
    writer.write(create('/big', { data: new Uint8Array(200 * 1024) }));
    solo.turn();
    for (let i = 0; i < 50; i++) reader.read('/big');
    reader.unsent = 0;
    solo.core.settle();
    const first = reader.deliveries.length;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(5);
    solo.pass(900);
    expect(reader.deliveries.filter(({ type }) => type === 'answer')).toHaveLength(50);
  });
});

describe('a revision of thousands of events', () => {
  it('arrives whole, at live watches and at those that catch up (W4)', () => {
    const solo = Solo.led();
    const owner = solo.connectSession(1);
    owner.write(create('/a'), 1);
    for (let i = 0; i < 5_000; i++) {
      owner.write(create(`/a/${i}`, { nodeKind: 'ephemeral' }), i + 2);
      if (i % 500 !== 0) continue;
      solo.turn();
      owner.attachment.acknowledge(i + 3);
    }
    solo.turn();
    expect(solo.core.tree.get('/a')?.stat.childCount).toBe(5_000);
    const [live, late] = [solo.connect(), solo.connect()];
    live.watch('/a');
    solo.turn();
    const before = solo.core.tree.revision;
    owner.write({ kind: 'closeSession' }, 5_002);
    solo.turn();
    late.watch('/a', before);
    solo.turn();
    for (const client of [live, late]) {
      const batches = client.deliveries.filter(({ type }) => type === 'events');
      expect(batches).toHaveLength(1);
      expect(batches[0]).toMatchObject({ batch: { revision: before + 1 } });
      expect(batches[0]?.type === 'events' && batches[0].batch.events.length).toBe(5_000);
    }
  });
});

describe('an idle connection', () => {
  it('with a watch gets a bookmark at least every second (W5)', () => {
    const solo = Solo.led();
    const reader = solo.connect();
    reader.watch('/');
    solo.pass(300);
    for (let second = 0; second < 5; second++) {
      reader.take();
      solo.pass(1_000);
      const bookmarks = reader.deliveries.filter(({ type }) => type === 'bookmark');
      expect(bookmarks.length).toBeGreaterThan(0);
      expect(bookmarks.at(-1)).toMatchObject({ revision: solo.core.tree.revision });
    }
  });
});

describe('what history has dropped', () => {
  it('up to a deletion keeps the deletion behind it (W9)', () => {
    const setting = new Setting(2);
    setting.do(create('/a'), create('/a/x'), set('/a/x', '1'), remove('/a/x'), create('/a/y'));
    const { tree } = setting.driver;
    expect(tree.historyFloor).toBe(3);
    expect(setting.reader('/a', 'children', 3).take()).toEqual(['deleted /a/x', 'created /a/y']);
    expect(setting.reader('/a', 'children', 2).take()).toEqual(['marked complete [/a/y]']);
  });

  it('costs only the watch that needed it, and is counted', () => {
    const setting = new Setting(4);
    setting.do(create('/a'), create('/b'), create('/a/1'));
    const reader = setting.reader('/a', 'children', 'now');
    reader.watch('/b', 'children', 'now', 2);
    reader.block();
    setting.do(create('/a/2'));
    reader.flush();
    setting.do(create('/a/3'));
    for (let i = 0; i < 4; i++) setting.do(create(`/b/${i}`));
    reader.drain();
    reader.flush();
    const told = reader.client.deliveries.filter(({ type }) => type !== 'bookmark').map(shortly);
    // The first was pushed before the connection was known to be full.
    expect(told.at(-1)).toBe('marked complete [/a/1 /a/2 /a/3]');
    expect(told.filter((text) => text.startsWith('marked'))).toHaveLength(1);
    expect(told.filter((text) => text.startsWith('created /b'))).toHaveLength(4);
    expect(setting.hub.resyncs).toBe(1);
  });
});

describe('a reader that reads nothing', () => {
  it('is handed no more than its bound and one page, however much happens, and is resynchronised', () => {
    const solo = Solo.led({ historyEventsMax: 500 });
    const writer = solo.connect();
    writer.write(create('/a'));
    writer.write(create('/a/x'));
    solo.turn();
    const reader = solo.connect();
    let handed = 0;
    const sink = {
      deliver: (batch: readonly Delivery[]) => {
        for (const one of batch)
          if (one.type === 'events') for (const { data } of one.batch.events) handed += data.length;
        reader.deliveries.push(...batch);
      },
      unsentBytes: () => handed,
    };
    reader.attachment = solo.core.attach({ identities: [], ordered: true }, sink);
    reader.watch('/a', 'snapshot');
    solo.turn();
    const data = new Uint8Array(4 * 1024);
    for (let i = 0; i < 2_000; i++) {
      writer.write({ kind: 'set', path: '/a/x', data, version: -1 });
      if (i % 10 === 0) solo.turn();
    }
    solo.turn();
    expect(handed).toBeLessThan(2 * ATTACHMENT_UNSENT_BYTES_MAX);
    handed = 0;
    reader.take();
    reader.attachment.drained();
    solo.turn();
    expect(reader.take()).toContain('marked complete [/a/x]');
  });
});

describe('a reader that reads again', () => {
  it('is handed what it missed piece by piece, none of them much larger than its bound', () => {
    const setting = new Setting();
    setting.do(create('/a'));
    const reader = setting.reader('/a', 'node', 'now');
    reader.block();
    setting.do(set('/a', '0'));
    reader.flush();
    for (let i = 0; i < 200; i++) setting.do(set('/a', `${i}`.repeat(10_000)));
    reader.drain();
    const pieces: number[] = [];
    while (reader.gate.laggingCount > 0) {
      reader.client.deliveries.length = 0;
      reader.flush();
      const batches = reader.client.deliveries.filter((one) => one.type === 'events');
      pieces.push(
        batches.flatMap(({ batch }) => batch.events).reduce((sum, e) => sum + e.data.length, 0),
      );
    }
    expect(Math.max(...pieces)).toBeLessThan(ATTACHMENT_UNSENT_BYTES_MAX + 30_000);
    expect(pieces.length).toBeGreaterThan(10);
  });
});

describe('a watch of the future', () => {
  it('waits until the revision is reached, and is told nothing older, bookmarks included (W8)', () => {
    const solo = Solo.led();
    const writer = solo.connect();
    writer.write(create('/a'));
    solo.turn();
    const future = solo.core.tree.revision + 3;
    const reader = solo.connect();
    reader.watch('/a', future);
    solo.pass(100);
    const failed = reader.take();
    expect(failed).toContain('1 FUTURE_REVISION');
    expect(failed.filter((text) => text === 'bookmark')).toEqual([]);
  });
});
