/** Every call of the full contract over gRPC, on a real member. */
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { services } from '../../../src/rpc/definitions.js';
import { Harness } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

const { Tree, Sessions, Catalog, Cluster } = services;
const SECRET = Buffer.alloc(16, 7);
const refused = (code: number) => ({ code });
const byName = (code: string) => ({ detail: { code } });

describe('access lists', () => {
  it('are set by version, read, and shut out whoever is not on them', async () => {
    await harness.call(Tree.Create, { path: '/acl' });
    const mine = { scheme: 'ip', id: '127.0.0.1', permissions: 31 };
    const set = await harness.call(Tree.SetAcl, { path: '/acl', acl: [mine], version: 0 });
    expect(set.stat?.aclVersion).toBe(1);
    const got = await harness.call(Tree.GetAcl, { path: '/acl' });
    expect(got.acl.map((entry) => ({ ...entry }))).toEqual([mine]);
    expect(await harness.call(Tree.Get, { path: '/acl' })).toMatchObject({ node: {} });
    const stale = harness.call(Tree.SetAcl, { path: '/acl', acl: [mine], version: 0 });
    await expect(stale).rejects.toMatchObject(byName('BAD_VERSION'));
    const others = { scheme: 'ip', id: '10.9.9.9', permissions: 31 };
    await harness.call(Tree.SetAcl, { path: '/acl', acl: [others] });
    const denied = { ...refused(status.PERMISSION_DENIED), ...byName('DENIED') };
    await expect(harness.call(Tree.Get, { path: '/acl' })).rejects.toMatchObject(denied);
    await expect(harness.call(Tree.Set, { path: '/acl' })).rejects.toMatchObject(denied);
  });

  it('come with a node from its first moment', async () => {
    const acl = [{ scheme: 'digest', id: 'u:x', permissions: 31 }];
    await harness.call(Tree.Create, { path: '/acl2', acl });
    await expect(harness.call(Tree.Get, { path: '/acl2' })).rejects.toMatchObject(byName('DENIED'));
    const bad = { path: '/acl3', acl: [{ scheme: '', id: '', permissions: 99 }] };
    await expect(harness.call(Tree.Create, bad)).rejects.toMatchObject(byName('INVALID_ARGUMENT'));
    const none = harness.call(Tree.GetAcl, { path: '/none' });
    await expect(none).rejects.toMatchObject(byName('NO_NODE'));
  });
});

describe('subtrees', () => {
  it('are listed parents first, in pages, and deleted at one revision', async () => {
    for (const path of ['/sub', '/sub/a', '/sub/a/x', '/sub/b'])
      await harness.call(Tree.Create, { path });
    const paths: string[] = [];
    let after = '';
    do {
      const list = { path: '/sub', recursive: true, limit: 3, after };
      const page = await harness.call(Tree.List, list);
      paths.push(...page.nodes.map((node) => node.path));
      after = page.nextAfter;
    } while (after !== '');
    expect(paths).toEqual(['/sub', '/sub/a', '/sub/a/x', '/sub/b']);
    const { nodes } = await harness.call(Tree.Delete, { path: '/sub', recursive: true });
    expect(nodes).toBe(4);
    expect((await harness.call(Tree.Get, { path: '/sub' })).node).toBeUndefined();
  });

  it('are not deleted by version or inside a transaction', async () => {
    const bad = { path: '/sub2', recursive: true };
    const byVersion = harness.call(Tree.Delete, { ...bad, version: 0 });
    await expect(byVersion).rejects.toMatchObject(refused(status.INVALID_ARGUMENT));
    const inside = harness.call(Tree.Transact, { operations: [{ delete: bad }] });
    await expect(inside).rejects.toMatchObject(refused(status.INVALID_ARGUMENT));
  });
});

describe('quotas', () => {
  it('count what stands under a path and refuse what would be too much', async () => {
    await harness.call(Tree.Create, { path: '/q' });
    const by = { who: 'ann', reason: 'test' };
    await harness.call(Tree.SetQuota, { path: '/q', nodesMax: 2, bytesMax: 10, ...by });
    await harness.call(Tree.Create, { path: '/q/1', data: Buffer.alloc(4) });
    const { quotas } = await harness.call(Tree.Quotas, {});
    const [quota] = quotas;
    expect(quota).toMatchObject({ path: '/q', nodesMax: 2, bytesMax: 10, nodes: 2, bytes: 4 });
    const over = { ...refused(status.RESOURCE_EXHAUSTED), ...byName('QUOTA_EXCEEDED') };
    await expect(harness.call(Tree.Create, { path: '/q/2' })).rejects.toMatchObject(over);
    const large = { path: '/q/1', data: Buffer.alloc(11) };
    await expect(harness.call(Tree.Set, large)).rejects.toMatchObject(over);
    await harness.call(Tree.SetQuota, { path: '/q', ...by });
    expect((await harness.call(Tree.Quotas, {})).quotas).toEqual([]);
  });
});

describe('guards', () => {
  it('compare data and the list of children', async () => {
    await harness.call(Tree.Create, { path: '/g', data: Buffer.from('v') });
    const { node } = await harness.call(Tree.Get, { path: '/g' });
    const children = { path: '/g', childrenRevision: node!.stat!.childrenRevision };
    const data = { path: '/g', data: Buffer.from('v') };
    const operations = [{ create: { path: '/g/c' } }];
    await harness.call(Tree.Transact, { guards: [data, children], operations });
    const again = harness.call(Tree.Transact, { guards: [data, children], operations: [] });
    const failed = { detail: { code: 'GUARD_FAILED', position: -2 } };
    await expect(again).rejects.toMatchObject(failed);
  });
});

describe('sessions', () => {
  it('are listed with what is known of them, shown with their nodes, and revoked', async () => {
    const opened = await harness.call(Sessions.Open, { secret: SECRET, label: 'worker 1' });
    const unnamed = await harness.call(Sessions.Open, { secret: Buffer.alloc(16, 8) });
    const first = await harness.call(Sessions.List, { limit: 1 });
    expect(first.sessions[0]).toMatchObject({ session: opened.session, label: 'worker 1' });
    expect(first.sessions[0]).toMatchObject({ member: 'a', nodes: 0 });
    const next = await harness.call(Sessions.List, { after: first.nextAfter });
    expect(next.sessions[0]).toMatchObject({ session: unnamed.session, label: '127.0.0.1' });
    expect(next.nextAfter).toBe(0);
    const talk = harness.stream();
    const attach = { session: opened.session, secret: SECRET };
    talk.send({ operations: [{ id: 1, attach }] });
    await talk.response(1);
    const create = { path: '/eph', kind: 1 };
    talk.send({ operations: [{ id: 2, seq: 1, create }] });
    await talk.response(2);
    const got = await harness.call(Sessions.Get, { session: opened.session });
    expect([got.session?.nodes, got.paths]).toEqual([1, ['/eph']]);
    const act = { session: opened.session, who: 'ann', reason: 'stuck' };
    expect((await harness.call(Sessions.Revoke, act)).nodes).toBe(1);
    const { ended } = await talk.items.next((item) => item.ended !== undefined);
    expect(ended?.cause).toBe('revoked');
    const gone = harness.call(Sessions.Get, { session: opened.session });
    await expect(gone).rejects.toMatchObject(byName('SESSION_EXPIRED'));
    const { entries } = await harness.call(Cluster.Audit, { limit: 1 });
    const subject = `${opened.session}`;
    expect(entries[0]).toMatchObject({ action: 'revoke', subject, who: 'ann', why: 'stuck' });
    talk.cancel();
  });
});

describe('services', () => {
  it('have settings that are compared and set', async () => {
    const fields = { timeout: '3s' };
    const settings = { policy: 'p2c', minimumHealthy: 50, fields };
    const made = await harness.call(Catalog.SetService, { service: 'set', settings, version: 0 });
    expect(made.settings).toMatchObject({ policy: 'p2c', minimumHealthy: 50, fields, version: 0 });
    const got = await harness.call(Catalog.GetService, { service: 'set' });
    expect(got).toMatchObject({ exists: true, instances: 0, subscribers: 0 });
    expect(got.settings).toMatchObject({ policy: 'p2c', revision: made.revision });
    const again = { service: 'set', settings, version: 5 };
    const stale = harness.call(Catalog.SetService, again);
    await expect(stale).rejects.toMatchObject(byName('BAD_VERSION'));
    const never = await harness.call(Catalog.GetService, { service: 'never' });
    expect(never).toMatchObject({ exists: false, settings: { revision: 0 } });
    const bad = { service: 'set', settings: { minimumHealthy: 101 } };
    const refusal = harness.call(Catalog.SetService, bad);
    await expect(refusal).rejects.toMatchObject(byName('INVALID_ARGUMENT'));
  });

  it('keep an override in force over whoever registers under the id', async () => {
    const drain = { service: 'o', id: 'x', action: 'drain', who: 'ann', reason: 'kernel' };
    const { revision } = await harness.call(Catalog.SetOverride, { ...drain, until: 0 });
    const override = { action: 'drain', who: 'ann', reason: 'kernel', until: 0, revision };
    const instance = { service: 'o', id: 'x', port: 1 };
    const registered = await harness.call(Catalog.Register, { ...instance, static: true });
    expect(registered.instance).toMatchObject({ overridden: true, state: 3, override });
    const listed = await harness.call(Catalog.Instances, { service: 'o' });
    expect(listed.instances[0]).toMatchObject({ overridden: true, override });
    const hold = harness.follow(Catalog.Hold, { ...instance, takeover: true });
    expect((await hold.next()).instance).toMatchObject({ overridden: true, override });
    const all = await harness.call(Catalog.Overrides, {});
    expect(all.overrides).toMatchObject([{ service: 'o', id: 'x', override }]);
    await harness.call(Catalog.LiftOverride, { service: 'o', id: 'x', who: 'ann' });
    const lifted = await hold.next();
    expect(lifted.instance).toMatchObject({ overridden: false, override: undefined, state: 2 });
    hold.cancel();
    const bad = harness.call(Catalog.SetOverride, { ...drain, action: 'kill' });
    await expect(bad).rejects.toMatchObject(byName('INVALID_ARGUMENT'));
  });

  it('remember who left, why and through which member', async () => {
    const label = 'job 7';
    const hold = harness.follow(Catalog.Hold, { service: 'd', id: 'x', port: 1, label });
    await hold.next();
    const { sessions } = await harness.call(Sessions.List, {});
    expect(sessions.map((session) => session.label)).toContain(label);
    const act = { service: 'd', id: 'x', who: 'ann', reason: 'broken' };
    await harness.call(Catalog.Deregister, act);
    await hold.end();
    const { departures } = await harness.call(Catalog.Departures, { service: 'd', id: 'x' });
    const reason = { reason: 'deregistered', who: 'ann', why: 'broken', member: 'a' };
    expect(departures).toMatchObject([{ service: 'd', id: 'x', port: 1, ...reason }]);
    const { entries } = await harness.call(Cluster.Audit, { limit: 1 });
    expect(entries[0]).toMatchObject({ action: 'deregister', subject: 'd/x', who: 'ann' });
  });

  it('give their instances in pages, by a token that is checked', async () => {
    for (const id of ['3', '1', '2'])
      await harness.call(Catalog.Register, { service: 'p', id, port: 1, static: true });
    const first = await harness.call(Catalog.Instances, { service: 'p', limit: 2 });
    expect(first.instances.map(({ id }) => id)).toEqual(['3', '1']);
    const after = first.nextAfter;
    const rest = await harness.call(Catalog.Instances, { service: 'p', limit: 2, after });
    expect([rest.instances.map(({ id }) => id), rest.nextAfter]).toEqual([['2'], '']);
    for (const garbage of ['x', '1', '1.', '.1', '-1.0', '1e3.0', '9007199254740993.0', '1.0.0']) {
      const bad = harness.call(Catalog.Instances, { service: 'p', after: garbage });
      await expect(bad).rejects.toMatchObject(byName('INVALID_ARGUMENT'));
    }
  });
});

describe('the cluster', () => {
  it('says how each member fares', async () => {
    const shown = await harness.call(Cluster.Status, {});
    expect(shown).toMatchObject({ disk: 'ok', corrupt: false });
    expect(shown.diskFreeBytes).toBeGreaterThan(0);
    const { members } = await harness.call(Cluster.Members, {});
    expect(members).toMatchObject([{ name: 'a', disk: 'ok' }]);
  });

  it('gives its audit in pages, newest first', async () => {
    const all = await harness.call(Cluster.Audit, {});
    const first = await harness.call(Cluster.Audit, { limit: 2 });
    const rest = await harness.call(Cluster.Audit, { before: first.nextBefore });
    const revisions = [...first.entries, ...rest.entries].map(({ revision }) => revision);
    expect(revisions).toEqual(all.entries.map(({ revision }) => revision));
    expect(revisions).toEqual([...revisions].sort((a, b) => b - a));
  });
});

describe('a stream', () => {
  it('carries access lists, recursive lists and deletes', async () => {
    const talk = harness.stream();
    const acl = [{ scheme: 'world', id: 'anyone', permissions: 31 }];
    talk.send({
      operations: [
        { id: 1, create: { path: '/s' } },
        { id: 2, create: { path: '/s/t' } },
        { id: 3, setAcl: { path: '/s', acl } },
        { id: 4, getAcl: { path: '/s' } },
        { id: 5, list: { path: '/s', recursive: true, limit: 1 } },
        { id: 6, delete: { path: '/s', recursive: true } },
        { id: 7, getAcl: { path: '/s' } },
      ],
    });
    expect((await talk.response(3)).set?.stat?.aclVersion).toBe(1);
    expect((await talk.response(4)).getAcl?.acl).toMatchObject(acl);
    expect((await talk.response(5)).list).toMatchObject({ nextAfter: '/s' });
    expect((await talk.response(6)).delete?.nodes).toBe(2);
    expect((await talk.response(7)).error?.code).toBe('NO_NODE');
    talk.cancel();
  });
});
