/**
 * The SDK against real clusters: members as processes that are killed and stopped, servers that come and
 * go, and programs that use the package as anyone would.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Client, RollEvent } from '../../src/client/index.js';
import { connect } from '../../src/client/index.js';
import { TestCluster, type TestMember } from '../support/cluster.js';

let cluster: TestCluster;
const ends: (() => Promise<void>)[] = [];
const onEnd = (close: () => Promise<void>) => void ends.push(close);

beforeAll(async () => {
  cluster = await TestCluster.start({ members: 3, onEnd });
}, 30_000);

afterAll(async () => {
  for (const end of ends) await end();
});

function client(): Client {
  const made = connect(cluster.endpoints);
  onTestFinished(() => made.close());
  return made;
}

let names = 0;

function fresh(prefix: string): string {
  return `${prefix}${process.pid}-${names++}`;
}

async function listening() {
  const server = createServer((_, response) => response.end('hello')).listen(0);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return server;
}

describe('nodes', () => {
  test('are created, read, changed, listed and deleted', async () => {
    const tree = client();
    const path = `/${fresh('n')}`;
    const created = await tree.create(path, 'one');
    expect(created.path).toBe(path);
    expect(String((await tree.get(path))!.data)).toBe('one');
    const { stat } = await tree.set(path, 'two', { version: 0 });
    expect(stat.version).toBe(1);
    await tree.create(`${path}/b`, '2');
    const { path: first } = await tree.create(`${path}/a-`, '1', { sequential: true });
    expect(first).toBe(`${path}/a-0000000001`);
    const { nodes } = await tree.list(path, { withData: true });
    expect(nodes.map((node) => [node.path.slice(path.length + 1), String(node.data)])).toEqual([
      ['a-0000000001', '1'],
      ['b', '2'],
    ]);
    const page = await tree.list(path, { limit: 1 });
    expect([page.nodes.length, page.next]).toEqual([1, 'a-0000000001']);
    await tree.delete(first);
    await tree.delete(`${path}/b`);
    await tree.delete(path);
    expect(await tree.get(path)).toBeUndefined();
  });

  test('refuse with codes', async () => {
    const tree = client();
    const path = `/${fresh('n')}`;
    await tree.create(path);
    await expect(tree.create(path)).rejects.toMatchObject({ code: 'NODE_EXISTS' });
    await expect(tree.set(path, '', { version: 9 })).rejects.toMatchObject({ code: 'BAD_VERSION' });
    await expect(tree.set(`${path}/x`, '')).rejects.toMatchObject({ code: 'NO_NODE' });
    await expect(tree.get('relative')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(tree.create(path, '', { kind: 'ephemeral' })).rejects.toMatchObject({
      code: 'NO_SESSION',
    });
    expect((await tree.set(path, 'still in order')).stat.version).toBe(1);
  });

  test('change together or not at all', async () => {
    const tree = client();
    const path = `/${fresh('n')}`;
    const done = await tree.transact((t) =>
      t.create(path, 'x').create(`${path}/child`).set(path, 'y'),
    );
    expect(done.results.map(({ type }) => type)).toEqual(['create', 'create', 'set']);
    const refused = tree.transact((t) => t.check(path, { version: 7 }).delete(`${path}/child`));
    await expect(refused).rejects.toMatchObject({ code: 'GUARD_FAILED' });
    expect(await tree.get(`${path}/child`)).toBeDefined();
  });

  test('are watched without a gap', async () => {
    const tree = client();
    const path = `/${fresh('n')}`;
    await tree.create(path);
    const seen: string[] = [];
    const watch = tree.watch(path, { scope: 'children' });
    for (let i = 0; i < 100; i++) void tree.create(`${path}/${i}`, '');
    for await (const event of watch) {
      if (event.type === 'snapshot') seen.push(...event.nodes.map((node) => node.path));
      if (event.type === 'change') seen.push(...event.changes.map((change) => change.path));
      if (seen.length >= 100) break;
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => `${path}/${i}`));
  });
});

describe('a session', () => {
  test('owns its nodes: they go when it is closed', async () => {
    const tree = client();
    const session = await tree.session();
    const path = `/${fresh('e')}`;
    const { stat } = await session.create(path, 'mine');
    expect([stat.kind, stat.owner]).toEqual(['ephemeral', session.id]);
    await session.close();
    expect(session.signal.aborted).toBe(true);
    expect(await tree.get(path)).toBeUndefined();
  });

  test('with a timeout that is not allowed is refused', async () => {
    await expect(client().session({ timeoutMs: 1 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});

describe('a registered server', () => {
  test('is found, called, and gone at once when its registration is closed', async () => {
    const roll = client();
    const service = fresh('web');
    const registration = await roll.register(service, await listening(), { tags: { v: '1' } });
    expect(registration.state).toBe('REGISTERED');
    const discovery = await roll.discover(service).ready();
    const text = await discovery.run(async ({ url }, { signal }) => {
      return (await fetch(url, { signal })).text();
    });
    expect(text).toBe('hello');
    expect(discovery.pick()).toMatchObject({ id: registration.id, tags: { v: '1' } });
    await registration.close();
    const empty = new Promise<void>((resolve) => {
      discovery.subscribe(({ state }) => {
        if (state === 'CONFIRMED_EMPTY') resolve();
      });
    });
    await empty;
    expect(() => discovery.pick()).toThrow('NO_INSTANCE');
  });

  test('is not picked while it drains, and says so on the roll', async () => {
    const roll = client();
    const service = fresh('web');
    const events: RollEvent[] = [];
    const left = (async () => {
      for await (const event of roll.roll(service)) {
        events.push(event);
        if (event.type === 'leave') return;
      }
    })();
    const registration = await roll.register(service, { port: 4_000, address: '10.1.1.1' });
    const discovery = await roll.discover(service).ready();
    await registration.setState('DRAINING');
    await registration.drain({ waitMs: 20 });
    await left;
    expect(discovery.instances.length).toBe(0);
    const told = events.filter(({ type }) => type !== 'live').map(({ type }) => type);
    expect(told.slice(0, 3)).toEqual(['snapshot', 'join', 'change']);
    expect(events.at(-1)).toMatchObject({ type: 'leave', reason: 'closed' });
    const revisions = events.map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
  });

  test('keeps its id: another one is told that it is in use, or takes it over', async () => {
    const [one, other] = [client(), client()];
    const service = fresh('web');
    const first = await one.register(service, { port: 1 }, { id: 'the-one', address: '10.0.0.1' });
    const again = { id: 'the-one', address: '10.0.0.2' };
    await expect(other.register(service, { port: 1 }, again)).rejects.toMatchObject({
      code: 'ID_IN_USE',
    });
    const second = await other.register(service, { port: 1 }, { ...again, takeover: true });
    for await (const state of first.states()) if (state === 'REPLACED') break;
    expect(first.signal.aborted).toBe(true);
    expect(second.instance.incarnation).toBeGreaterThan(first.instance.incarnation);
    const { instances } = await one.instances(service);
    expect(instances.map(({ address }) => address)).toEqual(['10.0.0.2']);
  });

  test('that someone removes is not put back', async () => {
    const roll = client();
    const service = fresh('web');
    const registration = await roll.register(service, { port: 1 });
    await roll.deregister(service, registration.id);
    for await (const state of registration.states()) if (state === 'DEREGISTERED') break;
    expect((await roll.instances(service)).instances).toEqual([]);
  });

  test('is counted among the services, in the order of joining', async () => {
    const roll = client();
    const service = fresh('web');
    for (const id of ['c', 'a', 'b']) await roll.register(service, { port: 1 }, { id });
    const { instances } = await roll.instances(service);
    expect(instances.map(({ id }) => id)).toEqual(['c', 'a', 'b']);
    expect(await roll.services()).toContainEqual({ service, instances: 3 });
  });
});

describe('members', () => {
  test('tell of themselves and of each other', async () => {
    const roll = client();
    expect((await roll.status()).hasQuorum).toBe(true);
    const members = await roll.members();
    expect(members.map(({ name }) => name).sort()).toEqual(cluster.members.map(({ name }) => name));
    const { clientAddress, name } = cluster.members[1]!;
    expect((await roll.status({ endpoint: clientAddress })).name).toBe(name);
  });

  test('are learned from one of them, which may then hang', async () => {
    const [{ name, clientAddress }] = cluster.members as [TestMember];
    const roll = connect(clientAddress);
    onTestFinished(() => roll.close());
    await roll.ready();
    await sleep(300);
    cluster.signal(name, 'SIGSTOP');
    onTestFinished(() => cluster.signal(name, 'SIGCONT'));
    expect(await roll.get('/', { timeoutMs: 4_000 })).toBeDefined();
  });
});

describe('a member that hangs', () => {
  test('is left within a second; every change is applied once; nobody leaves the roll', async () => {
    const tree = client();
    const service = fresh('web');
    const path = `/${fresh('n')}`;
    await tree.create(path);
    const registration = await tree.register(service, { port: 1 });
    const session = await tree.session();
    const { name } = await tree.status();
    await sleep(200);
    cluster.signal(name, 'SIGSTOP');
    onTestFinished(() => cluster.signal(name, 'SIGCONT'));
    const startedMs = performance.now();
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, i) => tree.set(path, `${i}`, { timeoutMs: 10_000 })),
    );
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    expect(results.map(({ stat }) => stat.version)).toEqual(results.map((_, i) => i + 1));
    await sleep(2_500);
    expect(session.state).toBe('CONNECTED');
    expect(registration.state).toBe('REGISTERED');
    cluster.signal(name, 'SIGCONT');
    expect((await tree.instances(service)).instances.length).toBe(1);
  }, 20_000);
});

describe('a member that is killed', () => {
  test('is left at once, also as the leader; watches and registrations go on', async () => {
    const tree = client();
    const service = fresh('web');
    const path = `/${fresh('n')}`;
    await tree.create(path);
    const discovery = tree.discover(service);
    const registration = await tree.register(service, { port: 1 });
    await discovery.ready();
    const seen: number[] = [];
    const watch = tree.watch(path, { from: 'now' });
    const watched = (async () => {
      for await (const event of watch) {
        if (event.type === 'change')
          seen.push(...event.changes.map((each) => each.node.stat.version));
        if (seen.length === 30) return;
      }
    })();
    await sleep(200);
    const victim = await cluster.untilLeader();
    for (let i = 0; i < 30; i++) {
      if (i === 10) await cluster.kill(victim);
      const { stat } = await tree.set(path, `${i}`, { timeoutMs: 10_000 });
      expect(stat.version).toBe(i + 1);
    }
    await watched;
    expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(discovery.instances.length).toBe(1);
    expect(registration.state).toBe('REGISTERED');
    cluster.start(victim);
    await cluster.untilReady(victim);
  }, 30_000);
});
