/** What operators do: revoking, settings, overrides that end; and that it can be read back who did it. */
import { describe, expect, it } from 'vitest';
import { encodeSettings } from '../../src/codec/settings.js';
import type { SetOverride, SetSettings } from '../../src/types/command.js';
import { NO_SETTINGS } from '../../src/types/settings.js';
import { A, bytes, create, Driver, MEMBER, register, remove, rev, set, sid } from './driver.js';

const newest = { before: rev(0), limit: 100 };
const acts = (driver: Driver) =>
  driver.tree
    .audit(newest)
    .entries.map(({ action, subject, who, why }) => [action, subject, who, why]);

describe('revoking a session', () => {
  it('ends it with its nodes at one revision, and says who did it', () => {
    const driver = new Driver();
    const session = driver.open({ secret: 1 });
    const own = { session, epoch: 1 };
    driver.ask(create('/e', { nodeKind: 'ephemeral' }), own);
    driver.ask(register('web', 'a'), own);
    const body = { kind: 'revokeSession', session, who: 'ann', why: 'rogue' } as const;
    const { applied, events, session: change } = driver.apply(body);
    expect(applied!.outcome).toEqual({ type: 'removed', nodes: 2 });
    expect(events.map(({ type, path, cause }) => [type, path, cause])).toEqual([
      ['deleted', '/e', 'revoke'],
      ['deleted', '/services/web/a', 'revoke'],
    ]);
    expect(change).toEqual({ type: 'ended', session, cause: 'revoke' });
    expect(acts(driver)).toEqual([['revoke', `${session}`, 'ann', 'rogue']]);
    expect(driver.answer(create('/f'), own)).toBe('SESSION_EXPIRED');
  });

  it('that does not exist is refused and not remembered', () => {
    const driver = new Driver();
    const body = { kind: 'revokeSession', session: sid(7), who: 'ann', why: '' } as const;
    expect(driver.answer(body)).toBe('SESSION_EXPIRED');
    expect(acts(driver)).toEqual([]);
  });

  it('may be asked by that session itself', () => {
    const driver = new Driver();
    const session = driver.open();
    const body = { kind: 'revokeSession', session, who: 'ann', why: '' } as const;
    expect(driver.answer(body, { session, epoch: 1, seq: 1 })).toBe('removed');
    expect(driver.tree.sessionCount).toBe(0);
  });
});

describe('the settings of a service', () => {
  const some = { policy: 'p2c', minimumHealthy: 50, fields: { team: 'search' } };
  const settings = (version: number, data = encodeSettings(some)): SetSettings => ({
    kind: 'setSettings',
    service: 'web',
    data,
    version,
    who: 'ann',
    why: 'launch',
  });

  it('make the service when there is none', () => {
    const driver = new Driver();
    const { applied, events } = driver.apply(settings(0));
    expect(applied!.outcome).toMatchObject({
      type: 'set',
      stat: { kind: 'container', version: 0 },
    });
    expect(events.map(({ type, path }) => [type, path])).toEqual([
      ['created', '/services'],
      ['created', '/services/web'],
    ]);
    const { revision } = driver.tree;
    expect(driver.tree.settings('web')).toEqual({ settings: some, version: 0, revision });
    expect(acts(driver)).toEqual([['settings', 'web', 'ann', 'launch']]);
  });

  it.each([
    [-1, 'set', 'set'],
    [0, 'set', 'BAD_VERSION'],
    [1, 'BAD_VERSION', 'set'],
    [2, 'BAD_VERSION', 'BAD_VERSION'],
  ])(
    'expected at version %i: %s when absent or unset, %s once changed',
    (version, fresh, changed) => {
      expect(new Driver().answer(settings(version))).toBe(fresh);
      const driver = new Driver();
      driver.ask(register('web', 'a', { isStatic: true }));
      expect(driver.answer(settings(version))).toBe(version === 1 ? 'BAD_VERSION' : fresh);
      const other = new Driver();
      other.ask(register('web', 'a', { isStatic: true }));
      other.ask(settings(0));
      expect(other.answer(settings(version))).toBe(changed);
    },
  );

  it('are none while nobody set any, or when what stands there is none', () => {
    const driver = new Driver();
    expect(driver.tree.settings('web')).toBeUndefined();
    driver.ask(register('web', 'a', { isStatic: true }));
    const unset = { settings: NO_SETTINGS, version: 0, revision: 0 };
    expect(driver.tree.settings('web')).toEqual(unset);
    driver.ask(set('/services/web', '{not json'));
    const { revision } = driver.tree;
    expect(driver.tree.settings('web')).toEqual({ settings: NO_SETTINGS, version: 1, revision });
  });

  it('that are refused are not remembered', () => {
    const driver = new Driver();
    driver.ask(settings(3));
    expect(acts(driver)).toEqual([]);
    expect(driver.tree.get('/services')).toBeUndefined();
  });
});

describe('an override that ends by itself', () => {
  const override = (options: Partial<SetOverride> = {}): SetOverride => ({
    kind: 'setOverride',
    service: 'web',
    id: 'a',
    action: 'drain',
    who: 'ann',
    reason: 'disk',
    until: 5000,
    ...options,
  });

  it('is among those to watch until it is lifted or set for good', () => {
    const driver = new Driver();
    driver.ask(override());
    driver.ask(override({ id: 'b', until: 0 }));
    const timed = () => [...driver.tree.timedOverrides()].map(({ id }) => id);
    expect(timed()).toEqual(['a']);
    driver.ask(override({ until: 0 }));
    expect(timed()).toEqual([]);
    driver.ask(override());
    driver.ask(override({ action: 'lift' }));
    expect(timed()).toEqual([]);
  });

  it('ends once, unless it was set again since', () => {
    const driver = new Driver();
    driver.ask(register('web', 'a', { isStatic: true }));
    driver.ask(override());
    const first = driver.tree.revision;
    driver.ask(override({ reason: 'still' }));
    const second = driver.tree.revision;
    const expire = (revision: number) =>
      driver.apply({ kind: 'expireOverride', service: 'web', id: 'a', revision: rev(revision) });
    expect(expire(first).events).toEqual([]);
    expect(expire(second).events).toMatchObject([{ type: 'overridden', cause: 'operator' }]);
    expect(expire(second).events).toEqual([]);
    expect(driver.tree.get('/services/web/a')).not.toHaveProperty('override');
    expect(acts(driver)[0]).toEqual(['overrideExpired', 'web/a', 'ann', 'still']);
    expect(acts(driver)).toHaveLength(3);
  });

  it('says to whom it turns away who set it, why, and for how long', () => {
    const driver = new Driver();
    const session = driver.open();
    const answer = () => driver.ask(register('web', 'a'), { session, epoch: 1 });
    driver.ask(override({ action: 'deregister', until: driver.time + 62_000 }));
    expect(answer()).toMatchObject({
      code: 'DENIED',
      detail: '/services/web/a was deregistered by ann (disk), for another 60 s',
    });
    driver.ask(override({ action: 'deregister', until: 0, who: '', reason: '' }));
    expect(answer()).toMatchObject({
      detail: '/services/web/a was deregistered by an operator, until that is lifted',
    });
  });

  it('is listed in the order of names, in pages, of one service or of all', () => {
    const driver = new Driver();
    for (const [service, id] of [
      ['web', 'b'],
      ['db', 'x'],
      ['web', 'a'],
      ['api', 'z'],
    ] as const)
      driver.ask(override({ service, id }));
    const page = (service: string, after: string, limit: number) => {
      const { overrides, more } = driver.tree.overridesPage({ service, after, limit });
      return [...overrides.map((each) => `${each.service}/${each.id}`), more];
    };
    expect(page('', '', 3)).toEqual(['api/z', 'db/x', 'web/a', true]);
    expect(page('', 'web/a', 3)).toEqual(['web/b', false]);
    expect(page('web', '', 1)).toEqual(['web/a', true]);
    expect(page('web', 'web/a', 1)).toEqual(['web/b', false]);
  });
});

describe('the audit', () => {
  it('has every act once, newest first, in pages', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.ask(register('web', 'a'), { session, epoch: 1 });
    const target = { service: 'web', id: 'a', who: 'ann', reason: 'r', until: 0 };
    driver.ask({ kind: 'setOverride', ...target, action: 'drain' });
    driver.ask({ kind: 'setOverride', ...target, action: 'lift' });
    driver.ask({ kind: 'setOverride', ...target, action: 'lift' });
    driver.ask({ kind: 'deregister', ...A, incarnation: rev(0), who: 'bob', why: 'w' });
    driver.ask({ kind: 'setOverride', ...target, action: 'deregister' });
    expect(acts(driver)).toEqual([
      ['deregister', 'web/a', 'ann', 'r'],
      ['deregister', 'web/a', 'bob', 'w'],
      ['undrain', 'web/a', 'ann', 'r'],
      ['drain', 'web/a', 'ann', 'r'],
    ]);
    const first = driver.tree.audit({ before: rev(0), limit: 3 });
    expect([first.entries.length, first.more]).toEqual([3, true]);
    const next = driver.tree.audit({ before: first.entries[2]!.revision, limit: 3 });
    expect([next.entries.map(({ action }) => action), next.more]).toEqual([['drain'], false]);
    expect(next.entries[0]!.time).toBeLessThan(driver.time);
  });

  it('keeps the last of very many', () => {
    const driver = new Driver();
    driver.isChecking = false;
    for (let i = 0; i < 10_010; i++) {
      const action = i % 2 === 0 ? 'drain' : 'lift';
      driver.ask({
        kind: 'setOverride',
        service: 's',
        id: `${i >> 1}`,
        action,
        who: '',
        reason: '',
        until: 0,
      });
    }
    const oldest = driver.tree.audit({ before: rev(12), limit: 100 });
    expect(oldest).toMatchObject({ entries: [{ subject: 's/5', revision: 11 }], more: false });
    driver.tree.checkTree();
  });
});

describe('sessions as operators see them', () => {
  it('say who they are, since when, and where they are attached', () => {
    const driver = new Driver();
    const session = driver.open({ secret: 1, label: 'web on host-1, pid 7' });
    const opened = driver.time;
    const elsewhere = '00000000000000bb';
    expect(driver.tree.sessionInfo(session)).toMatchObject({
      label: 'web on host-1, pid 7',
      openedTime: opened,
      member: MEMBER,
      ephemeralCount: 0,
    });
    const secretHash = new Uint8Array(32);
    secretHash[3] = 1;
    driver.ask({ kind: 'attachSession', session, secretHash }, { member: elsewhere });
    expect(driver.tree.sessionInfo(session)).toMatchObject({
      member: elsewhere,
      openedTime: opened,
    });
    expect(driver.tree.sessionInfo(sid(99))).toBeUndefined();
  });

  it('come in the order of their ids, in pages', () => {
    const driver = new Driver();
    const ids = Array.from({ length: 5 }, () => driver.open());
    driver.ask({ kind: 'closeSession' }, { session: ids[2]!, epoch: 1 });
    const page = (after: number, limit: number) => {
      const { sessions, more } = driver.tree.sessionInfos({ after: sid(after), limit });
      return [sessions.map(({ id }) => id), more];
    };
    expect(page(0, 3)).toEqual([[ids[0], ids[1], ids[3]], true]);
    expect(page(ids[3]!, 3)).toEqual([[ids[4]], false]);
  });

  it('list their nodes in the order of paths, however many and however made', () => {
    const driver = new Driver();
    driver.isChecking = false;
    const session = driver.open();
    const paths = Array.from({ length: 500 }, (_, i) => `/n${(i * 7919) % 500}`);
    for (const path of paths)
      driver.ask(create(path, { nodeKind: 'ephemeral' }), { session, epoch: 1 });
    const sorted = [...paths].sort();
    const read = (after: string, limit: number) =>
      driver.tree.ephemeralsPage(session, { after, limit });
    expect(read('', 10)).toEqual({ paths: sorted.slice(0, 10), more: true });
    expect(read(sorted[9]!, 10)).toEqual({ paths: sorted.slice(10, 20), more: true });
    expect(read(sorted[489]!, 10)).toEqual({ paths: sorted.slice(490), more: false });
    expect(driver.tree.ephemeralsPage(sid(99), { after: '', limit: 3 })).toEqual({
      paths: [],
      more: false,
    });
  });
});

it('a mark for the comparison of digests changes nothing but the revision', () => {
  const driver = new Driver();
  driver.ask(create('/a', { data: bytes('x') }));
  driver.ask(remove('/a'));
  const before = driver.tree.digest();
  expect(driver.apply({ kind: 'markDigest' })).toMatchObject({ events: [] });
  expect(driver.tree.digest()).toBe(before);
});
