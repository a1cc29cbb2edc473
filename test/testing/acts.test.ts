/**
 * What applications want to see happen: each act of a cluster for tests, as a test of an application would
 * use it. Everything is seen from outside, through the SDK or through plain gRPC.
 */
import { credentials, Client as GrpcClient, Metadata } from '@grpc/grpc-js';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Client, Discovery, WatchEvent } from '../../src/client/index.js';
import { connect } from '../../src/client/index.js';
import { services } from '../../src/rpc/definitions.js';
import { startTestCluster, type TestCluster } from '../../src/testing/index.js';

const WEB = { address: '10.0.0.1', port: 80 };
let cluster: TestCluster;

beforeEach(async () => {
  cluster = await startTestCluster();
  return () => cluster.close();
});

/** A client that knows one member only, as one behind a bad network would. */
function clientOf(name: string): Client {
  const { endpoint } = memberOf(name);
  const client = connect(endpoint, { learnMembers: false });
  onTestFinished(() => client.close());
  return client;
}

function memberOf(name: string) {
  return cluster.members.find((member) => member.name === name)!;
}

async function aFollower(): Promise<string> {
  const leader = await cluster.leader();
  return cluster.members.find(({ name }) => name !== leader)!.name;
}

async function untilState(view: Discovery, state: string): Promise<void> {
  if (view.state === state) return;
  for await (const set of view) if (set.state === state) return;
  throw new Error(`the view ended before it was ${state}`);
}

/** As any language would ask: one unary call of plain gRPC. */
function ask(endpoint: string, timeoutMs: number): Promise<{ readonly name: string }> {
  const { path, requestSerialize, responseDeserialize } = services.Cluster.Status;
  const client = new GrpcClient(endpoint, credentials.createInsecure());
  onTestFinished(() => client.close());
  const deadline = { deadline: Date.now() + timeoutMs };
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      {},
      new Metadata(),
      deadline,
      (error, value) => (error ? reject(error) : resolve(value!)),
    );
  });
}

test('any gRPC client reaches every member', async () => {
  for (const { name, endpoint } of cluster.members) {
    expect(await ask(endpoint, 2_000)).toMatchObject({ name });
  }
});

describe('kill and restart', () => {
  test('a registered service keeps its place when the leader is killed', async () => {
    const roll = cluster.connect();
    const first = await roll.register('web', WEB);
    const second = await roll.register('web', { address: '10.0.0.2', port: 81 });
    const leader = await cluster.leader();
    await cluster.kill(leader);
    expect(memberOf(leader).state).toBe('killed');
    const successor = await cluster.leader();
    expect(successor).not.toBe(leader);
    const { instances } = await roll.instances('web');
    expect(instances.map(({ id }) => id)).toEqual([first.id, second.id]);
    expect(instances.map(({ incarnation }) => incarnation)).toEqual(
      [first, second].map(({ instance }) => instance.incarnation),
    );
  });

  test('a killed member comes back at its endpoint, with what was acknowledged', async () => {
    const roll = cluster.connect();
    const name = await aFollower();
    const { endpoint } = memberOf(name);
    await roll.create('/before');
    await cluster.kill(name);
    await expect(ask(endpoint, 1_000)).rejects.toMatchObject({ code: expect.any(Number) });
    await roll.create('/meanwhile');
    await cluster.restart(name);
    expect(memberOf(name).endpoint).toBe(endpoint);
    const there = clientOf(name);
    expect(await there.get('/before')).toBeDefined();
    expect(await there.get('/meanwhile')).toBeDefined();
  });

  test('nothing acknowledged is lost when all members are killed and restarted', async () => {
    const roll = cluster.connect();
    const paths = Array.from({ length: 50 }, (_, i) => `/n${i}`);
    await Promise.all(paths.map((path) => roll.create(path)));
    const names = cluster.members.map(({ name }) => name);
    await Promise.all(names.map((name) => cluster.kill(name)));
    expect(cluster.members.map(({ state }) => state)).toEqual(['killed', 'killed', 'killed']);
    await Promise.all(names.map((name) => cluster.restart(name)));
    const { nodes } = await roll.list('/');
    expect(nodes.map(({ path }) => path)).toEqual(expect.arrayContaining(paths));
  });

  test('acts that come at once are done one after the other', async () => {
    const name = await aFollower();
    await Promise.all([cluster.kill(name), cluster.restart(name), cluster.restart(name)]);
    expect(await ask(memberOf(name).endpoint, 2_000)).toMatchObject({ name });
    await Promise.all([cluster.restart(name), cluster.kill(name)]);
    expect(memberOf(name).state).toBe('killed');
  });

  test('without a majority a write fails and says whether it was applied', async () => {
    const [survivor, ...others] = cluster.members.map(({ name }) => name) as [string, string];
    const roll = clientOf(survivor);
    await roll.ready();
    for (const name of others) await cluster.kill(name);
    const failed = roll.create('/late', '', { timeoutMs: 400 });
    await expect(failed).rejects.toMatchObject({
      code: expect.stringMatching(/^(TIMEOUT|NO_QUORUM)$/),
      outcome: expect.stringMatching(/^(unknown|not-applied)$/),
    });
  });
});

describe('partition, isolate and heal', () => {
  test('a view turns STALE when its member is cut off, keeps its list, and is LIVE after', async () => {
    const name = await aFollower();
    await cluster.connect().register('web', WEB);
    const view = clientOf(name).discover('web');
    await view.ready();
    await untilState(view, 'LIVE');
    cluster.isolate(name);
    await untilState(view, 'STALE');
    expect(view.instances.map(({ port }) => port)).toEqual([80]);
    cluster.heal();
    await untilState(view, 'LIVE');
    expect(view.instances.map(({ port }) => port)).toEqual([80]);
  });

  test('the majority goes on without the leader that is cut off from it', async () => {
    const leader = await cluster.leader();
    const others = cluster.members.map(({ name }) => name).filter((name) => name !== leader);
    cluster.partition([leader], others);
    const successor = await cluster.leader();
    expect(others).toContain(successor);
    await clientOf(successor).create('/new');
    const cutOff = clientOf(leader).get('/new', { timeoutMs: 300 });
    await expect(cutOff).rejects.toMatchObject({ code: expect.stringMatching(/TIMEOUT|QUORUM/) });
    cluster.heal();
    expect(await clientOf(leader).get('/new')).toBeDefined();
  });

  test('members that may not talk still serve the clients that reach them', async () => {
    const roll = cluster.connect();
    const leader = await cluster.leader();
    const [one, other] = cluster.members.filter(({ name }) => name !== leader);
    cluster.partition([one!.name], [other!.name]);
    await roll.create('/x');
    for (const { name } of cluster.members) expect(await clientOf(name).get('/x')).toBeDefined();
  });
});

describe('pause and resume', () => {
  test('a paused leader answers nothing; another leads, and no registration is lost', async () => {
    const roll = cluster.connect();
    const registration = await roll.register('web', WEB);
    const leader = await cluster.leader();
    const { endpoint } = memberOf(leader);
    cluster.pause(leader);
    expect(memberOf(leader).state).toBe('paused');
    await expect(ask(endpoint, 200)).rejects.toMatchObject({ code: 4 });
    expect(await cluster.leader()).not.toBe(leader);
    await roll.create('/meanwhile');
    cluster.resume(leader);
    expect(await clientOf(leader).get('/meanwhile')).toBeDefined();
    expect(registration.state).toBe('REGISTERED');
    expect((await roll.instances('web')).instances).toHaveLength(1);
  });

  test('connections to a paused member stay open, and what they carry arrives after it', async () => {
    const name = await aFollower();
    const client = clientOf(name);
    await client.ready();
    cluster.pause(name);
    let isAnswered = false;
    const read = client.get('/', { timeoutMs: 5_000 }).then((node) => {
      isAnswered = true;
      return node;
    });
    await cluster.connect().create('/meanwhile');
    expect(isAnswered).toBe(false);
    cluster.resume(name);
    expect((await read)?.path).toBe('/');
  });

  test('a paused member has not seen what it was told late, and catches up', async () => {
    const name = await aFollower();
    const watch = clientOf(name).watch('/', { scope: 'children' });
    const seen: WatchEvent[] = [];
    let created = 0;
    for await (const event of watch) {
      seen.push(event);
      if (event.type === 'snapshot') {
        cluster.pause(name);
        created = (await cluster.connect().create('/seen-late')).stat.createRevision;
        cluster.resume(name);
      }
      if (event.type === 'change' && event.revision === created) break;
    }
    expect(seen.filter(({ type }) => type === 'snapshot')).toHaveLength(1);
  });

  test('a client moves away from a member that hangs, with the same session', async () => {
    const roll = cluster.connect();
    const session = await roll.session({ timeoutMs: 4_000 });
    await session.create('/mine', '', { kind: 'ephemeral' });
    const served = (await session.get('/mine'))!.stat.owner;
    const [hung] = cluster.members.map(({ name }) => name) as [string];
    cluster.pause(hung);
    await session.set('/mine', 'changed');
    expect((await session.get('/mine'))!.stat.owner).toBe(served);
    expect(session.signal.aborted).toBe(false);
    cluster.resume(hung);
  });
});
