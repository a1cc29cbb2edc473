/**
 * Goal: damage to the files of a real member (the log, the state in LevelDB) is found at its start; the
 * others fill it again, and it is one of them as before. Method: three members on real disks, one stopped.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { FaceFactory } from '../../src/server/face.js';
import { type MemberConfig, type RunningMember, startMember } from '../../src/server/main.js';
import { createLevelDatabases } from '../../src/storage/level-state-database.js';
import { divergeState } from '../support/diverge.js';
import { type Cluster, coreOf, startCluster, stopFollower, until, write } from './real-members.js';

const cleanups: (() => Promise<unknown>)[] = [];

const onEnd = (close: () => Promise<unknown>) => void cleanups.push(close);

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('a flipped byte in the middle of the log', async () => {
  const cluster = await startCluster({ onEnd });
  const { config } = await stopFollower(cluster);
  const name = readdirSync(config.dataDir).find((file) => file.endsWith('.wal'))!;
  flip(join(config.dataDir, name), 0.5);
  await comesBack(cluster, config);
});

test('flipped bytes all over the sorted files of the state', async () => {
  const cluster = await startCluster({ onEnd });
  const { config } = await stopFollower(cluster);
  // LevelDB moves what is in its log to sorted files at a start.
  await (await startMember(config)).close();
  const state = join(config.dataDir, stateOf(config));
  const tables = readdirSync(state).filter((file) => file.endsWith('.ldb'));
  expect(tables.length).toBeGreaterThan(0);
  for (const table of tables)
    for (let share = 0.02; share < 1; share += 0.02) flip(join(state, table), share);
  await comesBack(cluster, config);
});

test('a description of the state that names nothing', async () => {
  const cluster = await startCluster({ onEnd });
  const { config } = await stopFollower(cluster);
  writeFileSync(join(config.dataDir, stateOf(config), 'CURRENT'), 'nothing that LevelDB wrote');
  await comesBack(cluster, config);
});

test('a state directory that is gone', async () => {
  const cluster = await startCluster({ onEnd });
  const { config } = await stopFollower(cluster);
  await rm(join(config.dataDir, stateOf(config)), { recursive: true });
  await comesBack(cluster, config);
});

test('a state in which one row and the digest beside it were changed together', async () => {
  const listens: (string | undefined)[] = [];
  const face: FaceFactory = async ({ listen }) => {
    listens.push(listen);
    return { name: 'test', address: listen ?? '127.0.0.1:1', close: async () => {} };
  };
  const cluster = await startCluster({ onEnd, faces: [face] });
  const { config } = await stopFollower(cluster);
  const name = stateOf(config);
  const path = await diverge(config);
  listens.length = 0;
  const member = await startMember(config);
  cluster.running.set(config.name, member);
  const ownData = () => coreOf(member).tree.get(path)?.data;
  const other = [...cluster.running.values()].find((one) => one !== member)!;
  expect(ownData()).not.toEqual(coreOf(other).tree.get(path)!.data);

  const { said } = cluster;
  const isSaid = (text: string) => said.some((line) => line.startsWith(`${config.name}: ${text}`));
  await until(() => isSaid('fenced: the state differs'));
  await until(() => isSaid('in quarantine') && !member.service.status().isQuarantined);
  expect(ownData()).toEqual(coreOf(other).tree.get(path)!.data);
  expect(listens).toEqual([undefined, '127.0.0.1:1']);
  expect(readdirSync(config.dataDir).filter((file) => file === `damaged-${name}`)).toHaveLength(1);
  await write(member, '/after');
  await until(() => coreOf(other).tree.digest() === coreOf(member).tree.digest());
});

test('a member that is told to stop while it begins anew', async () => {
  const cluster = await startCluster({ onEnd });
  const { config } = await stopFollower(cluster);
  await diverge(config);
  const member = await startMember(config);
  const isFenced = () => cluster.said.some((line) => line.startsWith(`${config.name}: fenced`));
  await until(isFenced);
  await Promise.all([member.close(), member.close()]);
  const again = await startMember(config);
  cluster.running.set(config.name, again);
  const [other] = cluster.running.values();
  await until(() => !again.service.status().isQuarantined);
  await until(() => coreOf(other!).tree.digest() === coreOf(again).tree.digest());
});

async function diverge(config: MemberConfig): Promise<string> {
  const databases = createLevelDatabases(config.dataDir);
  const database = await databases.open(stateOf(config), 'existing');
  try {
    return await divergeState(database);
  } finally {
    await database.close();
  }
}

async function comesBack({ running, said }: Cluster, config: MemberConfig): Promise<void> {
  const others = [...running.values()];
  await write(others[0]!, '/meanwhile');
  const again = await startMember(config);
  running.set(config.name, again);
  expect(said.filter((text) => text.startsWith(`${config.name}: in quarantine`))).toHaveLength(1);
  await until(() => !again.service.status().isQuarantined);
  expect(existsSync(join(config.dataDir, 'quarantine.json'))).toBe(false);
  expect(readdirSync(config.dataDir).some((file) => file.startsWith('damaged-'))).toBe(true);
  // Together with one other it is a majority: it acknowledges and votes.
  const leader =
    others.find(({ service }) => service.status().self.role === 'leader') ?? others[0]!;
  await leader.close();
  await write(again, '/after');
  const both = [again, ...others.filter((one) => one !== leader)];
  const digestOf = (member: RunningMember) => coreOf(member).tree.digest();
  await until(() => new Set(both.map(digestOf)).size === 1);
  for (const path of ['/before-0', '/before-79', '/meanwhile', '/after'])
    expect([path, coreOf(again).tree.get(path)?.path]).toEqual([path, path]);
}

function flip(path: string, share: number): void {
  const bytes = readFileSync(path);
  const used = bytes.findLastIndex((byte) => byte !== 0);
  // What pads a frame belongs to nothing.
  const at = bytes.findIndex((byte, i) => byte !== 0 && i >= used * share);
  bytes[at]! ^= 4;
  writeFileSync(path, bytes);
}

function stateOf({ dataDir }: MemberConfig): string {
  return readdirSync(dataDir).find((name) => /^state-\d+$/.test(name))!;
}
