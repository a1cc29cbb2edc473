/** Pages are bounded, complete and in order, even when the place where one ended is gone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Place } from '../../src/tree/reading.js';
import { comparePaths } from '../../src/types/path.js';
import { bytes, create, Driver, register, remove } from './driver.js';

function planted(paths: readonly string[]): Driver {
  const driver = new Driver();
  driver.isChecking = false;
  for (const path of paths) driver.ask(create(path, { data: bytes(path) }));
  return driver;
}

const PATHS = ['/a', '/a-b', '/a/x', '/a/x/y', '/a/z', '/a.c', '/b', '/é'];
const WALK = ['/', '/a', '/a/x', '/a/x/y', '/a/z', '/a-b', '/a.c', '/b', '/é'];
const wide = { limit: 100, bytesMax: 1e6 };

describe('children', () => {
  it('come in the order of their names, page by page', () => {
    const driver = planted(PATHS);
    const first = driver.tree.children('/', { limit: 3, bytesMax: 1e6, withData: false })!;
    expect(first.nodes.map((node) => node.path)).toEqual(['/a', '/a-b', '/a.c']);
    expect(first.more).toBe(true);
    const next = driver.tree.children('/', { ...wide, after: 'a.c', withData: false })!;
    expect(next).toMatchObject({ nodes: [{ path: '/b' }, { path: '/é' }], more: false });
  });

  it('go on behind a name that is gone', () => {
    const driver = planted(PATHS);
    driver.ask(remove('/a.c'));
    const page = driver.tree.children('/', { ...wide, after: 'a.c', withData: false })!;
    expect(page.nodes.map((node) => node.path)).toEqual(['/b', '/é']);
  });

  it('have data only when asked for', () => {
    const driver = planted(PATHS);
    const read = (withData: boolean) =>
      driver.tree.children('/a', { ...wide, withData })!.nodes.map((node) => node.data.length);
    expect(read(true)).toEqual([4, 4]);
    expect(read(false)).toEqual([0, 0]);
  });

  it('fit the bytes, but for the first, which always does', () => {
    const driver = planted(['/a', '/b']);
    const page = driver.tree.children('/', { limit: 10, bytesMax: 1, withData: true })!;
    expect(page.nodes.map((node) => node.path)).toEqual(['/a']);
    expect(page.more).toBe(true);
  });

  it('of a node that is not there are none at all', () => {
    expect(new Driver().tree.children('/a', { ...wide, withData: false })).toBeUndefined();
    expect(new Driver().tree.children('/', { ...wide, withData: false })!.nodes).toEqual([]);
  });

  it('in the order of joining page by their place, even when the last one left', () => {
    const driver = planted(['/z', '/y', '/x', '/w']);
    const order = 'creation' as const;
    const read = (after?: Place) =>
      driver.tree.children('/', {
        limit: 2,
        bytesMax: 1e6,
        withData: false,
        order,
        ...(after === undefined ? undefined : { after }),
      })!;
    const first = read();
    expect(first.nodes.map((node) => node.path)).toEqual(['/z', '/y']);
    driver.ask(remove('/y'));
    const next = read(first.nodes[1]!.stat);
    expect(next.nodes.map((node) => node.path)).toEqual(['/x', '/w']);
    expect(next.more).toBe(false);
  });
});

describe('a subtree', () => {
  it('comes parents first, each subtree in one piece', () => {
    const driver = planted(PATHS);
    const paths = (path: string) => driver.tree.subtree(path, wide).nodes.map((node) => node.path);
    expect(paths('/')).toEqual(WALK);
    expect(paths('/a')).toEqual(['/a', '/a/x', '/a/x/y', '/a/z']);
    expect(paths('/no')).toEqual([]);
    expect([...WALK].sort(comparePaths)).toEqual(WALK);
  });

  it('goes on behind any path, there or not', () => {
    const driver = planted(PATHS);
    const probes = [...WALK, '/0', '/a/0', '/a/x/0', '/a/x/y/z', '/a/y/q', '/a/zz', '/c', '/zzz'];
    for (const top of ['/', '/a', '/a/x']) {
      const whole = driver.tree.subtree(top, wide).nodes.map((node) => node.path);
      for (const after of probes) {
        const page = driver.tree.subtree(top, { ...wide, after });
        const expected = whole.filter((path) => comparePaths(path, after) > 0);
        expect([top, after, ...page.nodes.map((n) => n.path)]).toEqual([top, after, ...expected]);
      }
    }
  });

  it('in pages of any size is the whole', () => {
    const driver = planted(PATHS);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 60 }),
        (limit, bytesMax) => {
          const seen: string[] = [];
          for (let more = true; more; ) {
            const after = seen.at(-1);
            const limits = { limit, bytesMax };
            const page = driver.tree.subtree(
              '/',
              after === undefined ? limits : { ...limits, after },
            );
            expect(page.nodes.length).toBeLessThanOrEqual(limit);
            seen.push(...page.nodes.map((node) => node.path));
            more = page.more;
          }
          expect(seen).toEqual(WALK);
        },
      ),
    );
  });

  it('as deep as paths can be does not exhaust the stack', () => {
    const driver = new Driver();
    driver.isChecking = false;
    let path = '';
    for (let depth = 0; depth < 2000; depth++) {
      path += '/d';
      driver.ask(create(path));
    }
    expect(driver.tree.subtree('/', { limit: 1e6, bytesMax: 1e9 }).nodes).toHaveLength(2001);
    const page = driver.tree.subtree('/', { ...wide, after: path.slice(0, -4) });
    expect(page.nodes.map((node) => node.path)).toEqual([path.slice(0, -2), path]);
  });
});

describe('services', () => {
  it('are counted, in pages', () => {
    const driver = new Driver();
    const session = driver.open();
    for (const [service, id] of [
      ['web', 'a'],
      ['web', 'b'],
      ['api', 'a'],
      ['db', 'a'],
    ] as const) {
      driver.ask(register(service, id), { session, epoch: 1 });
    }
    expect(driver.tree.services({ limit: 2 })).toEqual({
      services: [
        { name: 'api', count: 1 },
        { name: 'db', count: 1 },
      ],
      more: true,
    });
    expect(driver.tree.services({ limit: 2, after: 'db' })).toEqual({
      services: [{ name: 'web', count: 2 }],
      more: false,
    });
    expect(new Driver().tree.services({ limit: 2 })).toEqual({ services: [], more: false });
  });
});
