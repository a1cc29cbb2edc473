/** How a cluster for tests starts, how fast, that it works beside others, and that nothing of it stays. */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/client/index.js';
import { startTestCluster, type TestCluster } from '../../src/testing/index.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';

/** What it is for: an application starts one a test. */
const START_MS_MAX = 1_000;
const CLOSING_MS_MAX = 500;
/** A client that asks in vain takes longer to leave. */
const FAREWELL_MS_MAX = 1_500;

beforeAll(async () => {
  // The first start also loads and compiles what the next ones share.
  await (await startTestCluster({ members: 1 })).close();
});

async function start(options: Parameters<typeof startTestCluster>[0] = {}): Promise<TestCluster> {
  const cluster = await startTestCluster(options);
  onTestFinished(() => cluster.close());
  return cluster;
}

function resources(): string[] {
  return process.getActiveResourcesInfo().filter((name) => name !== 'Immediate');
}

/** Sockets that were destroyed close over some turns of the event loop. */
async function added(before: readonly string[]): Promise<string[]> {
  const deadlineMs = performance.now() + CLOSING_MS_MAX;
  for (;;) {
    const left = resources();
    for (const name of before) if (left.includes(name)) left.splice(left.indexOf(name), 1);
    if (left.length === 0 || performance.now() > deadlineMs) return left;
    await turn();
  }
}

test('three members start in under a second', async () => {
  // The best of three: other work shares the processor with the tests.
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    const startedMs = performance.now();
    const cluster = await startTestCluster();
    times.push(performance.now() - startedMs);
    await cluster.close();
  }
  expect(Math.min(...times)).toBeLessThan(START_MS_MAX);
});

test.each([1, 3, 5] as const)('each of %i members answers at once', async (members) => {
  const cluster = await start({ members });
  const roll = cluster.connect();
  await roll.create('/greeting', 'hello');
  expect(cluster.endpoints).toHaveLength(members);
  for (const { endpoint } of cluster.members) {
    const one = connect(endpoint, { learnMembers: false });
    onTestFinished(() => one.close());
    expect(String((await one.get('/greeting'))!.data)).toBe('hello');
  }
  const roles = cluster.members.map(({ state }) => state).sort();
  expect(roles).toEqual([...Array(members - 1).fill('follower'), 'leader']);
  const leader = await cluster.leader();
  expect(cluster.members.find(({ name }) => name === leader)?.state).toBe('leader');
});

test('several clusters live in one process and know nothing of each other', async () => {
  const [one, other] = await Promise.all([start(), start()]);
  const [here, there] = [one.connect(), other.connect()];
  await here.create('/only-here');
  expect(await there.get('/only-here')).toBeUndefined();
  await one.kill(await one.leader());
  await there.create('/goes-on');
  expect((await here.status()).clusterId).not.toBe((await there.status()).clusterId);
});

test('equal seeds draw alike, over the whole range', () => {
  const draw = (seed: number) => {
    const random = createSeededRandom(seed);
    return Array.from({ length: 1_000 }, () => random.below(10));
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(new Set(draw(7))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
});

test('nothing stays behind: no socket, timer, listener or handle', async () => {
  const events = ['SIGTERM', 'SIGINT', 'exit', 'beforeExit', 'uncaughtException'];
  const listeners = () => events.map((event) => process.listenerCount(event));
  const [before, listenersBefore] = [resources(), listeners()];
  {
    await using cluster = await startTestCluster();
    const roll = cluster.connect();
    await roll.register('web', { address: '10.0.0.1', port: 80 });
    const view = roll.discover('web');
    await view.ready();
    const watch = roll.watch('/');
    await watch[Symbol.asyncIterator]().next();
    await roll.session();
    cluster.connect();
    const [first, second] = cluster.members.map(({ name }) => name) as [string, string];
    await cluster.kill(first);
    await cluster.restart(first);
    cluster.isolate(second);
    cluster.pause(second);
  }
  expect(await added(before)).toEqual([]);
  expect(listeners()).toEqual(listenersBefore);
});

test('it closes soon when no quorum is left to take leave of', async () => {
  const cluster = await start();
  const roll = cluster.connect();
  await roll.register('web', { address: '10.0.0.1', port: 80 });
  for (const { name } of cluster.members.slice(1)) await cluster.kill(name);
  const startedMs = performance.now();
  await cluster.close();
  expect(performance.now() - startedMs).toBeLessThan(FAREWELL_MS_MAX);
});

test('it closes although a client has closed its connection by half, and never the rest', async () => {
  const cluster = await startTestCluster({ members: 1 });
  const [host, port] = cluster.endpoints[0]!.split(':') as [string, string];
  const half = connectTcp({ host, port: Number(port), allowHalfOpen: true });
  onTestFinished(() => void half.destroy());
  half.on('error', () => {}).resume();
  // No gRPC: the member closes its side, and this one goes on.
  half.write('GET / HTTP/1.0\r\n\r\n');
  await once(half, 'end');
  const startMs = performance.now();
  await cluster.close();
  expect(performance.now() - startMs).toBeLessThan(CLOSING_MS_MAX);
});

test('wrong names and numbers are refused with what is there', async () => {
  const cluster = await start({ members: 1 });
  const unknown = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('there is r1') };
  expect(() => cluster.pause('r2')).toThrow(expect.objectContaining(unknown));
  expect(() => cluster.resume('R1')).toThrow(expect.objectContaining(unknown));
  expect(() => cluster.isolate('')).toThrow(expect.objectContaining(unknown));
  expect(() => cluster.partition(['r1'], ['r9'])).toThrow(expect.objectContaining(unknown));
  await expect(cluster.kill('r7')).rejects.toMatchObject(unknown);
  await expect(cluster.restart('r7')).rejects.toMatchObject(unknown);
  expect(() => cluster.partition(['r1'], ['r1'])).toThrow('r1 cannot be on both sides');
  await cluster.kill('r1');
  expect(() => cluster.pause('r1')).toThrow('r1 was killed: restart it first');
  await expect(startTestCluster({ members: 2 as 3 })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('members must be 1, 3 or 5'),
  });
  await cluster.close();
  expect(() => cluster.connect()).toThrow(expect.objectContaining({ code: 'CLOSED' }));
  await expect(cluster.leader()).rejects.toMatchObject({ code: 'CLOSED' });
});
