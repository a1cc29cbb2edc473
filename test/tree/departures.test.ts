/** Why an instance vanished: every way of leaving is remembered, for as long as there is room. */
import { describe, expect, it } from 'vitest';
import type { CommandBody } from '../../src/types/command.js';
import type { Departure } from '../../src/types/record.js';
import { A, bytes, create, Driver, MEMBER, register, remove, rev, sid } from './driver.js';

const PATH = '/services/web/a';

function withInstance(options: { isStatic?: boolean } = {}) {
  const driver = new Driver();
  const holder = driver.open({ secret: 1, graceMs: 1000, timeoutMs: 9000 });
  const other = driver.open({ secret: 2 });
  driver.ask(register('web', 'a', { port: 81, ...options }), { session: holder, epoch: 1 });
  const { stat } = driver.tree.get(PATH)!;
  return { driver, holder, other, stat, own: { session: holder, epoch: 1 } };
}

describe('a departure', () => {
  const term = 1 as never;
  const lastRevision = rev(1e9);
  const end = { kind: 'expireSession', session: sid(1), epoch: 1, lastRevision, term } as const;
  const detach = { kind: 'detachSession', session: sid(1), epoch: 1, term } as const;
  const none = { incarnation: rev(0), ...A };
  const deregister = { kind: 'deregister', ...none } as const;
  const override = {
    kind: 'setOverride',
    service: 'web',
    id: 'a',
    reason: 'disk',
    until: 0,
  } as const;
  type Row = [string, readonly CommandBody[], Partial<Departure>, boolean?];
  const rows: Row[] = [
    ['deleted by a client', [remove(PATH)], { reason: 'deregistered', who: '' }],
    [
      'deleted with its service',
      [{ kind: 'deleteTree', path: '/services/web' }],
      { reason: 'deregistered' },
    ],
    [
      'deleted in a transaction',
      [{ kind: 'transact', guards: [], operations: [remove(PATH)] }],
      { reason: 'deregistered' },
    ],
    ['deregistered by its own session', [deregister], { reason: 'closed' }, true],
    ['deregistered by nobody in particular', [deregister], { reason: 'deregistered', who: '' }],
    [
      'deregistered by an operator',
      [{ ...deregister, who: 'ann', why: 'old' }],
      { reason: 'deregistered', who: 'ann', why: 'old' },
    ],
    [
      'taken off by an operator',
      [{ ...override, action: 'deregister', who: 'ann' }],
      { reason: 'deregistered', who: 'ann', why: 'disk' },
    ],
    ['its session closed', [{ kind: 'closeSession' }], { reason: 'closed' }, true],
    ['its session expired', [{ ...end, cause: 'expiry' }], { reason: 'expired' }],
    ['its connection was lost', [detach, { ...end, cause: 'grace' }], { reason: 'disconnected' }],
    [
      'its session revoked',
      [{ kind: 'revokeSession', session: sid(1), who: 'ann', why: 'rogue' }],
      { reason: 'revoked', who: 'ann', why: 'rogue' },
    ],
  ];
  it.each(rows)('when %s', (_, bodies, expected, isOwn) => {
    const { driver, stat, own } = withInstance();
    for (const body of bodies) driver.ask(body, isOwn === true ? own : {});
    expect(driver.tree.get(PATH)).toBeUndefined();
    expect(driver.tree.departures('web')).toEqual([
      {
        service: 'web',
        id: 'a',
        revision: driver.tree.revision,
        time: driver.time,
        address: '10.0.0.1',
        port: 81,
        sequence: 0,
        createRevision: stat.createRevision,
        incarnation: stat.incarnation,
        session: sid(1),
        timeoutMs: 9000,
        graceMs: 1000,
        member: MEMBER,
        who: '',
        why: '',
        ...expected,
      },
    ]);
  });

  it('when another session took its place, which goes on', () => {
    const { driver, other, stat } = withInstance();
    const asking = { session: other, epoch: 1 };
    driver.ask(register('web', 'a', { address: '::1', port: 82, takeover: true }), asking);
    expect(driver.tree.departures('web')).toMatchObject([
      { reason: 'replaced', who: '[::1]:82', port: 81, session: 1, incarnation: stat.incarnation },
    ]);
    driver.ask(register('web', 'a', { port: 82 }), asking);
    expect(driver.tree.departures('web')).toHaveLength(1);
  });

  it('of a static instance names no session', () => {
    const { driver } = withInstance({ isStatic: true });
    driver.ask(remove(PATH));
    const none = { session: 0, timeoutMs: 0, graceMs: 0, member: '' };
    expect(driver.tree.departures('web')).toMatchObject([{ ...none, port: 81 }]);
  });

  it('of what holds no instance has no address', () => {
    const driver = new Driver();
    for (const path of ['/services', '/services/web', PATH]) driver.ask(create(path));
    driver.ask(remove(PATH));
    expect(driver.tree.departures('web', 'a')).toMatchObject([{ address: '', port: 0 }]);
  });

  it('when a ttl node ran out of its time', () => {
    const driver = new Driver();
    for (const path of ['/services', '/services/web']) driver.ask(create(path));
    driver.ask(create(PATH, { nodeKind: 'ttl', ttlMs: 5 }));
    const [{ path, createRevision, modifyRevision, createCount }] = [
      ...driver.tree.reapables(),
    ] as [never];
    driver.ask({ kind: 'reap', path, createRevision, modifyRevision, createCount });
    expect(driver.tree.departures('web')).toMatchObject([{ reason: 'expired' }]);
  });

  it('is of instances only', () => {
    const driver = new Driver();
    for (const path of [
      '/a',
      '/a/b',
      '/a/b/c',
      '/services',
      '/services/web',
      '/services/web/a/'.slice(0, -1),
      '/services/web/a/x',
    ])
      driver.ask(create(path));
    driver.ask(remove('/services/web/a/x'));
    driver.ask(remove('/a/b/c'));
    expect(driver.tree.departures('web')).toEqual([]);
    driver.ask({ kind: 'deleteTree', path: '/services' });
    expect(driver.tree.departures('web')).toHaveLength(1);
  });

  it('is not one when the transaction that made it was taken back', () => {
    const { driver } = withInstance();
    const operations = [remove(PATH), remove('/none')];
    driver.ask({ kind: 'transact', guards: [], operations });
    expect(driver.tree.departures('web')).toEqual([]);
  });
});

describe('departures', () => {
  const churn = (driver: Driver, service: string, id: string) => {
    const isStatic = true;
    driver.ask(register(service, id, { isStatic }));
    driver.ask(remove(`/services/${service}/${id}`));
  };

  it('outlive the service', () => {
    const { driver } = withInstance();
    driver.ask({ kind: 'deleteTree', path: '/services' });
    expect(driver.tree.settings('web')).toBeUndefined();
    expect(driver.tree.departures('web')).toHaveLength(1);
    expect(driver.tree.departures('web', 'b')).toEqual([]);
  });

  it('are the last 50 of a service, oldest first', () => {
    const driver = new Driver();
    driver.isChecking = false;
    for (let i = 0; i < 120; i++) churn(driver, 'web', `i${i}`);
    churn(driver, 'db', 'x');
    const ids = driver.tree.departures('web').map(({ id }) => id);
    expect(ids).toEqual(Array.from({ length: 50 }, (_, i) => `i${i + 70}`));
    expect(driver.tree.departures('db')).toHaveLength(1);
    driver.tree.checkTree();
  });

  it('are bounded in all, the oldest of any service dropped first', () => {
    const driver = new Driver();
    driver.isChecking = false;
    const many = (from: number, to: number) => {
      for (let service = from; service < to; service++) {
        const ids = Array.from({ length: 40 }, (_, i) => `/services/s${service}/${i}`);
        const data = bytes('{"address":"h","port":1}');
        driver.ask(create(`/services/s${service}`));
        driver.ask({
          kind: 'transact',
          guards: [],
          operations: ids.flatMap((path) => [create(path, { data }), remove(path)]),
        });
      }
    };
    driver.ask(create('/services'));
    many(0, 500);
    expect(driver.tree.departures('s0')).toHaveLength(40);
    many(500, 502);
    expect(driver.tree.departures('s0')).toEqual([]);
    expect(driver.tree.departures('s1')).toEqual([]);
    expect(driver.tree.departures('s2')).toHaveLength(40);
    expect(driver.tree.departures('s501')).toHaveLength(40);
    driver.tree.checkTree();
  });

  it('of many at one revision are those that left last', () => {
    const driver = new Driver();
    driver.isChecking = false;
    const session = driver.open();
    const name = (i: number) => `i${String(i).padStart(5, '0')}`;
    for (let i = 0; i < 2000; i++) driver.ask(register('web', name(i)), { session, epoch: 1 });
    driver.ask({ kind: 'closeSession' }, { session, epoch: 1 });
    const left = driver.tree.departures('web');
    expect(left).toHaveLength(50);
    expect(left.at(-1)).toMatchObject({ id: name(1999), address: '10.0.0.1', reason: 'closed' });
    driver.tree.checkTree();
  });

  it.each([
    ['an address longer than any', { address: 'x'.repeat(1025), port: 1 }],
    ['more than any instance', { address: 'x', port: 1, more: 'y'.repeat(64 * 1024) }],
  ])('remembers no address of what holds %s', (_, json) => {
    const driver = new Driver();
    const data = bytes(JSON.stringify(json));
    for (const path of ['/services', '/services/web']) driver.ask(create(path));
    driver.ask(create(PATH, { data }));
    driver.ask(remove(PATH));
    expect(driver.tree.departures('web')).toMatchObject([{ id: 'a', address: '', port: 0 }]);
  });
});
