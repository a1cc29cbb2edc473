/** Trouble in the background is state: no unhandled rejection, no uncaught exception, no warning. */
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Client, ClientLogger } from '../../src/client/index.js';
import { startTestCluster, type TestCluster } from '../../src/testing/index.js';
import { until } from '../support/drill.js';

const PROCESS_EVENTS = ['unhandledRejection', 'uncaughtException', 'warning'] as const;
let trouble: unknown[] = [];
const note = (what: unknown): void => void trouble.push(what);

beforeEach(() => {
  trouble = [];
  for (const event of PROCESS_EVENTS) process.on(event, note);
});

afterEach(async () => {
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const event of PROCESS_EVENTS) process.off(event, note);
});

async function setUp(): Promise<{ cluster: TestCluster; log: string[]; logger: ClientLogger }> {
  const cluster = await startTestCluster();
  onTestFinished(() => cluster.close());
  const log: string[] = [];
  const at = (level: string) => (_fields: object, message: string) => {
    log.push(`${level} ${message}`);
  };
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return { cluster, log, logger };
}

/** One of each, and nobody who waits for or listens to any of it. */
async function holdEverything(client: Client) {
  await client.create('/held');
  const session = await client.session({ timeoutMs: 2_000, graceMs: 1_000 });
  await session.create('/held/mine');
  const registration = await client.register(
    'held',
    { port: 1 },
    { sessionTimeoutMs: 2_000, graceMs: 0 },
  );
  const fixed = await client.register('held', { port: 2 }, { id: 'static', static: true });
  const discovery = await client.discover('held').ready();
  const watch = client.watch('/held', { scope: 'subtree' });
  const followed = session.watch('/held');
  followed.subscribe(() => undefined);
  const events = client.roll('held')[Symbol.asyncIterator]();
  await events.next();
  return { session, registration, fixed, discovery, watch, followed };
}

test('members that are killed under every kind of object trouble nobody', async () => {
  const { cluster, log, logger } = await setUp();
  const client = cluster.connect({ logger });
  const held = await holdEverything(client);
  await cluster.kill(await cluster.leader());
  await until(() => client.state === 'READY' && held.discovery.state === 'LIVE', 'it recovers');
  for (const { name } of cluster.members) await cluster.kill(name);
  await until(() => held.session.state === 'LOST', 'the session is lost');
  await until(() => held.discovery.state === 'STALE', 'the view is stale');
  expect(held.discovery.instances.length).toBe(2);
  await client.close();
  expect([held.registration.state, held.fixed.state]).toEqual(['CLOSED', 'CLOSED']);
  expect(held.session.state).toBe('LOST');
  expect(trouble).toEqual([]);
  const told = log.join('\n');
  expect(told).toMatch(/^info connected$/m);
  expect(told).toMatch(/^warn connection lost: /m);
  expect(told).toMatch(/^warn session suspended/m);
  expect(told).toMatch(/^error session lost$/m);
  expect(told).toMatch(/^warn registration lost with its session/m);
}, 20_000);

test('a client that is closed under its calls fails them, and nothing else', async () => {
  const { cluster } = await setUp();
  const client = cluster.connect();
  await client.create('/n');
  const calls = [client.set('/n', 'x'), client.get('/n'), client.status(), client.session()];
  const settled = Promise.allSettled(calls);
  const ready = client.discover('nobody').ready();
  const waiting = Promise.allSettled([ready, client.register('s', { port: 1 })]);
  await client.close();
  for (const result of [...(await settled), ...(await waiting)]) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'CLOSED' });
  }
  expect(trouble).toEqual([]);
});

test('a logger that throws, or rejects, hurts nobody', async () => {
  const { cluster } = await setUp();
  const fail = (): never => {
    throw new Error('full disk');
  };
  const reject = async (): Promise<void> => fail();
  const client = cluster.connect({
    logger: { debug: fail, info: reject as () => void, warn: fail, error: reject as () => void },
  });
  await client.create('/n');
  await cluster.kill(await cluster.leader());
  await until(() => client.set('/n', 'x').then(() => true), 'it is served again');
  await client.close();
  expect(trouble).toEqual([]);
});

test('a registration that another one takes over says so in the log', async () => {
  const { cluster, log, logger } = await setUp();
  const first = await cluster
    .connect({ logger })
    .register('s', { port: 1, address: '10.0.0.1' }, { id: 'i' });
  const terms = { id: 'i', takeover: true };
  await cluster.connect().register('s', { port: 2, address: '10.0.0.2' }, terms);
  await until(() => first.state === 'REPLACED', 'it is told');
  expect(log).toContain('warn registration ended');
  expect(trouble).toEqual([]);
});

test('where the process runs is the zone of what it registers, unless said otherwise', async () => {
  const { cluster } = await setUp();
  const client = cluster.connect({ locality: { zone: 'eu-1' } });
  await client.register('s', { port: 1 });
  await client.register('s', { port: 2 }, { zone: 'us-2' });
  const { instances } = await client.instances('s');
  expect(instances.map(({ zone }) => zone)).toEqual(['eu-1', 'us-2']);
});
