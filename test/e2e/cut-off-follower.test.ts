/**
 * Goal: a follower that lost its leader and kept its clients does no harm: its streams turn STALE within
 * 2 s, it confirms no touch, clients move to members that have a leader, and views keep their list.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type Client, connect, type Discovery, type SessionState } from '../../src/client/index.js';
import { CONFIRMATION_AGE_MS_MAX } from '../../src/types/limits.js';
import { TestCluster, type TestMember } from '../support/cluster.js';
import { figure, seconds, until } from '../support/drill.js';
import { LiveRoll } from '../support/live-roll.js';
import { LinkProxy } from '../support/proxy.js';
import { holdsPort } from '../support/socket-owner.js';

const SERVERS = 5;
/** Design 3.8, and half a second for the tick that notices and a busy machine. */
const STALE_MS_MAX = 2_000;
/** Shorter than sessions live. */
const CUT_MS = 6_000;

/** In front of the peer port of each member. */
const links = new Map<string, LinkProxy>();

async function startCluster(): Promise<TestCluster> {
  const peerAddress = async (name: string, port: number): Promise<string> => {
    const proxy = await LinkProxy.start({ target: `127.0.0.1:${port}` });
    onTestFinished(() => proxy.close());
    links.set(name, proxy);
    return proxy.address;
  };
  return TestCluster.start({ peerAddress });
}

/** From and to all other members nothing passes, and nothing is closed. */
function cutOff({ name, pid }: TestMember): void {
  const isItsOwn = (port: number): boolean => holdsPort(pid!, port);
  for (const [target, link] of links)
    if (target === name) link.blackhole();
    else link.blackhole(isItsOwn);
}

function client(endpoints: string | readonly string[], learnMembers = true): Client {
  const made = connect(endpoints, { learnMembers });
  onTestFinished(() => made.close());
  return made;
}

/** Every set that the view ever showed, and its states. */
function record(discovery: Discovery) {
  const sizes = new Set<number>();
  const states: string[] = [];
  discovery.subscribe(({ instances, state }) => {
    sizes.add(instances.length);
    if (states.at(-1) !== state) states.push(state);
  });
  return { sizes, states };
}

/** Milliseconds from now until the stream says STALE. */
async function staleAfter(discovery: Discovery): Promise<number> {
  const startMs = performance.now();
  await until(() => discovery.state === 'STALE', 'the stream turns STALE');
  return performance.now() - startMs;
}

async function observe(states: AsyncIterable<SessionState>): Promise<SessionState[]> {
  const seen: SessionState[] = [];
  for await (const state of states) seen.push(state);
  return seen;
}

test('a follower cut off from the leader but not from its clients', async () => {
  const cluster = await startCluster();
  const leader = await cluster.untilLeader();
  const cut = cluster.members.find(({ name }) => name !== leader)!;
  const others = cluster.endpoints.filter((endpoint) => endpoint !== cut.clientAddress);
  const roll = await LiveRoll.start({
    endpoints: [cut.clientAddress, ...others],
    watchAt: others,
    clients: SERVERS,
    onEnd: onTestFinished,
  });
  await until(() => roll.size === SERVERS, 'the watcher sees everyone');

  // One that knows no other member, and one that may move. By its grace the session soon knows how it is.
  const pinned = client(cut.clientAddress, false);
  const session = await pinned.session({ timeoutMs: 20_000, graceMs: 2_000 });
  const seen = observe(session.states());
  const stuck = await pinned.discover('live').ready();
  const stuckShows = record(stuck);
  const moving = await client(cut.clientAddress).discover('live').ready();
  const movingShows = record(moving);

  cutOff(cut);
  const cutMs = performance.now();
  const staleMs = await staleAfter(stuck);
  const isBack = () => movingShows.states.includes('STALE') && moving.state === 'LIVE';
  await until(isBack, 'the other client moves and is LIVE');
  const movedMs = performance.now() - cutMs;
  await expect(pinned.get('/', { timeoutMs: 1_500 })).rejects.toMatchObject({
    code: expect.stringMatching(/NO_QUORUM|TIMEOUT|UNAVAILABLE/),
  });
  // What it has, it still shows to who asks for no more.
  expect(await pinned.get('/services', { consistency: 'session' })).toBeDefined();
  await sleep(Math.max(0, cutMs + CUT_MS - performance.now()));
  expect(session.state).toBe('SUSPENDED');

  for (const link of links.values()) link.heal();
  await until(() => session.state === 'CONNECTED', 'the session is confirmed again');
  await until(() => stuck.state === 'LIVE', 'the stream is LIVE again');
  await pinned.close();
  expect(await seen).not.toContain('LOST');
  for (const { sizes } of [stuckShows, movingShows]) expect([...sizes]).toEqual([SERVERS]);
  expect(roll.leaves).toEqual([]);
  expect(roll.upsets).toEqual([]);
  figure('follower cut off: its streams STALE after', seconds(staleMs));
  figure('  clients that may move LIVE elsewhere after', seconds(movedMs));
  expect(staleMs).toBeGreaterThan(CONFIRMATION_AGE_MS_MAX - 500);
  expect(staleMs).toBeLessThan(STALE_MS_MAX);
}, 90_000);
