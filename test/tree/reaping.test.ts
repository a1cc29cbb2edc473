/** Nodes that go by themselves, and subtrees that go at once. */
import { describe, expect, it } from 'vitest';
import type { Reapable } from '../../src/tree/tree.js';
import type { CommandBody, Guard } from '../../src/types/command.js';
import { bytes, create, Driver, register, remove, rev, set, sid } from './driver.js';

const reapOf = ({ path, createRevision, modifyRevision, createCount }: Reapable) =>
  ({ kind: 'reap', path, createRevision, modifyRevision, createCount }) as const;
const reapable = (driver: Driver) => [...driver.tree.reapables()].map(({ path }) => path).sort();

function emptied(path: string, driver = new Driver()): Driver {
  driver.ask(create(path, { nodeKind: 'container' }));
  driver.ask(create(`${path}/x`));
  driver.ask(remove(`${path}/x`));
  return driver;
}

describe('what may go by itself', () => {
  it('is emptied containers and childless ttl nodes, not those that were never in use or are', () => {
    const driver = emptied('/emptied');
    driver.ask(create('/new', { nodeKind: 'container' }));
    driver.ask(create('/used', { nodeKind: 'container' }));
    driver.ask(create('/used/x'));
    driver.ask(create('/ttl', { nodeKind: 'ttl', ttlMs: 10 }));
    driver.ask(create('/parent', { nodeKind: 'ttl', ttlMs: 10 }));
    driver.ask(create('/parent/x'));
    driver.ask(create('/plain'));
    expect(reapable(driver)).toEqual(['/emptied', '/ttl']);
    const [ttl] = [...driver.tree.reapables()].filter(({ kind }) => kind === 'ttl');
    expect(ttl).toMatchObject({ path: '/ttl', ttlMs: 10, createCount: 0 });
    driver.ask(remove('/emptied'));
    driver.ask(remove('/parent/x'));
    expect(reapable(driver)).toEqual(['/parent', '/ttl']);
  });

  it('of containers with data: those outside of services, and services without settings', () => {
    const driver = emptied('/work');
    driver.ask(set('/work', 'data'));
    driver.ask(register('web', 'a', { isStatic: true }));
    driver.ask(remove('/services/web/a'));
    const settings = { kind: 'setSettings', version: -1, who: '', why: '' } as const;
    driver.ask({ ...settings, service: 'web', data: bytes('{"policy":"p2c"}') });
    driver.ask({ ...settings, service: 'never-used', data: bytes('{"policy":"p2c"}') });
    expect(reapable(driver)).toEqual(['/work']);
    driver.ask({ ...settings, service: 'web', data: bytes('') });
    driver.ask({ ...settings, service: 'never-used', data: bytes('') });
    expect(reapable(driver)).toEqual(['/services/never-used', '/services/web', '/work']);
  });

  it('goes with an event of its own cause', () => {
    const driver = emptied('/c');
    const { applied, events } = driver.apply(reapOf([...driver.tree.reapables()][0]!));
    expect(applied!.outcome).toEqual({ type: 'deleted' });
    expect(events).toMatchObject([{ type: 'deleted', path: '/c', cause: 'reap' }]);
    expect(reapable(driver)).toEqual([]);
  });

  const meanwhile: [string, CommandBody[]][] = [
    ['it has a child again', [create('/c/y')]],
    ['a child came and went', [create('/c/y'), remove('/c/y')]],
    ['its data changed', [set('/c', 'x')]],
    ['it was deleted', [remove('/c')]],
    [
      'it was deleted and another stands there',
      [remove('/c'), create('/c', { nodeKind: 'container' }), create('/c/y'), remove('/c/y')],
    ],
    ['it is of a kind that stays', [remove('/c'), create('/c')]],
  ];
  it.each(meanwhile)('stays when, since the leader looked, %s', (_, bodies) => {
    const driver = emptied('/c');
    const reap = reapOf([...driver.tree.reapables()][0]!);
    for (const body of bodies) driver.ask(body);
    const before = driver.tree.digest();
    expect(driver.apply(reap)).toMatchObject({
      applied: { outcome: { type: 'done' } },
      events: [],
    });
    expect(driver.tree.digest()).toBe(before);
  });
});

describe('deleting a subtree', () => {
  it('takes descendants before ancestors, at one revision', () => {
    const driver = new Driver();
    const session = driver.open();
    for (const path of ['/a', '/a/b', '/a/b/c', '/a/d', '/ab']) driver.ask(create(path));
    driver.ask(create('/a/d/e', { nodeKind: 'ephemeral' }), { session, epoch: 1 });
    const { applied, events } = driver.apply({ kind: 'deleteTree', path: '/a' });
    expect(applied!.outcome).toEqual({ type: 'removed', nodes: 5 });
    const paths = events.map(({ path }) => path);
    expect(paths).toEqual(['/a/d/e', '/a/d', '/a/b/c', '/a/b', '/a']);
    expect(new Set(events.map(({ revision }) => revision)).size).toBe(1);
    expect(driver.paths(session)).toEqual([]);
    expect(driver.names('/')).toEqual(['ab']);
  });

  it.each([
    ['/', 'INVALID_ARGUMENT'],
    ['/none', 'NO_NODE'],
  ])('at %s is answered %s', (path, code) => {
    expect(new Driver().answer({ kind: 'deleteTree', path })).toBe(code);
  });

  it('of more nodes than go at once says how many there are and changes nothing', () => {
    const driver = new Driver();
    driver.isChecking = false;
    driver.ask(create('/a'));
    for (let i = 0; i < 10; i++) {
      const operations = Array.from({ length: 1000 }, (_, j) => create(`/a/${i * 1000 + j}`));
      driver.ask({ kind: 'transact', guards: [], operations });
    }
    expect(driver.ask({ kind: 'deleteTree', path: '/a' })).toMatchObject({
      code: 'TOO_LARGE',
      detail: '/a holds 10001 nodes, at most 10000 go at once: delete its parts first',
    });
    expect(driver.tree.nodeCount).toBe(10_002);
    driver.ask(remove('/a/7'));
    expect(driver.ask({ kind: 'deleteTree', path: '/a' })).toEqual({
      type: 'removed',
      nodes: 10_000,
    });
    driver.tree.checkTree();
  });
});

describe('a guard', () => {
  const rows: [string, Omit<Guard, 'path'>, boolean, boolean][] = [
    ['exists', { exists: true }, true, false],
    ['does not exist', { exists: false }, false, true],
    ['says nothing', {}, true, true],
    ['version', { version: 1 }, true, false],
    ['another version', { version: 0 }, false, false],
    ['list of children', { childrenRevision: rev(3) }, true, false],
    ['another list of children', { childrenRevision: rev(2) }, false, false],
    ['data', { data: bytes('xy') }, true, false],
    ['other data', { data: bytes('xz') }, false, false],
    ['more data', { data: bytes('xyz') }, false, false],
    ['no data', { data: bytes('') }, false, false],
    ['revisions', { createRevision: rev(1), modifyRevision: rev(2) }, true, false],
    ['owner', { owner: sid(0) }, true, false],
    ['all but one', { version: 1, data: bytes('xy'), childrenRevision: rev(1) }, false, false],
  ];
  it.each(rows)('on %s', (_, guard, holds, holdsOfNothing) => {
    const driver = new Driver();
    driver.ask(create('/a'));
    driver.ask(set('/a', 'xy'));
    driver.ask(create('/a/x'));
    const ask = (path: string) =>
      driver.answer({ kind: 'transact', guards: [{ path, ...guard }], operations: [] });
    expect(ask('/a')).toBe(holds ? 'transacted' : 'GUARD_FAILED');
    expect(ask('/none')).toBe(holdsOfNothing ? 'transacted' : 'GUARD_FAILED');
  });
});
