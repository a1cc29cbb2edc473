/** Create, set and delete: ZooKeeper's model, one row for each rule. */
import { describe, expect, it } from 'vitest';
import type { CommandBody } from '../../src/types/command.js';
import { bytes, create, Driver, remove, set } from './driver.js';

/** A small tree: /a (with /a/b), /e (ephemeral of the session), /empty. */
function planted() {
  const driver = new Driver();
  const session = driver.open();
  const own = { session, epoch: 1 };
  driver.ask(create('/a', { data: bytes('one') }));
  driver.ask(create('/a/b'));
  driver.ask(create('/e', { nodeKind: 'ephemeral' }), own);
  driver.ask(create('/empty'));
  return { driver, own };
}

describe('refusals', () => {
  const rows: [CommandBody, string, string][] = [
    [create('/x/y'), 'NO_PARENT', 'parents are not made on the way'],
    [create('/a'), 'NODE_EXISTS', 'a path is one node'],
    [create('/'), 'NODE_EXISTS', 'the root is always there'],
    [create('/e/x'), 'NO_CHILDREN_FOR_EPHEMERALS', 'an ephemeral may go at any time'],
    [
      create('/n', { nodeKind: 'ephemeral' }),
      'NO_SESSION',
      'an ephemeral needs somebody to die with',
    ],
    [set('/x'), 'NO_NODE', 'set does not create'],
    [set('/a', '', 1), 'BAD_VERSION', 'the version is 0 after creation'],
    [remove('/x'), 'NO_NODE', 'nothing to delete'],
    [remove('/a'), 'NOT_EMPTY', 'children first'],
    [remove('/a', 5), 'BAD_VERSION', 'the version is looked at before the children'],
    [remove('/'), 'INVALID_ARGUMENT', 'the root stays'],
  ];
  it.each(rows)('%j is answered %s: %s', (body, code) => {
    const { driver } = planted();
    const before = driver.tree.digest();
    expect(driver.answer(body)).toBe(code);
    expect(driver.tree.digest()).toBe(before);
  });
});

describe('what is done', () => {
  const rows: [CommandBody, string, string][] = [
    [create('/n'), 'created', 'below the root'],
    [create('/a/c', { nodeKind: 'container' }), 'created', 'any kind'],
    [create('/t', { nodeKind: 'ttl', ttlMs: 5 }), 'created', 'with a time to live'],
    [set('/', 'x'), 'set', 'the root holds data too'],
    [set('/a', 'x', 0), 'set', 'the expected version'],
    [set('/e', 'x'), 'set', 'anybody’s ephemeral'],
    [remove('/a/b', 0), 'deleted', 'the expected version'],
    [remove('/e'), 'deleted', 'anybody’s ephemeral'],
  ];
  it.each(rows)('%j is %s: %s', (body, type) => {
    const { driver } = planted();
    expect(driver.answer(body)).toBe(type);
  });
});

describe('a stat', () => {
  it('follows a node through its life', () => {
    const driver = new Driver();
    driver.ask(create('/a', { data: bytes('four') }));
    const created = driver.tree.get('/a')!.stat;
    expect(created).toEqual({
      createRevision: 1,
      modifyRevision: 1,
      childrenRevision: 1,
      createTime: driver.time,
      modifyTime: driver.time,
      version: 0,
      createCount: 0,
      aclVersion: 0,
      owner: 0,
      dataLength: 4,
      childCount: 0,
      kind: 'persistent',
      ttlMs: 0,
      ordinal: 0,
      sequence: 0,
      incarnation: 0,
    });
    driver.ask(set('/a', 'sixsix'));
    const later = { version: 1, modifyRevision: 2, modifyTime: driver.time, dataLength: 6 };
    expect(driver.tree.get('/a')!.stat).toEqual({ ...created, ...later });
  });

  it('of a parent counts creates, children and their last change', () => {
    const driver = new Driver();
    driver.ask(create('/a'));
    driver.ask(create('/a/x'));
    driver.ask(create('/a/y'));
    driver.ask(remove('/a/x'));
    driver.ask(set('/a/y'));
    const { stat } = driver.tree.get('/a')!;
    expect(stat).toMatchObject({
      createCount: 2,
      childCount: 1,
      childrenRevision: 4,
      modifyRevision: 1,
      version: 0,
    });
  });

  it('of an ephemeral names its session', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.ask(create('/e', { nodeKind: 'ephemeral' }), { session, epoch: 1 });
    expect(driver.tree.get('/e')!.stat).toMatchObject({ owner: session, kind: 'ephemeral' });
    expect(driver.tree.session(session)!.ephemeralCount).toBe(1);
  });
});

describe('a sequential name', () => {
  it('takes the parent’s count of creates of any kind, ten digits', () => {
    const driver = new Driver();
    driver.ask(create('/q'));
    driver.ask(create('/q/plain'));
    driver.ask(create('/q/n-', { sequential: true }));
    driver.ask(remove('/q/n-0000000001'));
    driver.ask(create('/q/n-', { sequential: true }));
    driver.ask(create('/q/', { sequential: true }));
    driver.ask(create('/', { sequential: true }));
    expect(driver.names('/q')).toEqual(['0000000003', 'n-0000000002', 'plain']);
    expect(driver.names('/')).toEqual(['0000000001', 'q']);
    expect(driver.tree.get('/q/n-0000000002')!.stat.sequence).toBe(2);
  });

  it('that is taken by a plain node is refused, and consumes no number', () => {
    const driver = new Driver();
    driver.ask(create('/q'));
    driver.ask(create('/q/n-0000000001'));
    expect(driver.answer(create('/q/n-', { sequential: true }))).toBe('NODE_EXISTS');
    expect(driver.tree.get('/q')!.stat.createCount).toBe(1);
  });
});

describe('data', () => {
  it('is kept even when the bytes it came in are used again', () => {
    const driver = new Driver();
    const body = set('/a', 'kept');
    driver.ask(create('/a'));
    driver.ask(body);
    body.data.fill(0);
    expect(driver.tree.get('/a')!.data).toEqual(bytes('kept'));
  });
});

describe('access lists', () => {
  const onlyAnn = [{ scheme: 'user', id: 'ann', permissions: 31 }];
  const rows: [CommandBody, string][] = [
    [create('/a/x'), 'create below'],
    [set('/a'), 'set'],
    [remove('/a/kept'), 'delete below'],
  ];
  it.each(rows)('%j needs the permission to %s', (body) => {
    const driver = new Driver();
    driver.ask(create('/a', { acl: onlyAnn }));
    driver.ask(create('/a/kept'), { identities: ['user:ann'] });
    expect(driver.answer(body)).toBe('DENIED');
    expect(driver.answer(body, { identities: ['user:bob', 'group:ann'] })).toBe('DENIED');
    expect(driver.answer(body, { identities: ['user:bob', 'user:ann'] })).not.toBe('DENIED');
  });

  it('may give the world less than somebody', () => {
    const driver = new Driver();
    const acl = [{ scheme: 'world', id: 'anyone', permissions: 1 }, ...onlyAnn];
    driver.ask(create('/a', { acl }));
    expect(driver.answer(set('/a'))).toBe('DENIED');
    const aclId = driver.tree.accessAt('/a')!.aclId;
    expect(driver.tree.allows(aclId, 1, [])).toBe(true);
    expect(driver.tree.allows(aclId, 2, [])).toBe(false);
    expect(driver.tree.acl(aclId)).toEqual(acl);
  });
});
