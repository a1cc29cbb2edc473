/** Calls on nodes beyond the plain ones: access lists, subtrees, guards, namespaces, against members here. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Client, WatchEvent } from '../../src/client/index.js';
import { startTestCluster, type TestCluster } from '../../src/testing/index.js';
import { READ } from '../../src/types/node.js';

let cluster: TestCluster;
let client: Client;

beforeAll(async () => {
  cluster = await startTestCluster({ members: 1 });
  client = cluster.connect();
});

afterAll(() => cluster.close());

let names = 0;
const fresh = (prefix: string): string => `/${prefix}${names++}`;

describe('an access list', () => {
  const open = [{ scheme: 'world', id: 'anyone', permissions: 31 }];
  const readOnly = [{ scheme: 'world', id: 'anyone', permissions: READ }];

  test('is given at creation, and kept to', async () => {
    const path = fresh('a');
    await client.create(path, '', { acl: readOnly });
    expect(await client.acl(path)).toMatchObject({ acl: readOnly, stat: { aclVersion: 0 } });
    await expect(client.set(path, 'x')).rejects.toMatchObject({ code: 'DENIED' });
  });

  test('is replaced, with its own version as a condition', async () => {
    const path = fresh('a');
    await client.create(path);
    const { stat } = await client.setAcl(path, open, { version: 0 });
    expect(stat.aclVersion).toBe(1);
    await expect(client.setAcl(path, open, { version: 0 })).rejects.toMatchObject({
      code: 'BAD_VERSION',
    });
    expect((await client.acl(path))!.acl).toEqual(open);
  });

  test('of nothing is undefined', async () => {
    expect(await client.acl(fresh('none'))).toBeUndefined();
  });
});

describe('a subtree', () => {
  test('is listed in pages, parents first, and goes at one revision', async () => {
    const path = fresh('t');
    await client.transact((t) =>
      t.create(path).create(`${path}/b`).create(`${path}/a`).create(`${path}/a/x`),
    );
    const all = await client.list(path, { recursive: true });
    const expected = [path, `${path}/a`, `${path}/a/x`, `${path}/b`];
    expect(all.nodes.map((node) => node.path)).toEqual(expected);
    const first = await client.list(path, { recursive: true, limit: 3 });
    const second = await client.list(path, { recursive: true, after: first.next });
    expect([...first.nodes, ...second.nodes].map((node) => node.path)).toEqual(expected);
    expect((await client.delete(path, { recursive: true })).nodes).toBe(4);
    expect(await client.get(path)).toBeUndefined();
  });

  test('of one node is one', async () => {
    const path = fresh('t');
    await client.create(path);
    expect((await client.delete(path)).nodes).toBe(1);
  });
});

describe('a transaction', () => {
  test('is guarded by data and by the list of children', async () => {
    const path = fresh('g');
    await client.create(path, 'now');
    const before = (await client.get(path))!.stat.childrenRevision;
    await client.transact((t) => t.check(path, { data: 'now' }).create(`${path}/a`));
    const late = client.transact((t) =>
      t.check(path, { childrenRevision: before }).create(`${path}/b`),
    );
    await expect(late).rejects.toMatchObject({ code: 'GUARD_FAILED', position: -1 });
    const other = client.transact((t) => t.check(path, { data: 'then' }).create(`${path}/b`));
    await expect(other).rejects.toMatchObject({ code: 'GUARD_FAILED' });
  });

  test('names the guard or the operation that refused', async () => {
    const path = fresh('g');
    const second = client.transact((t) => t.create(path).create(path));
    await expect(second).rejects.toMatchObject({ code: 'NODE_EXISTS', position: 1 });
    const first = client.transact((t) => t.set(path, '').create(`${path}/x`));
    await expect(first).rejects.toMatchObject({ code: 'NO_NODE', position: 0 });
    const guard = client.transact((t) =>
      t.check('/', { exists: true }).check(path, { exists: true }).create(path),
    );
    await expect(guard).rejects.toMatchObject({ position: -2 });
    await expect(client.set(path, '')).rejects.toMatchObject({ position: undefined });
  });
});

describe('a namespace', () => {
  test('stands in front of every path that goes, and of none that comes back', async () => {
    const root = fresh('ns');
    await client.create(root);
    const inside = cluster.connect({ namespace: root });
    const { path } = await inside.create('/a', 'x');
    expect(path).toBe('/a');
    expect(String((await client.get(`${root}/a`))!.data)).toBe('x');
    expect((await inside.get('/a'))!.path).toBe('/a');
    expect((await inside.get('/'))!.path).toBe('/');
    expect((await inside.list('/')).nodes.map((node) => node.path)).toEqual(['/a']);
    const first = await inside.list('/', { recursive: true, limit: 1 });
    expect([first.nodes[0]!.path, first.next]).toEqual(['/', '/']);
    const rest = await inside.list('/', { recursive: true, after: first.next });
    expect(rest.nodes.map((node) => node.path)).toEqual(['/a']);
    const done = await inside.transact((t) => t.check('/a', { version: 0 }).create('/b'));
    expect(done.results[0]).toMatchObject({ path: '/b' });
    await inside.delete('/b');
    expect(await client.get(`${root}/b`)).toBeUndefined();
  });

  test('holds for watches and sessions, and not for services', async () => {
    const root = fresh('ns');
    await client.create(root);
    const inside = cluster.connect({ namespace: root });
    const events: WatchEvent[] = [];
    const watching = inside.watch('/', { scope: 'subtree' });
    watching.subscribe((event) => events.push(event));
    const session = await inside.session();
    await session.create('/mine');
    await expect
      .poll(() => events.flatMap((event) => (event.type === 'change' ? event.changes : [])))
      .toMatchObject([{ path: '/mine', node: { path: '/mine' }, type: 'created' }]);
    expect(events[0]).toMatchObject({ type: 'snapshot', nodes: [{ path: '/' }] });
    await watching.close();
    const registration = await inside.register('spaced', { port: 1 });
    onTestFinished(() => registration.close());
    expect((await client.instances('spaced')).instances).toHaveLength(1);
    expect((await inside.discover('spaced').ready()).instances).toHaveLength(1);
    expect((await session.get('/mine'))!.stat.owner).toBe(session.id);
  });

  test('does not make a path of what is none', async () => {
    const inside = cluster.connect({ namespace: '/somewhere' });
    await expect(inside.get('relative')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(inside.get('/../else')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

test('more instances than a page holds are all listed, in the order of joining', async () => {
  const total = 1_050;
  const ids = Array.from({ length: total }, (_, i) => `i${i}`);
  const taken = await Promise.all(
    ids.map((id) => client.register('many', { port: 1, address: '10.0.0.1' }, { id })),
  );
  const { instances, revision } = await client.instances('many');
  expect(instances.map(({ id }) => id)).toEqual(ids);
  expect(revision).toBeGreaterThanOrEqual(taken.at(-1)!.revision);
}, 30_000);
