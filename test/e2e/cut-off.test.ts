/**
 * Goal: networks that break between clients and members end no session and show nothing wrong: cut,
 * silent, slow, or with a byte flipped.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Client, connect } from '../../src/client/index.js';
import { TestCluster } from '../support/cluster.js';
import { figure, progress, scaled, seconds, seed, until } from '../support/drill.js';
import { LiveRoll } from '../support/live-roll.js';
import { LinkProxy, randomFrom } from '../support/proxy.js';
import { WriteLoad } from '../support/write-load.js';

const NONE = { lost: [], twice: [], unwanted: [] };
const CLIENTS = 20;
const SESSIONS = scaled(200, 1_000);
const CUT_MS = 3_000;
/** Past any grace that a cut has set running, and past the 10 s timeout where there is time to wait. */
const AFTERWARDS_MS = scaled(3_000, 12_000);

let cluster: TestCluster;
let proxies: LinkProxy[] = [];
let closeCluster: () => Promise<void>;

beforeAll(async () => {
  cluster = await TestCluster.start({
    onEnd: (close) => {
      closeCluster = close;
    },
  });
  const targets = cluster.endpoints;
  proxies = await Promise.all(
    targets.map((target, i) => LinkProxy.start({ target, seed: seed + i })),
  );
}, 60_000);

afterAll(async () => {
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await closeCluster?.();
});

function throughProxies(): Client {
  const client = connect(addresses(), { learnMembers: false });
  onTestFinished(() => client.close());
  return client;
}

const addresses = () => proxies.map(({ address }) => address);
const healAll = () => {
  for (const proxy of proxies) proxy.heal();
};

async function cutFor(ms: number, how: 'close' | 'blackhole'): Promise<void> {
  for (const proxy of proxies) {
    if (how === 'blackhole') proxy.blackhole();
    else {
      proxy.refuse();
      proxy.closeConnections('reset');
    }
  }
  await sleep(ms);
  healAll();
}

test.each(['close', 'blackhole'] as const)(
  'every registered session cut off for 3 s (%s): none ends',
  async (how) => {
    onTestFinished(healAll);
    const roll = await LiveRoll.start({
      endpoints: addresses(),
      watchAt: cluster.endpoints,
      clients: CLIENTS,
      perClient: SESSIONS / CLIENTS,
      service: `cut-${how}`,
      learnMembers: false,
      onEnd: onTestFinished,
    });
    await until(() => roll.size === SESSIONS, 'the watcher sees everyone', 30_000);
    progress(`${SESSIONS} sessions registered; cut: ${how}`);
    await sleep(1_000);
    await cutFor(CUT_MS, how);
    const healedMs = performance.now();
    const suspended = roll.suspended;
    await until(() => roll.registered === SESSIONS, 'everyone is registered again', 30_000);
    const recoveredMs = performance.now() - healedMs;
    await sleep(AFTERWARDS_MS);
    const { sessions } = await connectDirectly().status();
    figure(`sessions registered and cut off for 3 s (${how})`, SESSIONS);
    figure(`  SUSPENDED at the end of the cut (${how})`, suspended);
    figure(`  all confirmed after the cut, within (${how})`, seconds(recoveredMs));
    figure(`  sessions ended, left the roll (${how})`, roll.leaves.length);
    expect(roll.leaves).toEqual([]);
    expect(roll.upsets).toEqual([]);
    expect(roll.size).toBe(SESSIONS);
    expect(sessions).toBeGreaterThanOrEqual(SESSIONS);
  },
  180_000,
);

function connectDirectly(): Client {
  const client = connect(cluster.endpoints);
  onTestFinished(() => client.close());
  return client;
}

/** Connections break one after the other, each in its own way, and all writes come through, once. */
async function writeThrough(parent: string, harm: (i: number) => Promise<void>): Promise<void> {
  onTestFinished(healAll);
  const load = await WriteLoad.start(throughProxies(), { parent });
  onTestFinished(() => load.stop());
  for (let i = 0; i < scaled(4, 20); i++) {
    await harm(i);
    const count = load.count;
    await until(() => load.count > count, 'writes are acknowledged', 15_000);
  }
  healAll();
  await load.stop();
  expect(await load.compare(connectDirectly())).toEqual(NONE);
  expect(load.failures).toEqual([]);
  figure(`writes acknowledged, none lost or doubled, ${parent}`, load.count);
}

test('connections cut in the middle of a message: no write lost or doubled', async () => {
  const random = randomFrom(seed);
  await writeThrough('/cut', async (i) => {
    const direction = i % 2 === 0 ? 'toTarget' : 'toClient';
    for (const proxy of proxies) {
      proxy.cutAt(100 + Math.floor(random() * 4_000), direction);
      proxy.closeConnections();
    }
    await sleep(100);
  });
}, 120_000);

test('a byte flipped on the way: no write lost or doubled', async () => {
  const random = randomFrom(seed + 1);
  await writeThrough('/framing', async () => {
    for (const proxy of proxies) {
      proxy.flipByteAt(Math.floor(random() * 60), 'toTarget');
      proxy.closeConnections();
    }
    await sleep(100);
  });
}, 120_000);

test('a slow network: no write lost or doubled, and none refused', async () => {
  await writeThrough('/slow', async () => {
    for (const proxy of proxies) proxy.delay(5, 60);
    await sleep(150);
  });
}, 120_000);
