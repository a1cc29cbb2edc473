/**
 * Goal: damage to the files of a real member (the log, the state in LevelDB) is found at its start; the
 * others fill it again, and it is one of them as before. Method: three members on real disks, one stopped.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { encodeBody } from '../../src/codec/command.js';
import { type MemberConfig, type RunningMember, startMember } from '../../src/server/main.js';
import type { Delivery } from '../../src/server/service.js';

const TUNING = { checkpointEntries: 20, checkpointIntervalMs: 100 };
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('a flipped byte in the middle of the log', async () => {
  const cluster = await startCluster();
  const { config } = await stopFollower(cluster);
  const name = readdirSync(config.dataDir).find((file) => file.endsWith('.wal'))!;
  flip(join(config.dataDir, name), 0.5);
  await comesBack(cluster, config);
});

test('flipped bytes all over the sorted files of the state', async () => {
  const cluster = await startCluster();
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
  const cluster = await startCluster();
  const { config } = await stopFollower(cluster);
  writeFileSync(join(config.dataDir, stateOf(config), 'CURRENT'), 'nothing that LevelDB wrote');
  await comesBack(cluster, config);
});

test('a state directory that is gone', async () => {
  const cluster = await startCluster();
  const { config } = await stopFollower(cluster);
  await rm(join(config.dataDir, stateOf(config)), { recursive: true });
  await comesBack(cluster, config);
});

interface Cluster {
  readonly configs: readonly MemberConfig[];
  readonly running: Map<string, RunningMember>;
  readonly said: string[];
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

async function startCluster(): Promise<Cluster> {
  const said: string[] = [];
  const configs = await createConfigs(said);
  const running = new Map<string, RunningMember>();
  const cluster = { configs, running, said };
  cleanups.push(() => Promise.all([...running.values()].map((member) => member.close())));
  const started = await Promise.all(configs.map((config) => startMember(config)));
  for (const [i, member] of started.entries()) running.set(configs[i]!.name, member);
  for (let i = 0; i < 80; i++) await write(started[0]!, `/before-${i}`);
  // Two checkpoints, so that no log begins at the first entry.
  await until(() => started.every((member) => coreOf(member).raft.trimmedIndex > 0));
  return cluster;
}

async function stopFollower({ configs, running }: Cluster): Promise<{ config: MemberConfig }> {
  const follower = [...running].find(([, { service }]) => {
    return service.status().self.role === 'follower';
  })!;
  const [name, member] = follower;
  await member.close();
  running.delete(name);
  return { config: configs.find((config) => config.name === name)! };
}

async function createConfigs(said: string[]): Promise<MemberConfig[]> {
  const ports = await freePorts(3);
  const initialMembers = ports.map((port, i) => ({
    name: `r${i + 1}`,
    peerAddress: `127.0.0.1:${port}`,
  }));
  return Promise.all(
    initialMembers.map(async ({ name, peerAddress }) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'rollcall-test-'));
      cleanups.push(() => rm(dataDir, { recursive: true, force: true }));
      const say = (_: object, text: string) => void said.push(`${name}: ${text}`);
      const logger = { debug() {}, info() {}, warn: say, error: say };
      const addresses = { peerListen: peerAddress, clientAddress: 'none:1', httpAddress: 'none:1' };
      return { name, dataDir, initialMembers, ...addresses, logger, tuning: TUNING, faces: [] };
    }),
  );
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

function coreOf({ service }: RunningMember) {
  return (service as import('../../src/server/member.js').Member).core;
}

async function until(holds: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`never: ${holds}`);
    await sleep(10);
  }
}

async function write(member: RunningMember, path: string): Promise<void> {
  const create = { kind: 'create', path, nodeKind: 'persistent', sequential: false } as const;
  const body = encodeBody({ ...create, data: new Uint8Array(100), ttlMs: 0, acl: [] });
  const answer = await new Promise<Delivery>((resolve) => {
    const deliver = (batch: readonly Delivery[]) => {
      for (const delivery of batch) if ('id' in delivery) resolve(delivery);
    };
    const options = { identities: [], ordered: false };
    const attachment = member.service.attach(options, { deliver, unsentBytes: () => 0 });
    attachment.submit([{ type: 'write', id: 1, timeoutMs: 10_000, kind: 'create', body, seq: 0 }]);
  });
  expect([path, answer]).toMatchObject([path, { type: 'outcome', outcome: { type: 'created' } }]);
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
