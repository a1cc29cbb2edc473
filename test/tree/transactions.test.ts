/** All or nothing, at one revision, guards first (contract 10). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Guard, Transact, TreeOperation } from '../../src/types/command.js';
import { bytes, create, Driver, remove, rev, set, sid } from './driver.js';

const transact = (operations: TreeOperation[], guards: Guard[] = []): Transact => ({
  kind: 'transact',
  guards,
  operations,
});

describe('a transaction', () => {
  it('sees what its earlier operations did', () => {
    const driver = new Driver();
    const outcome = driver.ask(
      transact([
        create('/a'),
        create('/a/b'),
        set('/a/b', 'x', 0),
        remove('/a/b', 1),
        remove('/a'),
      ]),
    );
    expect(outcome.type).toBe('transacted');
    expect(driver.tree.get('/a')).toBeUndefined();
  });

  it('is one revision, its nodes and events in order', () => {
    const driver = new Driver();
    const { events } = driver.apply(transact([create('/b'), create('/a'), set('/b', 'x')]));
    expect(events.map((e) => [e.type, e.path, e.revision, e.ordinal])).toEqual([
      ['created', '/b', 1, 0],
      ['created', '/a', 1, 1],
      ['changed', '/b', 1, 2],
    ]);
    expect(driver.tree.get('/a')!.stat.ordinal).toBe(1);
    expect(events[0]!.stat.version).toBe(0);
    expect(events[2]!.stat.version).toBe(1);
  });

  it('says which operation was refused, and leaves nothing', () => {
    const driver = new Driver();
    driver.ask(create('/kept', { data: bytes('old') }));
    const before = driver.tree.digest();
    const body = transact([create('/a'), set('/kept', 'x'), remove('/kept'), create('/no/parent')]);
    const { applied, events } = driver.apply(body);
    expect(applied!.outcome).toMatchObject({ type: 'refused', code: 'NO_PARENT', position: 3 });
    expect(events).toEqual([]);
    expect(driver.tree.digest()).toBe(before);
    expect(driver.names('/')).toEqual(['kept']);
  });

  it('without operations only asks', () => {
    const driver = new Driver();
    expect(driver.answer(transact([], [{ path: '/', exists: true }]))).toBe('transacted');
    expect(driver.answer(transact([], [{ path: '/', exists: false }]))).toBe('GUARD_FAILED');
  });

  it('creates ephemerals only for a session', () => {
    const driver = new Driver();
    const session = driver.open();
    const body = transact([create('/p'), create('/e', { nodeKind: 'ephemeral' })]);
    expect(driver.ask(body)).toMatchObject({ code: 'NO_SESSION', position: 1 });
    expect(driver.answer(body, { session, epoch: 1 })).toBe('transacted');
  });
});

describe('a guard', () => {
  const rows: [Guard, boolean, string][] = [
    [{ path: '/a' }, true, 'states nothing'],
    [{ path: '/no' }, true, 'states nothing of a node that is not there'],
    [{ path: '/a', exists: true }, true, 'it is there'],
    [{ path: '/a', exists: false }, false, 'it is there'],
    [{ path: '/no', exists: false }, true, 'it is not there'],
    [{ path: '/no', exists: true }, false, 'it is not there'],
    [{ path: '/no', version: 0 }, false, 'a version needs a node'],
    [{ path: '/no', exists: false, version: 0 }, false, 'no node has no version'],
    [{ path: '/a', version: 1 }, true, 'set once'],
    [{ path: '/a', version: 0 }, false, 'set once'],
    [{ path: '/a', createRevision: rev(2) }, true, 'created second'],
    [{ path: '/a', createRevision: rev(3) }, false, 'created second'],
    [{ path: '/a', modifyRevision: rev(3) }, true, 'changed third'],
    [{ path: '/a', modifyRevision: rev(2) }, false, 'changed third'],
    [{ path: '/a', owner: sid(0) }, true, 'nobody’s'],
    [{ path: '/e', owner: sid(1) }, true, 'the session’s'],
    [{ path: '/e', owner: sid(0) }, false, 'the session’s'],
    [{ path: '/a', exists: true, version: 1, modifyRevision: rev(9) }, false, 'one of them fails'],
  ];
  it.each(rows)('%j holds: %s (%s)', (guard, isHeld) => {
    const driver = new Driver();
    const session = driver.open();
    driver.ask(create('/a'));
    driver.ask(set('/a', 'x'));
    driver.ask(create('/e', { nodeKind: 'ephemeral' }), { session, epoch: 1 });
    const outcome = driver.ask(transact([create('/done')], [{ path: '/', exists: true }, guard]));
    expect(outcome.type).toBe(isHeld ? 'transacted' : 'refused');
    if (!isHeld) expect(outcome).toMatchObject({ code: 'GUARD_FAILED', position: -2 });
    expect(driver.tree.get('/done') !== undefined).toBe(isHeld);
  });
});

describe('atomicity', () => {
  const path = fc.constantFrom('/a', '/b', '/a/x', '/a/y', '/a/x/z', '/b/x');
  const operation: fc.Arbitrary<TreeOperation> = fc.oneof(
    path.map((p) => create(p)),
    path.map((p) => create(p, { sequential: true, nodeKind: 'ephemeral' })),
    path.map((p) => set(p, 'data')),
    path.map((p) => remove(p)),
  );

  it('holds whatever the operations: refused ones change nothing, done ones are done in order', () => {
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 12 }),
        fc.array(operation, { minLength: 1, maxLength: 8 }),
        (first, operations) => {
          const [whole, single] = [new Driver(), new Driver()];
          for (const driver of [whole, single]) {
            const session = driver.open({ secret: 1 });
            for (const body of first) driver.ask(body, { session, epoch: 1 });
          }
          const outcome = whole.ask(transact(operations), { session: 1, epoch: 1 });
          const singly = operations.map((body) => single.ask(body, { session: 1, epoch: 1 }));
          const refusedAt = singly.findIndex((result) => result.type === 'refused');
          if (refusedAt >= 0) {
            expect(outcome).toEqual({ ...singly[refusedAt], position: refusedAt });
            expect(nodesOf(whole)).toEqual(nodesOf(replayed(first)));
          } else {
            expect(outcome.type).toBe('transacted');
            expect(pathsOf(whole)).toEqual(pathsOf(single));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  function replayed(first: TreeOperation[]): Driver {
    const driver = new Driver();
    const session = driver.open({ secret: 1 });
    for (const body of first) driver.ask(body, { session, epoch: 1 });
    return driver;
  }
  const all = { limit: 1e6, bytesMax: 1e9 };
  const nodesOf = (driver: Driver) => driver.tree.subtree('/', all).nodes;
  const pathsOf = (driver: Driver) => nodesOf(driver).map((node) => [node.path, node.stat.version]);
});
