/**
 * Goal: the syncs of the leader's disk do not end. It gives up the lead by itself, the others serve on while it
 * hangs, and it is one of them again when its disk is well. Method: a real member under strace, which holds
 * back every fsync.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { connect } from '../../src/client/index.js';
import { TestCluster } from '../support/cluster.js';
import { figure, seconds, until } from '../support/drill.js';
import { WriteLoad } from '../support/write-load.js';

const NONE = { lost: [], twice: [], unwanted: [] };
const STALL_MS = 6_000;

/** Every sync of the process takes so much longer, until the answer is called. */
async function stallSyncs(pid: number): Promise<() => Promise<void>> {
  const syncs = 'fsync,fdatasync';
  const inject = `inject=${syncs}:delay_enter=${STALL_MS * 1000}`;
  const args = ['-f', '-p', `${pid}`, '-e', `trace=${syncs}`, '-e', inject, '-o', '/dev/null'];
  const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  await attached(strace);
  return async () => {
    const exited = once(strace, 'exit');
    strace.kill('SIGINT');
    await exited;
  };
}

async function attached({ stderr }: ChildProcess): Promise<void> {
  for await (const text of stderr!) if (`${text}`.includes('attached')) return;
  throw new Error('strace could not attach');
}

function checkStrace(context: TestContext): void {
  const { status } = spawnSync('strace', ['-o', '/dev/null', 'true']);
  if (status !== 0) context.skip('no strace that may trace: apt install strace');
}

test('a leader whose syncs do not end gives up the lead', async (context) => {
  checkStrace(context);
  const cluster = await TestCluster.start();
  const client = connect(cluster.endpoints);
  onTestFinished(() => client.close());
  const load = await WriteLoad.start(client);
  onTestFinished(() => load.stop());
  await until(() => load.count > 200, 'writes are acknowledged');
  const stalled = await cluster.untilLeader();
  const startMs = performance.now();
  const end = await stallSyncs(cluster.member(stalled).pid!);

  const isOther = async () => (await cluster.untilLeader()) !== stalled;
  await until(isOther, 'another leads', STALL_MS);
  const count = load.count;
  await until(() => load.count > count + 50, 'writes are acknowledged again', STALL_MS);
  const servedMs = performance.now() - startMs;
  const { log } = cluster.member(stalled);
  expect(log).toContain('the disk of the log has stalled');
  const disks = async () => (await client.members()).map(({ disk }) => disk);
  await until(async () => (await disks()).includes('stalled'), 'everybody knows');
  figure('a leader whose syncs do not end: to fifty writes under another', seconds(servedMs));
  figure('… longest gap', seconds(load.longestGapMs(startMs, performance.now())));

  await end();
  await until(async () => (await disks()).every((disk) => disk === 'ok'), 'it is well', 30_000);
  await cluster.untilReady(stalled);
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(await load.compare(connectTo(cluster.member(stalled).clientAddress))).toEqual(NONE);
}, 90_000);

function connectTo(endpoint: string): ReturnType<typeof connect> {
  const client = connect(endpoint, { learnMembers: false });
  onTestFinished(() => client.close());
  return client;
}
