/**
 * Goal: networks that break between the members cost time and nothing else: whatever is cut, delayed,
 * swallowed or flipped on the way, all members end with the same tree and nobody leaves the roll.
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
const ROUNDS = scaled(5, 40);
/** The load's connections carry about this much between two members in a round. */
const REACH_BYTES = 30_000;
/** A few flips a second at the rate of the load: links die of it, and there is time to make new ones. */
const FLIP_BYTES = 200_000;

/** In front of the peer port of each member. */
const proxies = new Map<string, LinkProxy>();
let cluster: TestCluster;
let client: Client;
let roll: LiveRoll;
const closings: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const onEnd = (close: () => Promise<void>) => void closings.push(close);
  const peerAddress = async (name: string, port: number): Promise<string> => {
    const proxy = await LinkProxy.start({ target: `127.0.0.1:${port}`, seed: seed + port });
    proxies.set(name, proxy);
    onEnd(() => proxy.close());
    return proxy.address;
  };
  cluster = await TestCluster.start({ peerAddress, onEnd });
  const { endpoints } = cluster;
  client = connect(endpoints);
  onEnd(() => client.close());
  roll = await LiveRoll.start({ endpoints, clients: 4, onEnd });
  await until(() => roll.size === 4, 'the watcher sees everyone');
}, 60_000);

afterAll(async () => {
  for (const close of closings.reverse()) await close();
});

const all = () => [...proxies.values()];
const healAll = () => {
  for (const proxy of all()) proxy.heal();
};

interface Harm {
  readonly parent: string;
  readonly rounds?: number;
  readonly bytes?: number;
  readonly act: (round: number) => Promise<void>;
}

async function writeThrough({ parent, rounds = ROUNDS, bytes = 0, act }: Harm): Promise<void> {
  onTestFinished(healAll);
  const load = await WriteLoad.start(client, { parent, bytes });
  onTestFinished(() => load.stop());
  const startMs = performance.now();
  for (let round = 0; round < rounds; round++) {
    const count = load.count;
    await act(round);
    await until(() => load.count > count, 'writes are acknowledged', 15_000);
    progress(`${parent}, round ${round + 1} of ${rounds}`);
  }
  healAll();
  const gapMs = load.longestGapMs(startMs, performance.now());
  await load.stop();
  await Promise.all(cluster.members.map(({ name }) => cluster.untilReady(name)));
  await expectSameEverywhere(load);
  expect(load.failures).toEqual([]);
  expect(roll.leaves).toEqual([]);
  expect(roll.upsets).toEqual([]);
  figure(`${parent}: writes acknowledged in ${rounds} rounds`, load.count);
  figure(`${parent}: longest gap`, seconds(gapMs));
}

/** Each member is asked for its own tree, once it has applied the latest write. */
async function expectSameEverywhere(load: WriteLoad): Promise<void> {
  await client.set(load.parent, 'the last word');
  for (const { clientAddress } of cluster.members) {
    const one = connect(clientAddress, { learnMembers: false });
    onTestFinished(() => one.close());
    await one.get(load.parent);
    expect(await load.compare(one, 'session')).toEqual(NONE);
  }
}

test('links cut in the middle of a message', async () => {
  const random = randomFrom(seed);
  const act = async (round: number) => {
    for (const proxy of all()) {
      proxy.cutAt(Math.floor(random() * REACH_BYTES), round % 2 === 0 ? 'toTarget' : 'toClient');
      proxy.closeConnections(round % 3 === 0 ? 'reset' : 'end');
    }
    await sleep(400);
  };
  await writeThrough({ parent: '/cut', act });
}, 180_000);

test('bytes flipped on the way: no member takes in anything wrong', async () => {
  const act = async () => {
    for (const proxy of all()) {
      proxy.flipWithinEvery(FLIP_BYTES);
      proxy.closeConnections();
    }
    await sleep(600);
    healAll();
  };
  // Large contents, so that what is hit is rarely anything that the protocol itself would notice.
  await writeThrough({ parent: '/flip', act, rounds: scaled(6, 60), bytes: 500 });
}, 180_000);

test('slow links', async () => {
  const act = async () => {
    for (const proxy of all()) proxy.delay(1, 40);
    await sleep(400);
  };
  await writeThrough({ parent: '/slow', act, rounds: scaled(2, 20) });
}, 120_000);

test('a leader that hears nobody for 2 s, though all can hear it', async () => {
  const act = async () => {
    const leader = await cluster.untilLeader();
    proxies.get(leader)!.blackhole();
    await sleep(2_000);
    healAll();
    await cluster.untilReady(leader);
  };
  await writeThrough({ parent: '/deaf', act, rounds: scaled(1, 5) });
}, 120_000);
