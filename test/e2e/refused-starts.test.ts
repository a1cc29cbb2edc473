/**
 * Goal: a member that must not start says why and what to do, and the others do not notice: an emptied
 * disk, a directory in use, a port in use.
 */
import { readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Client, connect } from '../../src/client/index.js';
import { freePorts, TestCluster } from '../support/cluster.js';
import { until } from '../support/drill.js';
import { type Ended, Process } from '../support/processes.js';
import { WriteLoad } from '../support/write-load.js';

const NONE = { lost: [], twice: [], unwanted: [] };
let cluster: TestCluster;
let client: Client;
let closeCluster: () => Promise<void>;

beforeAll(async () => {
  cluster = await TestCluster.start({
    onEnd: (close) => {
      closeCluster = close;
    },
  });
  client = connect(cluster.endpoints);
}, 60_000);

afterAll(async () => {
  await client?.close();
  await closeCluster?.();
});

/** A founder by itself: it never meets anybody. */
function serve(flags: Record<string, string | number>): Promise<Ended> {
  const args = Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)]);
  const started = new Process(['serve', ...args], { ...process.env, NO_COLOR: '1' });
  onTestFinished(async () => {
    started.kill('SIGKILL');
    await started.ended;
  });
  return started.ended;
}

async function flagsOfAnother(): Promise<Record<string, string | number>> {
  const [clientPort, peerPort, httpPort] = await freePorts(3);
  return {
    '--name': 'other',
    '--data': join(cluster.folder, 'other'),
    '--initial-members': `other=127.0.0.1:${peerPort}`,
    '--client-port': clientPort!,
    '--peer-port': peerPort!,
    '--http-port': httpPort!,
  };
}

test('a second process on the data of a member is refused, by name of the first', async () => {
  const first = cluster.member('r1');
  const flags = { ...(await flagsOfAnother()), '--data': first.dataDir };
  const { code, err } = await serve(flags);
  expect(code).not.toBe(0);
  expect(err).toContain(`in use by process ${first.pid}`);
  expect(err).toContain('a directory of its own');
  expect(err).not.toMatch(/^\s+at /m);
  await cluster.untilReady('r1');
}, 30_000);

test.each(['--client-port', '--peer-port', '--http-port'])(
  '%s in use: the message names it and a remedy',
  async (flag) => {
    const squatter = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void squatter.close());
    await new Promise((resolve) => squatter.once('listening', resolve));
    const address = squatter.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const flags = { ...(await flagsOfAnother()), [flag]: port };
    if (flag === '--peer-port') flags['--initial-members'] = `other=127.0.0.1:${port}`;
    const { code, err } = await serve(flags);
    expect(code).not.toBe(0);
    expect(err).toContain(String(port));
    expect(err).toMatch(/in use|already/);
    expect(err).toContain(flag);
    expect(err).not.toMatch(/^\s+at /m);
  },
  30_000,
);

test('an emptied disk keeps its member out, and the other two serve on', async () => {
  const load = await WriteLoad.start(client);
  onTestFinished(() => load.stop());
  await until(() => load.count > 20, 'writes are acknowledged');
  await cluster.kill('r2');
  const { dataDir } = cluster.member('r2');
  rmSync(dataDir, { recursive: true });
  cluster.start('r2');
  const { code } = await cluster.exited('r2');
  expect(code).toBe(1);
  const { log } = cluster.member('r2');
  expect(log).toContain('must rejoin as a new member');
  expect(log).not.toMatch(/^\s+at /m);

  const before = load.count;
  await sleep(500);
  await until(() => load.count > before, 'writes go on');
  await load.stop();
  expect(await load.compare()).toEqual(NONE);
  expect(load.failures).toEqual([]);
  await Promise.all(['r1', 'r3'].map((name) => cluster.untilReady(name)));
  expect(await client.members()).toHaveLength(3);

  // Trying again does not wear the refusal down, and it never acts as the member it was.
  expect(readdirSync(dataDir)).not.toEqual([]);
  cluster.start('r2');
  expect((await cluster.exited('r2')).code).toBe(1);
  expect(cluster.member('r2').log).toContain('must rejoin as a new member');
}, 60_000);
