/**
 * Goal: a byte goes bad in the log of a member that is stopped. The others serve on, the member is ready
 * only once they have filled it again, shows all that was acknowledged, and counts as a voter again.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Client, connect } from '../../src/client/index.js';
import { TestCluster, type TestMember } from '../support/cluster.js';
import { until } from '../support/drill.js';
import { WriteLoad } from '../support/write-load.js';

const NONE = { lost: [], twice: [], unwanted: [] };

test('a member with a damaged log is refilled while the others serve', async () => {
  const cluster = await TestCluster.start();
  const client = clientOf(cluster.endpoints);
  const load = await WriteLoad.start(client);
  await until(() => load.count > 200, 'writes are acknowledged');
  const damaged = await follower(cluster);
  await cluster.stop(damaged.name);
  flipLog(damaged);
  const count = load.count;
  await until(() => load.count > count + 50, 'the others serve');

  cluster.start(damaged.name);
  await cluster.untilReady(damaged.name);
  expect(cluster.member(damaged.name).log).toContain('in quarantine');
  expect(existsSync(join(damaged.dataDir, 'quarantine.json'))).toBe(false);
  expect(readdirSync(damaged.dataDir).some((file) => file.startsWith('damaged-log-'))).toBe(true);
  const role = () => roleOf(client, damaged.name);
  await until(async () => (await role()) === 'follower', 'the others know');

  await cluster.kill(await cluster.untilLeader());
  const before = load.count;
  await until(() => load.count > before + 50, 'it makes a majority with the other');
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(await load.compare(clientOf([damaged.clientAddress]))).toEqual(NONE);
}, 60_000);

test('a member that may have lost its vote does not start, and names the remedy', async () => {
  const cluster = await TestCluster.start();
  const client = clientOf(cluster.endpoints);
  await client.create('/a', '');
  const damaged = await follower(cluster);
  await cluster.stop(damaged.name);
  const path = logOf(damaged);
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xff, 512, bytes.findLastIndex((byte) => byte !== 0) + 1));
  cluster.start(damaged.name);
  expect((await cluster.exited(damaged.name)).code).not.toBe(0);
  const { log } = cluster.member(damaged.name);
  expect(log).toMatch(/a vote may be lost.*empty its data directory, and add it as a new one/s);
  await client.create('/b', '');
}, 60_000);

async function follower(cluster: TestCluster): Promise<TestMember> {
  const leader = await cluster.untilLeader();
  return cluster.members.find(({ name }) => name !== leader)!;
}

function clientOf(endpoints: readonly string[]): Client {
  const client = connect([...endpoints]);
  onTestFinished(() => client.close());
  return client;
}

function logOf({ dataDir }: TestMember): string {
  return join(dataDir, readdirSync(dataDir).find((file) => /^log-.*\.wal$/.test(file))!);
}

function flipLog(member: TestMember): void {
  const path = logOf(member);
  const bytes = readFileSync(path);
  const used = bytes.findLastIndex((byte) => byte !== 0);
  // What pads a frame belongs to nothing.
  const at = bytes.findIndex((byte, i) => byte !== 0 && i >= used / 2);
  bytes[at]! ^= 4;
  writeFileSync(path, bytes);
}

async function roleOf(client: Client, name: string): Promise<string | undefined> {
  const members = await client.members();
  return members.find((member) => member.name === name)?.role;
}
