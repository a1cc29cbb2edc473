/** Quotas: what they refuse, what they never refuse, and that their counts are those of a walk. */
import { describe, expect, it } from 'vitest';
import type { CommandBody } from '../../src/types/command.js';
import { bytes, create, Driver, farDown, register, remove, set, setQuota } from './driver.js';

const usage = (driver: Driver, path: string) =>
  driver.tree.quotas().find((quota) => quota.path === path);

/** Three nodes and five bytes stand under /q already. */
function withQuota(limits: { nodes?: number; bytes?: number }): Driver {
  const driver = new Driver();
  driver.ask(create('/q', { data: bytes('12') }));
  driver.ask(create('/q/a', { data: bytes('123') }));
  driver.ask(create('/q/b'));
  driver.ask(setQuota('/q', limits));
  return driver;
}

describe('a quota', () => {
  it('counts once what stands there when it is set, its root included', () => {
    const driver = withQuota({ nodes: 5 });
    expect(usage(driver, '/q')).toEqual({
      path: '/q',
      limits: { nodes: 5, bytes: 0 },
      nodes: 3,
      bytes: 5,
    });
  });

  const rows: [string, { nodes?: number; bytes?: number }, CommandBody, string][] = [
    ['one more node than it allows', { nodes: 3 }, create('/q/c'), 'QUOTA_EXCEEDED'],
    ['the last node that it allows', { nodes: 4 }, create('/q/c'), 'created'],
    ['a node elsewhere', { nodes: 3 }, create('/r'), 'created'],
    ['a name that begins like its own', { nodes: 3 }, create('/qq'), 'created'],
    ['a byte more in a set', { bytes: 5 }, set('/q/a', '1234'), 'QUOTA_EXCEEDED'],
    ['a byte more at its root', { bytes: 5 }, set('/q', '123'), 'QUOTA_EXCEEDED'],
    ['the last byte that it allows', { bytes: 6 }, set('/q/a', '1234'), 'set'],
    ['as many bytes as before', { bytes: 5 }, set('/q/a', 'abc'), 'set'],
    ['fewer bytes while it is over', { bytes: 1 }, set('/q/a', 'ab'), 'set'],
    ['more bytes while it is over', { bytes: 1 }, set('/q/b', 'a'), 'QUOTA_EXCEEDED'],
    ['an empty node while bytes are over', { bytes: 1 }, create('/q/c'), 'created'],
    [
      'a node with bytes while bytes are over',
      { bytes: 1 },
      create('/q/c', { data: bytes('1') }),
      'QUOTA_EXCEEDED',
    ],
    ['a delete while it is over', { nodes: 1 }, remove('/q/a'), 'deleted'],
  ];
  it.each(rows)('and %s', (_, limits, body, answer) => {
    const driver = withQuota(limits);
    const before = driver.tree.digest();
    expect(driver.answer(body)).toBe(answer);
    if (answer === 'QUOTA_EXCEEDED') expect(driver.tree.digest()).toBe(before);
  });

  it('says whose it is and how full', () => {
    expect(withQuota({ nodes: 3 }).ask(create('/q/c'))).toMatchObject({
      code: 'QUOTA_EXCEEDED',
      detail: '/q/c: /q holds 3 nodes and 5 bytes, its quota is 3 nodes and any bytes',
    });
  });

  it('inside another counts in both, and the narrower one refuses', () => {
    const driver = withQuota({ nodes: 10 });
    driver.ask(setQuota('/q/a', { nodes: 2 }));
    driver.ask(create('/q/a/x', { data: bytes('1') }));
    expect(driver.answer(create('/q/a/y'))).toBe('QUOTA_EXCEEDED');
    expect(usage(driver, '/q')).toMatchObject({ nodes: 4, bytes: 6 });
    expect(usage(driver, '/q/a')).toMatchObject({ nodes: 2, bytes: 4 });
    driver.ask(setQuota('/', { nodes: 100 }));
    expect(usage(driver, '/')).toMatchObject({ nodes: 5, bytes: 6 });
  });

  it('takes back with a transaction what it had counted', () => {
    const driver = withQuota({ nodes: 4, bytes: 9 });
    const operations = [create('/q/c', { data: bytes('1') }), set('/q/a', '1'), remove('/q/b')];
    const failing = [...operations, create('/q/d'), create('/q/e')];
    expect(driver.ask({ kind: 'transact', guards: [], operations: failing })).toMatchObject({
      code: 'QUOTA_EXCEEDED',
      position: 4,
    });
    expect(usage(driver, '/q')).toMatchObject({ nodes: 3, bytes: 5 });
    driver.ask({ kind: 'transact', guards: [], operations });
    expect(usage(driver, '/q')).toMatchObject({ nodes: 3, bytes: 4 });
  });

  it('never keeps a session from ending', () => {
    const driver = withQuota({ nodes: 9 });
    const session = driver.open();
    driver.ask(create('/q/e', { nodeKind: 'ephemeral' }), { session, epoch: 1 });
    driver.ask(setQuota('/q', { nodes: 1 }));
    expect(driver.answer({ kind: 'closeSession' }, { session, epoch: 1 })).toBe('done');
    expect(usage(driver, '/q')).toMatchObject({ nodes: 3 });
  });

  it('of a service counts the nodes that a first registration makes with it', () => {
    const driver = new Driver();
    const session = driver.open();
    const asking = { session, epoch: 1 };
    driver.ask(setQuota('/services', { nodes: 2 }));
    expect(driver.answer(register('web', 'a'), asking)).toBe('QUOTA_EXCEEDED');
    expect(driver.tree.get('/services')).toBeUndefined();
    driver.ask(setQuota('/services', { nodes: 3 }));
    expect(driver.answer(register('web', 'a'), asking)).toBe('registered');
    expect(driver.answer(register('web', 'a'), asking)).toBe('registered');
    expect(driver.answer(register('web', 'b'), asking)).toBe('QUOTA_EXCEEDED');
  });

  it('may be of a path where nothing stands, and outlives what stood there', () => {
    const driver = new Driver();
    driver.ask(setQuota('/q', { nodes: 1 }));
    driver.ask(create('/q'));
    expect(driver.answer(create('/q/a'))).toBe('QUOTA_EXCEEDED');
    driver.ask(remove('/q'));
    expect(usage(driver, '/q')).toMatchObject({ nodes: 0, bytes: 0 });
  });

  it('is lifted by two bounds of zero, which is remembered as its setting is', () => {
    const driver = withQuota({ nodes: 3 });
    driver.ask(setQuota('/q', {}));
    driver.ask(setQuota('/never', {}));
    expect(driver.tree.quotas()).toEqual([]);
    expect(driver.answer(create('/q/c'))).toBe('created');
    const { entries } = driver.tree.audit({ before: 0 as never, limit: 10 });
    expect(entries.map(({ action, subject, who }) => [action, subject, who])).toEqual([
      ['quota', '/q', 'ann'],
      ['quota', '/q', 'ann'],
    ]);
  });

  it('is found over nodes with thousands of ancestors without looking for each (rule R25)', () => {
    const driver = new Driver();
    driver.isChecking = false;
    driver.ask(setQuota('/a/a', { nodes: 1e6 }));
    driver.ask(setQuota('/b', { nodes: 1 }));
    for (const body of farDown(1_990, 300)) expect(driver.answer(body)).toBe('transacted');
    const path = '/a'.repeat(1_990);
    const operations = Array.from({ length: 300 }, (_, i) => set(`${path}/${i}`, 'x'));
    driver.ask({ kind: 'transact', guards: [], operations });
    expect(usage(driver, '/a/a')).toMatchObject({ nodes: 2_289, bytes: 300 });
    driver.ask(setQuota(path, { nodes: 301 }));
    expect(driver.answer(create(`${path}/one-more`))).toBe('QUOTA_EXCEEDED');
    driver.ask({ kind: 'deleteTree', path });
    expect(usage(driver, '/a/a')).toMatchObject({ nodes: 1_988, bytes: 0 });
  });

  it('beyond the number that is looked at on every change is refused', () => {
    const driver = new Driver();
    driver.isChecking = false;
    for (let i = 0; i < 1000; i++) driver.ask(setQuota(`/q${i}`, { nodes: 1 }));
    expect(driver.answer(setQuota('/one-more', { nodes: 1 }))).toBe('TOO_LARGE');
    expect(driver.answer(setQuota('/q7', { nodes: 2 }))).toBe('done');
  });

  it('of more nodes than are counted in one piece needs quotas on its parts first', () => {
    const driver = new Driver();
    driver.isChecking = false;
    driver.ask(create('/big'));
    for (let half = 0; half < 2; half++) {
      driver.ask(create(`/big/${half}`));
      for (let i = 0; i < 50; i++) {
        const name = (j: number) => `/big/${half}/${i * 1001 + j}`;
        const operations = Array.from({ length: 1001 }, (_, j) => create(name(j)));
        driver.ask({ kind: 'transact', guards: [], operations });
      }
    }
    expect(driver.ask(setQuota('/big', { nodes: 1e6 }))).toMatchObject({
      code: 'TOO_LARGE',
      detail: expect.stringContaining('quotas on its parts first'),
    });
    expect(driver.ask({ kind: 'deleteTree', path: '/big' })).toMatchObject({ code: 'TOO_LARGE' });
    driver.ask(setQuota('/big/0', { nodes: 1e6 }));
    driver.ask(setQuota('/big', { nodes: 1e6 }));
    expect(usage(driver, '/big')).toMatchObject({ nodes: 100_103 });
    driver.tree.checkTree();
  });
});
