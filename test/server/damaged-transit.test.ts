/**
 * Goal: a state that is damaged on its way to a member which lags is never taken for one: the transfer fails,
 * says so, and is made again. Method: three members on real disks, bytes flipped in their connections.
 */
import { afterEach, expect, test } from 'vitest';
import { startMember } from '../../src/server/main.js';
import { LinkProxy } from '../support/proxy.js';
import { coreOf, startCluster, stopFollower, until, write } from './real-members.js';

const NODES = 150;
const NODE_BYTES = 8_000;
/** Several in each transfer, and rarely any in the few bytes that begin a connection. */
const FLIP_BYTES = 400_000;

const cleanups: (() => Promise<unknown>)[] = [];
const onEnd = (close: () => Promise<unknown>) => void cleanups.push(close);

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('bytes flipped in a snapshot on its way', async () => {
  const proxies: LinkProxy[] = [];
  const peerAddress = async (target: string) => {
    const proxy = await LinkProxy.start({ target });
    onEnd(() => proxy.close());
    proxies.push(proxy);
    return proxy.address;
  };
  const cluster = await startCluster({ onEnd, peerAddress });
  const { config } = await stopFollower(cluster);
  const others = [...cluster.running.values()];
  const [first, second] = others.map(coreOf);
  for (let i = 0; i < NODES; i++) await write(others[0]!, `/large-${i}`, NODE_BYTES);
  await until(() => Math.min(first!.raft.trimmedIndex, second!.raft.trimmedIndex) > NODES);

  for (const proxy of proxies) proxy.flipWithinEvery(FLIP_BYTES);
  const member = await startMember(config);
  cluster.running.set(config.name, member);
  const failures = () =>
    cluster.said.filter((line) => line.startsWith(`${config.name}: fetching the state failed`));
  await until(() => failures().length >= 2, 30_000);
  expect(coreOf(member).tree.get(`/large-${NODES - 1}`)).toBe(undefined);
  for (const proxy of proxies) {
    proxy.heal();
    proxy.closeConnections();
  }
  await until(() => coreOf(member).tree.digest() === first!.tree.digest(), 20_000);
  expect(cluster.said.filter((line) => line.includes('fenced'))).toEqual([]);
}, 60_000);
