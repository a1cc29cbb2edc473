/**
 * Goal: one row of a member's stored state and the digest beside it are changed together, so that every
 * checksum fits. The others' digests find it, soon after it starts: it is fenced, refilled in the same
 * process at the same addresses, and the cluster serves on.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Client, connect } from '../../src/client/index.js';
import { startMember } from '../../src/server/main.js';
import { createLevelDatabases } from '../../src/storage/level-state-database.js';
import { TestCluster, type TestMember } from '../support/cluster.js';
import { divergeState } from '../support/diverge.js';
import { figure, seconds, until } from '../support/drill.js';
import { WriteLoad } from '../support/write-load.js';

const NONE = { lost: [], twice: [], unwanted: [] };

test('a row and its digest changed together: found, fenced, refetched, served on', async () => {
  const cluster = await TestCluster.start();
  const client = clientOf(cluster.endpoints);
  await client.create('/node', 'data');
  const leader = await cluster.untilLeader();
  const member = cluster.members.find(({ name }) => name !== leader)!;
  await cluster.stop(member.name);
  await takeCheckpoint(cluster, member);
  const path = await diverge(member);
  const load = await WriteLoad.start(client);
  onTestFinished(() => load.stop());
  await until(() => load.count > 50, 'the others serve');

  const startMs = performance.now();
  cluster.start(member.name);
  const { pid } = cluster.member(member.name);
  const log = () => cluster.member(member.name).log;
  await until(() => log().includes('fenced: the state differs from the majority'), 'it is found');
  const foundMs = performance.now() - startMs;
  await until(() => log().includes('starts again in place'), 'it begins anew');
  await cluster.untilReady(member.name);
  const readyMs = performance.now() - startMs;
  figure('a state that differs: from the start of the process to being fenced', seconds(foundMs));
  figure('a state that differs: from the start of the process to serving', seconds(readyMs));

  const count = load.count;
  await until(() => load.count > count + 50, 'writes go on');
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(cluster.member(member.name).pid).toBe(pid);
  expect(log()).toContain('in quarantine');
  expect(existsSync(join(member.dataDir, 'quarantine.json'))).toBe(false);
  expect(
    readdirSync(member.dataDir).filter((file) => file.startsWith('damaged-state-')),
  ).toHaveLength(1);
  const own = clientOf([member.clientAddress]);
  expect(await load.compare(own)).toEqual(NONE);
  expect(await dataOf(own, path)).toEqual(await dataOf(client, path));
}, 90_000);

/** For a moment it runs in this process, with a checkpoint at every turn. */
async function takeCheckpoint(cluster: TestCluster, { name, dataDir }: TestMember): Promise<void> {
  const addressOf = ({ peerPort }: TestMember) => `127.0.0.1:${peerPort}`;
  const initialMembers = cluster.members.map((one) => {
    return { name: one.name, peerAddress: addressOf(one) };
  });
  const silent = () => {};
  const member = await startMember({
    name,
    dataDir,
    initialMembers,
    peerListen: addressOf(cluster.member(name)),
    clientAddress: 'none:1',
    httpAddress: 'none:1',
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    tuning: { checkpointEntries: 1 },
    faces: [],
  });
  await until(() => {
    const { hasQuorum, checkpointIndex, self } = member.service.status();
    return hasQuorum && checkpointIndex === self.appliedIndex;
  }, 'all that it has is in a checkpoint');
  await member.close();
}

async function diverge({ dataDir }: TestMember): Promise<string> {
  const name = readdirSync(dataDir).find((file) => /^state-\d+$/.test(file))!;
  const database = await createLevelDatabases(dataDir).open(name, 'existing');
  try {
    return await divergeState(database);
  } finally {
    await database.close();
  }
}

async function dataOf(client: Client, path: string): Promise<unknown> {
  return (await client.get(path))?.data;
}

function clientOf(endpoints: readonly string[]): Client {
  const client = connect([...endpoints], { learnMembers: endpoints.length > 1 });
  onTestFinished(() => client.close());
  return client;
}
