/** Access lists: who may do what, by which identity, and what setting a list makes of it. */
import { describe, expect, it } from 'vitest';
import { AccessTable } from '../../src/tree/access.js';
import { Tree } from '../../src/tree/tree.js';
import type { CommandBody } from '../../src/types/command.js';
import type { Revision } from '../../src/types/ids.js';
import { type AclEntry, ADMIN, CREATE, DELETE, READ, WRITE } from '../../src/types/node.js';
import { A, create, Driver, register, remove, set, setAcl } from './driver.js';

const ANN = 'digest:ann:hash';
const ann = (permissions: number): AclEntry => ({ scheme: 'digest', id: 'ann:hash', permissions });

/** Ann has just these permissions on the node; its parent is open. */
function withPermissions(permissions: number): Driver {
  const driver = new Driver();
  driver.ask(create('/p'));
  driver.ask(create('/p/child'));
  driver.ask(setAcl('/p', [ann(permissions)]));
  return driver;
}

describe('a permission', () => {
  const all: readonly [string, CommandBody, number][] = [
    ['create below', create('/p/new'), CREATE],
    ['set', set('/p'), WRITE],
    ['delete below', remove('/p/child'), DELETE],
    ['delete below with what is there', { kind: 'deleteTree', path: '/p/child' }, DELETE],
    ['set the list', setAcl('/p', []), ADMIN],
    [
      'delete with all that is below, which needs it of the inner parents too',
      { kind: 'deleteTree', path: '/p' },
      DELETE,
    ],
  ];
  const rows = all.flatMap(([name, body, needed]) =>
    [READ, WRITE, CREATE, DELETE, ADMIN].map(
      (given) => [name, given, given === needed, body] as const,
    ),
  );
  it.each(rows)('to %s with only %i: %s', (_, given, isAllowed, body) => {
    const driver = withPermissions(given);
    expect(driver.answer(body)).toBe('DENIED');
    const before = driver.tree.digest();
    const answer = driver.answer(body, { identities: ['ip:10.0.0.1', ANN] });
    expect(answer !== 'DENIED').toBe(isAllowed);
    expect(driver.tree.digest() !== before).toBe(isAllowed);
  });

  const override = { kind: 'setOverride', service: 'web', id: 'x', who: '', reason: '' } as const;
  it.each([
    ['deregister', DELETE],
    ['drain', WRITE],
    ['lift', WRITE],
  ] as const)('to %s an instance is asked of its service (%i)', (action, needed) => {
    for (const given of [READ, WRITE, CREATE, DELETE, ADMIN]) {
      const driver = new Driver();
      driver.ask(register('web', 'x', { isStatic: true }));
      driver.ask({ ...override, action: 'drain', until: 0 });
      driver.ask(setAcl('/services/web', [ann(given)]));
      const body = { ...override, action, until: 0 };
      expect(driver.answer(body)).toBe('DENIED');
      expect(driver.tree.get('/services/web/x')?.override?.action).toBe('drain');
      const answer = driver.answer(body, { identities: [ANN] });
      expect(answer).toBe(given === needed ? 'done' : 'DENIED');
    }
  });

  it('to delete is asked of the parent, not of the node', () => {
    const driver = new Driver();
    driver.ask(create('/a', { acl: [ann(0)] }));
    expect(driver.answer(remove('/a'))).toBe('deleted');
  });

  it('to look at a node is needed by whoever guards a transaction with it', () => {
    for (const given of [READ, WRITE | CREATE | DELETE | ADMIN]) {
      const driver = withPermissions(given);
      const guess = { path: '/p', data: new Uint8Array([1]) };
      const guards = [{ path: '/p/child', exists: true }, guess];
      const body = { kind: 'transact', guards, operations: [] } as const;
      expect(driver.ask(body)).toMatchObject({ code: 'DENIED', position: -2 });
      const answer = driver.ask(body, { identities: [ANN] });
      expect(answer).toMatchObject({ code: given === READ ? 'GUARD_FAILED' : 'DENIED' });
    }
  });

  it('refuses a transaction as it refuses its operation', () => {
    const driver = withPermissions(READ);
    const operations = [create('/other'), set('/p')];
    const body = { kind: 'transact', guards: [], operations } as const;
    expect(driver.ask(body)).toMatchObject({ code: 'DENIED', position: 1 });
    expect(driver.tree.get('/other')).toBeUndefined();
  });
});

describe('an identity', () => {
  const rows: [string, AclEntry['scheme'], string, readonly string[], boolean][] = [
    ['anyone is everyone', 'world', 'anyone', [], true],
    ['to the letter', 'digest', 'ann:hash', ['digest:ann:hash'], true],
    ['of another hash', 'digest', 'ann:hash', ['digest:ann:other'], false],
    ['of another scheme', 'digest', 'ann:hash', ['x509:ann:hash'], false],
    ['of a scheme of its own', 'x509', 'CN=web', ['x509:CN=web'], true],
    ['an address', 'ip', '10.1.2.3', ['ip:10.1.2.3'], true],
    ['another address', 'ip', '10.1.2.3', ['ip:10.1.2.4'], false],
    ['an address in a range', 'ip', '10.1.0.0/16', ['ip:10.1.255.3'], true],
    ['an address outside of a range', 'ip', '10.1.0.0/16', ['ip:10.2.0.0'], false],
    ['a range that ends within a byte', 'ip', '10.1.2.128/25', ['ip:10.1.2.127'], false],
    ['everything', 'ip', '0.0.0.0/0', ['ip:192.168.0.1'], true],
    ['every IPv4 address is no IPv6 address', 'ip', '0.0.0.0/0', ['ip:fe80::1'], false],
    ['IPv6 written otherwise', 'ip', '2001:db8::1', ['ip:2001:0DB8:0:0:0:0:0:1'], true],
    ['IPv6 in a range', 'ip', '2001:db8::/32', ['ip:2001:db8:ffff::9'], true],
    ['IPv6 outside of a range', 'ip', '2001:db8::/32', ['ip:2001:db9::'], false],
    ['IPv4 seen through IPv6', 'ip', '10.0.0.0/8', ['ip:::ffff:10.9.9.9'], true],
    ['a link-local address with its zone', 'ip', 'fe80::/10', ['ip:fe80::1%eth0'], true],
    ['what is no address', 'ip', '10.0.0.0/8', ['ip:10.0.0', 'ip:', 'ip:10.0.0.1.2'], false],
    ['one of several', 'x509', 'CN=b', ['x509:CN=a', 'x509:CN=b'], true],
  ];
  it.each(rows)('%s', (_, scheme, id, identities, isMeant) => {
    const driver = new Driver();
    driver.ask(create('/a', { acl: [{ scheme, id, permissions: WRITE }] }));
    const expected = isMeant ? 'set' : 'DENIED';
    expect(driver.answer(set('/a'), { identities })).toBe(expected);
    expect(driver.tree.mayRead('/a', identities)).toBe(false);
  });
});

describe('setting a list', () => {
  it('counts its own version and leaves data, events and revisions alone', () => {
    const driver = new Driver();
    driver.ask(create('/a'));
    const before = driver.tree.get('/a')!.stat;
    const { applied, events } = driver.apply(setAcl('/a', [ann(31)]));
    expect(applied!.outcome).toEqual({ type: 'set', stat: { ...before, aclVersion: 1 } });
    expect(events).toEqual([]);
    expect(driver.tree.aclOf('/a')).toEqual({
      acl: [ann(31)],
      stat: { ...before, aclVersion: 1 },
    });
    expect(driver.tree.aclOf('/b')).toBeUndefined();
  });

  it('is refused for another version than that of the list', () => {
    const driver = new Driver();
    driver.ask(create('/a'));
    driver.ask(set('/a'));
    expect(driver.answer(setAcl('/a', [], 1))).toBe('BAD_VERSION');
    expect(driver.answer(setAcl('/a', [], 0))).toBe('set');
    expect(driver.answer(setAcl('/a', [], 0))).toBe('BAD_VERSION');
    expect(driver.answer(setAcl('/b', []))).toBe('NO_NODE');
  });

  it('gives scheme auth to all that the sender is but an address', () => {
    const driver = new Driver();
    const identities = ['ip:10.0.0.1', ANN, 'x509:CN=web:1'];
    const auth = { scheme: 'auth', id: '', permissions: 31 };
    const readers = { scheme: 'world', id: 'anyone', permissions: READ };
    driver.ask(create('/a', { acl: [readers, auth] }), { identities });
    expect(driver.tree.aclOf('/a')!.acl).toEqual([
      readers,
      ann(31),
      { scheme: 'x509', id: 'CN=web:1', permissions: 31 },
    ]);
    expect(driver.answer(setAcl('/a', [auth]), { identities: ['ip:10.0.0.1'] })).toBe('DENIED');
    driver.ask(create('/b'));
    const nobody = driver.ask(setAcl('/b', [auth]), { identities: ['ip:10.0.0.1'] });
    expect(nobody).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(driver.answer(create('/c', { acl: [auth] }))).toBe('INVALID_ARGUMENT');
  });

  it('to one too long once auth is resolved is refused', () => {
    const identities = Array.from({ length: 16 }, (_, i) => `x509:CN=${i}`);
    const auth = { scheme: 'auth', id: '', permissions: 31 };
    const body = create('/a', { acl: [auth, auth, auth, auth, auth] });
    expect(new Driver().answer(body, { identities })).toBe('TOO_LARGE');
  });
});

describe('the roll under access lists', () => {
  /** Nobody but Ann may change the service or the instance in it. */
  function withInstance() {
    const driver = new Driver();
    const holder = driver.open({ secret: 1 });
    const other = driver.open({ secret: 2 });
    const own = { session: holder, epoch: 1 };
    driver.ask(register('web', 'a'), own);
    driver.ask(setAcl('/services/web', [ann(31)]));
    driver.ask(setAcl('/services/web/a', [ann(31)]));
    const { incarnation } = driver.tree.get('/services/web/a')!.stat;
    const update = { kind: 'updateInstance', service: 'web', id: 'a', incarnation } as const;
    return {
      driver,
      own,
      others: { session: other, epoch: 1 },
      update: { ...update, data: new Uint8Array([1]) },
      deregister: { kind: 'deregister', ...A, incarnation } as const,
    };
  }

  it('lets a session change, claim anew and end its own instance, whatever they say', () => {
    const { driver, own, update } = withInstance();
    expect(driver.answer(update, own)).toBe('set');
    expect(driver.answer(register('web', 'a'), own)).toBe('registered');
    const { incarnation } = driver.tree.get('/services/web/a')!.stat;
    expect(driver.answer({ kind: 'deregister', ...A, incarnation }, own)).toBe('deleted');
  });

  it('keeps others from joining, taking over and ending', () => {
    const { driver, others, deregister, update } = withInstance();
    const takeover = register('web', 'a', { takeover: true });
    for (const body of [register('web', 'b'), takeover, deregister, update]) {
      expect(driver.answer(body, others)).toBe('DENIED');
    }
    expect(driver.answer(deregister)).toBe('DENIED');
    expect(driver.answer({ ...deregister, who: 'bob' })).toBe('DENIED');
    expect(driver.answer({ ...deregister, who: 'ann' }, { identities: [ANN] })).toBe('deleted');
    expect(driver.answer(register('web', 'b'), { ...others, identities: [ANN] })).toBe(
      'registered',
    );
  });

  it('makes a service only where one may be created', () => {
    const { driver, others } = withInstance();
    driver.ask(setAcl('/services', [ann(31)]));
    expect(driver.answer(register('new', 'a'), others)).toBe('DENIED');
    expect(driver.answer(register('new', 'a'), { ...others, identities: [ANN] })).toBe(
      'registered',
    );
  });
});

describe('reading under access lists', () => {
  const wide = { limit: 10, bytesMax: 1e6, withData: true };
  function planted(): Driver {
    const driver = new Driver();
    for (const path of ['/p', '/p/open', '/p/shut', '/p/shut/below']) {
      driver.ask(create(path, { data: new Uint8Array([1]) }));
    }
    driver.ask(setAcl('/p/shut', [ann(31)]));
    return driver;
  }
  const shown = (nodes: readonly { path: string; data: Uint8Array }[]) =>
    nodes.map(({ path, data }) => `${path} ${data.length}`);

  it('shows the name and not the data of a child that may not be read', () => {
    const { tree } = planted();
    const page = tree.children('/p', { ...wide, identities: [] });
    if (page === 'denied' || page === undefined) throw new Error('no page');
    expect(shown(page.nodes)).toEqual(['/p/open 1', '/p/shut 0']);
    expect(page.nodes[1]!.stat.dataLength).toBe(1);
    const all = tree.children('/p', { ...wide, identities: [ANN] });
    if (all === 'denied' || all === undefined) throw new Error('no page');
    expect(shown(all.nodes)).toEqual(['/p/open 1', '/p/shut 1']);
  });

  it('does not enter what may not be read, from the start or from a page on', () => {
    const { tree } = planted();
    const read = (identities: readonly string[], after?: string) => {
      const page = tree.subtree('/p', { ...wide, identities, after });
      return page === 'denied' ? page : shown(page.nodes);
    };
    expect(read([])).toEqual(['/p 1', '/p/open 1', '/p/shut 0']);
    expect(read([], '/p/shut')).toEqual([]);
    expect(read([ANN], '/p/shut')).toEqual(['/p/shut/below 1']);
  });

  it('lists nothing of a parent that may not be read', () => {
    const { tree } = planted();
    expect(tree.children('/p/shut', { ...wide, identities: [] })).toBe('denied');
    expect(tree.subtree('/p/shut', { ...wide, identities: [] })).toBe('denied');
    expect(tree.mayRead('/p/shut', [])).toBe(false);
    expect(tree.mayRead('/p/shut', [ANN])).toBe(true);
    expect(tree.mayRead('/nowhere', [])).toBe(true);
  });

  it('is not asked when nobody in particular reads', () => {
    expect(planted().tree.children('/p/shut', wide)!.nodes).toHaveLength(1);
  });
});

describe('lists', () => {
  const closed = (i: number) => [{ scheme: 'digest', id: `${i}`, permissions: 31 }];

  it('that neither a node nor an event has any more are forgotten', () => {
    const access = new AccessTable();
    const now = (n: number) => n as Revision;
    const kept = access.intern(closed(-1));
    access.hold(kept);
    const told = access.intern(closed(-2));
    access.hold(told);
    access.used(told, now(7));
    access.release(told, now(6));
    for (let i = 0; i < 10_000; i++) {
      const list = access.intern(closed(i));
      access.hold(list);
      access.release(list, now(6));
    }
    expect(access.size).toBeLessThan(150);
    expect([access.get(kept.id), access.get(told.id)]).toEqual([kept, told]);
    expect(access.intern(closed(-1))).toBe(kept);
  });

  it('come and go with nodes, and with their deletion taken back', () => {
    const driver = new Driver(new Tree({ historyEventsMax: 10 }));
    driver.ask(create('/a', { acl: closed(0) }));
    const operations = [...Array(100).keys()].flatMap((i) => [
      create('/b', { acl: closed(i) }),
      remove('/b'),
    ]);
    const guards = [] as const;
    const both = [remove('/a'), ...operations];
    driver.ask({ kind: 'transact', guards, operations: [...both, create('/none/there')] });
    expect(driver.tree.aclOf('/a')?.acl).toEqual(closed(0));
    for (let i = 0; i < 300; i++) {
      const { events } = driver.apply(create('/b', { acl: closed(i) }));
      expect(driver.tree.allows(events[0]!.aclId, READ, [`digest:${i}`])).toBe(true);
      driver.ask(remove('/b'));
      expect(driver.answer(setAcl('/a', closed(i)), { identities: ['digest:0'] })).toBe('set');
      expect(driver.tree.mayRead('/a', ['digest:x'])).toBe(false);
      const back = { identities: [`digest:${i}`] };
      expect(driver.answer(setAcl('/a', closed(0)), back)).toBe('set');
    }
  });
});
