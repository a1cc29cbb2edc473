/** A thousand of each thing that comes and goes leave no listener, no timer and nothing that grows. */
import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../src/client/index.js';
import { startTestCluster, type TestCluster } from '../../src/testing/index.js';

const CYCLES = 1_000;
const AT_ONCE = 50;
/** What comes and goes by itself: the member's own timers, sockets that are being closed. */
const NOISE = 20;

let cluster: TestCluster;
let client: Client;
const signal = new AbortController().signal;
const warnings: Error[] = [];
const onWarning = (warning: Error): void => void warnings.push(warning);

beforeAll(async () => {
  process.on('warning', onWarning);
  cluster = await startTestCluster({ members: 1 });
  client = cluster.connect({ signal });
  await client.create('/n');
});

afterAll(async () => {
  process.off('warning', onWarning);
  await cluster.close();
});

let names = 0;

const CYCLE: Record<string, (client: Client) => Promise<unknown>> = {
  'calls with a signal': (client) => client.set('/n', 'x', { signal }),
  'calls of their own with a signal': (client) => client.status({ signal }),
  'lists of operators that are left in the middle': async (client) => {
    for await (const _ of client.admin.sessions({ signal })) break;
  },
  'watches that are read and left': async (client) => {
    for await (const _ of client.watch('/n', { signal })) break;
  },
  'watches that are listened to and closed': async (client) => {
    const watch = client.watch('/n', { signal });
    watch.subscribe(() => undefined);
    await watch.close();
  },
  'rolls that are left': async (client) => {
    for await (const _ of client.roll('s', { signal })) break;
  },
  'states that are left': async (client) => {
    for await (const _ of client.states({ signal })) break;
  },
  'discoveries that are closed': async (client) => {
    const discovery = client.discover('s', { signal });
    discovery.subscribe(() => undefined);
    const ready = discovery.ready({ signal, min: 0 });
    await ready;
    await discovery.close();
  },
  'registrations that are closed': async (client) => {
    const registration = await client.register('s', { port: 1 }, { id: `i${names++}`, signal });
    await registration.close();
  },
  'sessions that are closed': async (client) => {
    const session = await client.session({ signal });
    await session.close();
  },
};

async function repeat(cycle: () => Promise<unknown>, times: number): Promise<void> {
  for (let done = 0; done < times; done += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, times) }, cycle));
  }
}

function resources(): number {
  return process.getActiveResourcesInfo().length;
}

test.each(Object.keys(CYCLE))(
  '%s',
  async (name) => {
    const cycle = () => CYCLE[name]!(client);
    await repeat(cycle, AT_ONCE);
    const listeners = getEventListeners(signal, 'abort').length;
    const before = resources();
    await repeat(cycle, CYCLES);
    expect(getEventListeners(signal, 'abort').length).toBe(listeners);
    expect(listeners).toBe(1);
    await expect.poll(resources).toBeLessThan(before + NOISE);
    const { watches, discoveries, registrations, sessions } = client.describe();
    expect([watches, discoveries, registrations]).toEqual([[], [], []]);
    expect(sessions.length).toBeLessThanOrEqual(1);
    expect(warnings).toEqual([]);
  },
  30_000,
);

test('clients that are opened, used and closed', async () => {
  const cycle = async (): Promise<void> => {
    const other = cluster.connect({ signal, learnMembers: false });
    await other.set('/n', 'x');
    await other.close();
  };
  await repeat(cycle, AT_ONCE);
  const before = resources();
  await repeat(cycle, CYCLES);
  expect(getEventListeners(signal, 'abort').length).toBe(1);
  await expect.poll(resources, { timeout: 5_000 }).toBeLessThan(before + NOISE);
  expect(warnings).toEqual([]);
}, 30_000);
