/** The recent past: complete above its floor, bounded, and never silently short (contract 7). */
import { describe, expect, it } from 'vitest';
import { History } from '../../src/tree/history.js';
import { Tree } from '../../src/tree/tree.js';
import type { TreeEvent } from '../../src/types/event.js';
import { asRevision } from '../../src/types/ids.js';
import { bytes, create, Driver, remove, rev, set } from './driver.js';

const all = () => true;
const below = (prefix: string) => (event: TreeEvent) => event.path.startsWith(prefix);

function pathsSince(tree: Tree, revision: number, matches = all as (e: TreeEvent) => boolean) {
  const page = tree.since(asRevision(revision), matches);
  if (page === 'compacted') return page;
  return page.batches.map((batch) => [batch.revision, ...batch.events.map((e) => e.path)]);
}

describe('history', () => {
  it('gives every event above a revision, by revision', () => {
    const driver = new Driver();
    driver.ask(create('/a'));
    driver.ask(set('/no'));
    driver.ask(create('/b'));
    driver.ask({ kind: 'transact', guards: [], operations: [remove('/a'), create('/a')] });
    expect(pathsSince(driver.tree, 0)).toEqual([
      [1, '/a'],
      [3, '/b'],
      [4, '/a', '/a'],
    ]);
    expect(pathsSince(driver.tree, 1)).toEqual([
      [3, '/b'],
      [4, '/a', '/a'],
    ]);
    expect(pathsSince(driver.tree, 4)).toEqual([]);
  });

  it('cuts batches to what matches, and shares those that match whole', () => {
    const driver = new Driver();
    driver.ask({ kind: 'transact', guards: [], operations: [create('/a'), create('/b')] });
    expect(pathsSince(driver.tree, 0, below('/b'))).toEqual([[1, '/b']]);
    const [one, two] = [driver.tree.since(rev(0), all), driver.tree.since(rev(0), all)];
    if (one === 'compacted' || two === 'compacted') throw new Error('compacted');
    expect(one.batches[0]).toBe(two.batches[0]);
  });

  it('is handed out in bounded pieces that say how far they reach', () => {
    const driver = new Driver();
    for (const path of ['/a', '/b', '/c']) driver.ask(create(path));
    driver.tree.advance(rev(9));
    const first = driver.tree.since(rev(0), below('/c'), 2);
    expect(first).toEqual({ batches: [], through: 2 });
    const next = driver.tree.since(rev(2), below('/c'), 2);
    expect(next).toMatchObject({ batches: [{ revision: 3 }], through: 9 });
  });

  it('says compacted when it is gone, by count', () => {
    const driver = new Driver(new Tree({ historyEventsMax: 2 }));
    for (const path of ['/a', '/b', '/c']) driver.ask(create(path));
    expect(driver.tree.historyFloor).toBe(1);
    expect(pathsSince(driver.tree, 0)).toBe('compacted');
    expect(pathsSince(driver.tree, 1)).toEqual([
      [2, '/b'],
      [3, '/c'],
    ]);
  });

  it('says compacted when it is gone, by bytes', () => {
    const driver = new Driver(new Tree({ historyBytesMax: 2500 }));
    for (const path of ['/a', '/b', '/c']) {
      driver.ask(create(path, { data: new Uint8Array(500) }));
    }
    expect(pathsSince(driver.tree, 0)).toBe('compacted');
    expect(pathsSince(driver.tree, 1)).toHaveLength(2);
  });

  it('never holds more than its bounds, and holds all above its floor', () => {
    const history = new History(rev(0), { historyEventsMax: 50 });
    const driver = new Driver();
    driver.ask(create('/a'));
    const [event] = driver.apply(set('/a', 'x')).events;
    for (let i = 1; i <= 10_000; i++) {
      history.push({ revision: rev(i), events: [{ ...event!, revision: rev(i) }] });
    }
    expect(history.events).toBe(50);
    expect(history.floor).toBe(9950);
    const page = history.since(rev(9950), all, { now: rev(10_000), scanMax: 1000 });
    expect(page).toMatchObject({ through: 10_000 });
    expect(page === 'compacted' ? [] : page.batches).toHaveLength(50);
  });

  it('that cannot hold even one batch holds none', () => {
    const driver = new Driver(new Tree({ historyBytesMax: 100 }));
    driver.ask(create('/a', { data: new Uint8Array(500) }));
    expect(driver.tree.historyFloor).toBe(1);
    expect(pathsSince(driver.tree, 1)).toEqual([]);
  });
});

describe('an event', () => {
  it('holds the data and stat of its moment, also of what was deleted', () => {
    const driver = new Driver();
    driver.ask(create('/a', { data: bytes('one') }));
    driver.ask(set('/a', 'two'));
    const { events } = driver.apply(remove('/a'));
    const page = driver.tree.since(rev(0), all);
    if (page === 'compacted') throw new Error('compacted');
    const seen = page.batches.flatMap((batch) => batch.events);
    expect(seen.map((e) => [e.type, new TextDecoder().decode(e.data), e.stat.version])).toEqual([
      ['created', 'one', 0],
      ['changed', 'two', 1],
      ['deleted', 'two', 1],
    ]);
    expect(events[0]).toBe(seen[2]);
  });

  it('names the access list under which it may be seen', () => {
    const driver = new Driver();
    const acl = [{ scheme: 'user', id: 'ann', permissions: 1 }];
    const { events } = driver.apply(create('/a', { acl }));
    expect(driver.tree.acl(events[0]!.aclId)).toEqual(acl);
  });
});
