/** Elections on a real cluster: who leads, who sees it, and what is seen when it changes. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Client, Leader } from '../../src/client/index.js';
import { createElection } from '../../src/client/recipes/election.js';
import { startTestCluster, type TestCluster } from '../../src/testing/index.js';
import { hostOf, untilInLine } from './recipes-setup.js';

let cluster: TestCluster;
let paths = 0;

beforeAll(async () => {
  cluster = await startTestCluster();
});

afterAll(() => cluster.close());

function client(): Client {
  const made = cluster.connect();
  onTestFinished(() => made.close());
  return made;
}

const fresh = (): string => `/elections/${paths++}`;
const shown = (leader: Leader | undefined) => leader && String(leader.value);

test('a leader is seen by its value, and the next one follows in the order of coming', async () => {
  const [one, other] = [client(), client()];
  const path = fresh();
  const election = one.election(path);
  expect(await other.election(path).leader()).toBeUndefined();
  const first = await election.campaign('one');
  const second = other.election(path).campaign('other');
  await untilInLine(one, path, 2);
  expect(await other.election(path).leader()).toMatchObject({ fencingToken: first.fencingToken });
  await first.set('one again');
  expect(shown(await election.leader())).toBe('one again');
  await first.resign();
  const leadership = await second;
  expect(leadership.fencingToken).toBeGreaterThan(first.fencingToken);
  expect(shown(await election.leader())).toBe('other');
  await expect(first.set('too late')).rejects.toMatchObject({ code: 'CLOSED' });
  expect(first.signal.aborted).toBe(true);
  await leadership.resign();
  expect(await election.leader()).toBeUndefined();
});

test('an observer sees every state of rest, and nobody when nobody leads', async () => {
  const [one, watching] = [client(), client()];
  const path = fresh();
  const reader = watching.election(path).observe()[Symbol.asyncIterator]();
  const next = async () => shown((await reader.next()).value);
  expect(await next()).toBeUndefined();
  const leadership = await one.election(path).campaign('a');
  expect(await next()).toBe('a');
  await leadership.set('b');
  expect(await next()).toBe('b');
  await leadership.resign();
  expect(await next()).toBeUndefined();
  await reader.return!();
  expect(watching.describe().watches).toEqual([]);
});

test('an observer that is slow is shown the latest', async () => {
  const [one, watching] = [client(), client()];
  const path = fresh();
  await using leadership = await one.election(path).campaign('0');
  const reader = watching.election(path).observe()[Symbol.asyncIterator]();
  expect(shown((await reader.next()).value)).toBe('0');
  for (let i = 1; i <= 50; i++) await leadership.set(`${i}`);
  const { modifyRevision } = (await watching.list(path)).nodes[0]!.stat;
  await expect
    .poll(() => watching.describe().watches[0]!.revision)
    .toBeGreaterThanOrEqual(modifyRevision);
  const value = shown((await reader.next()).value);
  expect(['50', '1']).toContain(value);
  if (value === '1') expect(shown((await reader.next()).value)).toBe('50');
  await reader.return!();
});

test('observing ends with its signal and with its client', async () => {
  const watching = client();
  const stop = new AbortController();
  const path = fresh();
  const count = async (signal?: AbortSignal): Promise<number> => {
    let seen = 0;
    for await (const _ of watching.election(path).observe({ signal })) seen++;
    return seen;
  };
  const counts = [count(stop.signal), count()];
  await expect.poll(() => watching.describe().watches.filter((each) => each.isLive).length).toBe(2);
  stop.abort();
  expect(await counts[0]).toBe(1);
  await watching.close();
  expect(await counts[1]).toBe(1);
});

test('observers see leaders in order while members are killed, and never an older one again', async () => {
  const [watching, ...candidates] = [client(), client(), client()];
  const path = fresh();
  const stop = new AbortController();
  const seen: number[] = [];
  const observing = (async () => {
    for await (const leader of watching!.election(path).observe(stop))
      if (leader !== undefined) seen.push(leader.fencingToken);
  })();
  const won: number[] = [];
  const campaigning = candidates.map(async (candidate) => {
    const election = createElection(hostOf(candidate), path);
    for (let i = 0; i < 20; i++) {
      const leadership = await election.campaign(`${i}`);
      won.push(leadership.fencingToken);
      await leadership.resign();
      if (i === 8 && candidate === candidates[0]) {
        const killed = await cluster.leader();
        await cluster.kill(killed);
        await cluster.leader();
        await cluster.restart(killed);
      }
    }
  });
  await Promise.all(campaigning);
  stop.abort();
  await observing;
  expect(won).toEqual([...won].sort((a, b) => a - b));
  expect(new Set(won).size).toBe(40);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.length).toBeGreaterThan(5);
}, 30_000);
