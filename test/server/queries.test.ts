/** Every question about the state, its pages, and what it answers when there is nothing. */
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/server/clients/queries.js';
import type { Answer, Query } from '../../src/server/service.js';
import { PAGE_NODES_MAX } from '../../src/types/limits.js';
import { create, Driver, register } from '../tree/driver.js';
import { rev, sid } from './support.js';
import { Setting } from './watch-setting.js';

const nobody = { identities: [], hub: { subscribersOf: () => 0 } };

function begin() {
  const driver = new Driver();
  driver.isChecking = false;
  const ask = <T extends Answer['type']>(query: Query) =>
    evaluate(driver.tree, query, nobody) as Answer & { readonly type: T };
  return { driver, ask };
}

describe('a list of nodes', () => {
  it('of a place that is not there says so; of one without children is empty', () => {
    const { driver, ask } = begin();
    driver.apply(create('/a'));
    const page = { after: '', limit: 0, withData: false } as const;
    for (const type of ['list', 'subtree'] as const)
      expect(ask({ type, path: '/none', ...page })).toMatchObject({ nodes: undefined });
    expect(ask({ type: 'list', path: '/a', ...page })).toMatchObject({ nodes: [], more: false });
    expect(ask({ type: 'acl', path: '/none' })).toEqual({ type: 'acl', found: undefined });
  });

  it('of a subtree comes in pages, parents first, without data unless it is wanted', () => {
    const { driver, ask } = begin();
    for (const path of ['/a', '/a/b', '/a/b/c', '/a/d'])
      driver.apply(create(path, { data: new Uint8Array(3) }));
    const seen: string[] = [];
    for (let after = ''; ; ) {
      const query = { type: 'subtree', path: '/a', after, limit: 2, withData: false } as const;
      const { nodes, more } = ask<'nodes'>(query);
      for (const { path, data } of nodes!) {
        seen.push(path);
        expect(data).toHaveLength(0);
      }
      if (!more) break;
      after = seen.at(-1)!;
    }
    expect(seen).toEqual(['/a', '/a/b', '/a/b/c', '/a/d']);
  });

  it('of instances comes in the order of joining, behind a place in it', () => {
    const { driver, ask } = begin();
    const ids = ['c', 'a', 'b', 'e', 'd'];
    for (const id of ids) driver.apply(register('web', id, { isStatic: true }));
    const query = { type: 'instances', service: 'web', limit: 2 } as const;
    const seen: string[] = [];
    for (let after: { createRevision: never; ordinal: number } | undefined; ; ) {
      const { nodes, more } = ask<'nodes'>({ ...query, after });
      seen.push(...nodes!.map(({ path }) => path.slice('/services/web/'.length)));
      if (!more) break;
      const { createRevision, ordinal } = nodes!.at(-1)!.stat;
      after = { createRevision: createRevision as never, ordinal };
    }
    expect(seen).toEqual(ids);
    expect(ask({ ...query, service: 'none', after: undefined })).toMatchObject({ nodes: [] });
  });

  it('never has more than a page, whatever is asked for', () => {
    const { driver, ask } = begin();
    for (let i = 0; i <= PAGE_NODES_MAX; i++) driver.apply(create(`/${i}`));
    for (const limit of [0, -1, 1e9]) {
      const query = { type: 'list', path: '/', after: '', limit, withData: true } as const;
      const { nodes, more } = ask<'nodes'>(query);
      expect([nodes!.length, more]).toEqual([PAGE_NODES_MAX, true]);
    }
  });
});

describe('a service', () => {
  it('is shown with its settings, its instances and its subscribers', () => {
    const { driver } = begin();
    driver.apply(register('web', 'a', { isStatic: true }));
    const data = new TextEncoder().encode('{"policy":"p2c","minimumHealthy":50}');
    const set = { kind: 'setSettings', service: 'web', version: -1, who: 'ann', why: '' } as const;
    const { revision } = driver.apply({ ...set, data }).applied!;
    const asker = { identities: [], hub: { subscribersOf: () => 7 } };
    const query = { type: 'service', service: 'web' } as const;
    expect(evaluate(driver.tree, query, asker)).toMatchObject({
      service: {
        exists: true,
        settings: { policy: 'p2c', minimumHealthy: 50 },
        version: 1,
        settingsRevision: revision,
        instances: 1,
        subscribers: 7,
      },
    });
  });

  it('that is not there has no settings and nobody in it', () => {
    expect(begin().ask({ type: 'service', service: 'none' })).toMatchObject({
      service: { exists: false, version: 0, settingsRevision: 0, instances: 0, subscribers: 0 },
    });
  });

  it('counts as subscribers all watches that see its instances, without a look at each', () => {
    const setting = new Setting();
    const { hub } = setting;
    const readers = [
      setting.reader('/services/web', 'children'),
      setting.reader('/services/web', 'subtree'),
      setting.reader('/services', 'subtree'),
      setting.reader('/', 'subtree'),
      // Of one node only: every registration has that of its own.
      setting.reader('/services/web/a', 'node'),
      setting.reader('/services/web', 'node'),
      setting.reader('/services/other', 'children'),
      setting.reader('/services', 'children'),
      setting.reader('/elsewhere', 'subtree'),
    ];
    expect(hub.subscribersOf('web')).toBe(4);
    expect(hub.subscribersOf('other')).toBe(3);
    for (const reader of readers) hub.stopAll(reader.gate);
    expect(hub.subscribersOf('web')).toBe(0);
  });
});

describe('a list for operators', () => {
  it('of sessions comes in pages, in the order of their opening', () => {
    const { driver, ask } = begin();
    const opened = [1, 2, 3].map((n) => driver.open({ label: `l${n}` }));
    const first = ask<'sessions'>({ type: 'sessions', after: sid(0), limit: 2 });
    expect([first.sessions.map(({ label }) => label), first.more]).toEqual([['l1', 'l2'], true]);
    const next = ask<'sessions'>({ type: 'sessions', after: opened[1]!, limit: 2 });
    expect([next.sessions.map(({ id }) => id), next.more]).toEqual([[opened[2]], false]);
  });

  it('of one session has the paths of its nodes, in pages; of none says so', () => {
    const { driver, ask } = begin();
    const session = driver.open();
    const asking = { session, epoch: 1 };
    ['/c', '/a', '/b'].forEach((path, i) => {
      driver.apply(create(path, { nodeKind: 'ephemeral' }), { ...asking, seq: i + 1 });
    });
    const query = { type: 'session', session, limit: 2 } as const;
    expect(ask({ ...query, after: '' })).toMatchObject({ paths: ['/a', '/b'], more: true });
    expect(ask({ ...query, after: '/b' })).toMatchObject({ paths: ['/c'], more: false });
    const none = { ...query, session: sid(99), after: '' };
    expect(ask(none)).toMatchObject({ session: undefined, paths: [], more: false });
  });

  it('of acts, overrides, departures and quotas shows what was done', () => {
    const { driver, ask } = begin();
    driver.apply(register('web', 'a', { isStatic: true }));
    const drain = { kind: 'setOverride', service: 'web', id: 'a', action: 'drain' } as const;
    driver.apply({ ...drain, who: 'ann', reason: 'deploy', until: 0 });
    const limits = { nodes: 10, bytes: 0 };
    driver.apply({ kind: 'setQuota', path: '/services', limits, who: 'bob', why: '' });
    driver.apply({
      kind: 'deregister',
      ...{ service: 'web', id: 'a', incarnation: rev(0), who: 'ann', why: 'gone' },
    });
    const { entries } = ask<'audit'>({ type: 'audit', before: rev(0), limit: 0 });
    expect(entries.map(({ action }) => action)).toEqual(['deregister', 'quota', 'drain']);
    const all = { type: 'overrides', service: '', after: '', limit: 0 } as const;
    expect(ask<'overrides'>(all).overrides.map(({ id }) => id)).toEqual(['a']);
    const departures = { type: 'departures', service: 'web' } as const;
    for (const id of ['', 'a'])
      expect(ask<'departures'>({ ...departures, id }).departures).toHaveLength(1);
    expect(ask<'departures'>({ ...departures, id: 'b' }).departures).toEqual([]);
    expect(ask<'quotas'>({ type: 'quotas' }).quotas.map(({ path }) => path)).toEqual(['/services']);
  });
});
