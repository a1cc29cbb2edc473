/**
 * Goal: every member killed at once, under load, and started in another order: what was acknowledged is
 * there once, sessions that live go on, and watches go on or say that they began anew.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/client/index.js';
import { TestCluster } from '../support/cluster.js';
import { figure, progress, scaled, seconds, until } from '../support/drill.js';
import { LiveRoll } from '../support/live-roll.js';
import { TreeMirror } from '../support/tree-mirror.js';
import { WriteLoad } from '../support/write-load.js';

const NONE = { lost: [], twice: [], unwanted: [] };
const ORDERS = [
  ['r3', 'r1', 'r2'],
  ['r2', 'r3', 'r1'],
  ['r1', 'r3', 'r2'],
];
/** Long enough for three members to start on a machine that is busy with other tests. */
const SESSION_MS = 30_000;

async function restartAll(cluster: TestCluster, order: readonly string[]): Promise<void> {
  await Promise.all(cluster.members.map(({ name }) => cluster.kill(name)));
  for (const name of order) {
    cluster.start(name);
    await sleep(100);
  }
  await Promise.all(order.map((name) => cluster.untilReady(name)));
}

test('all members killed under load and started in another order: all of it goes on', async () => {
  const cluster = await TestCluster.start();
  const { endpoints } = cluster;
  const client = connect(endpoints);
  onTestFinished(() => client.close());
  const session = await client.session({ timeoutMs: SESSION_MS, graceMs: 2_000 });
  const held = await session.create('/held', 'mine');
  const roll = await LiveRoll.start({
    endpoints,
    clients: 5,
    sessionTimeoutMs: SESSION_MS,
    onEnd: onTestFinished,
  });
  await until(() => roll.size === 5, 'the watcher sees everyone');
  const load = await WriteLoad.start(client, { timeoutMs: 40_000 });
  const mirror = TreeMirror.start({ endpoints, path: '/load', onEnd: onTestFinished });
  const gaps: number[] = [];
  for (let i = 0; i < scaled(1, 3); i++) {
    await sleep(scaled(500, 3_000));
    const startMs = performance.now();
    const count = load.count;
    await restartAll(cluster, ORDERS[i % ORDERS.length]!);
    await until(() => load.count > count + 20, 'writes are acknowledged again', 30_000);
    gaps.push(load.longestGapMs(startMs, performance.now()));
    progress(`all killed, ${i + 1}: ${seconds(gaps.at(-1)!)} without an acknowledgement`);
  }
  await sleep(scaled(300, 2_000));
  await load.stop();

  expect(await load.compare()).toEqual(NONE);
  expect(load.failures).toEqual([]);

  await until(() => session.state === 'CONNECTED', 'the session is connected again');
  const found = await session.get('/held');
  expect(found?.stat.owner).toBe(session.id);
  expect(found?.stat.createRevision).toBe(held.stat.createRevision);
  await session.set('/held', 'still mine');
  await until(() => roll.registered === 5, 'everyone is registered');
  expect(roll.leaves).toEqual([]);
  expect(roll.upsets).toEqual([]);

  const nodes = new Set([...(await listAll(client)), '/load']);
  await until(() => mirror.nodes.size === nodes.size, 'the watch has seen everything');
  expect(new Set(mirror.nodes.keys())).toEqual(nodes);
  expect(mirror.faults).toEqual([]);
  figure('writes acknowledged, 200 a second', load.count);
  figure(`no acknowledgements while all were down and started (${gaps.length})`, gapText(gaps));
  figure('snapshots marked as replacing what was missed', mirror.resyncs);
}, 180_000);

const gapText = (gaps: readonly number[]) => gaps.map((gap) => seconds(gap)).join(', ');

async function listAll(client: ReturnType<typeof connect>): Promise<string[]> {
  const paths: string[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = await client.list('/load', { after });
    paths.push(...page.nodes.map(({ path }) => path));
    after = page.next;
  }
  return paths;
}
