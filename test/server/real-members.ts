/** Three members on real disks in this process, which may be stopped, harmed and started again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { encodeBody } from '../../src/codec/command.js';
import type { Core } from '../../src/server/core.js';
import { type MemberConfig, type RunningMember, startMember } from '../../src/server/main.js';
import type { Member } from '../../src/server/member.js';
import type { Delivery } from '../../src/server/service.js';
import { freePorts } from '../support/cluster.js';

const TUNING = { checkpointEntries: 20, checkpointIntervalMs: 100 };

export interface ClusterOptions {
  /** Told how to end what was begun. */
  readonly onEnd: (close: () => Promise<unknown>) => void;
  /** Where the others reach a member that listens there. */
  readonly peerAddress?: (listen: string) => Promise<string>;
  readonly faces?: MemberConfig['faces'];
}

export interface Cluster {
  readonly configs: readonly MemberConfig[];
  readonly running: Map<string, RunningMember>;
  readonly said: string[];
}

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const said: string[] = [];
  const configs = await createConfigs(said, options);
  const running = new Map<string, RunningMember>();
  const cluster = { configs, running, said };
  options.onEnd(() => Promise.all([...running.values()].map((member) => member.close())));
  const started = await Promise.all(configs.map((config) => startMember(config)));
  for (const [i, member] of started.entries()) running.set(configs[i]!.name, member);
  for (let i = 0; i < 80; i++) await write(started[0]!, `/before-${i}`);
  // Two checkpoints, so that no log begins at the first entry.
  await until(() => started.every((member) => coreOf(member).raft.trimmedIndex > 0));
  return cluster;
}

export async function stopFollower({
  configs,
  running,
}: Cluster): Promise<{ config: MemberConfig }> {
  const follower = [...running].find(([, { service }]) => {
    return service.status().self.role === 'follower';
  })!;
  const [name, member] = follower;
  await member.close();
  running.delete(name);
  return { config: configs.find((config) => config.name === name)! };
}

async function createConfigs(said: string[], options: ClusterOptions): Promise<MemberConfig[]> {
  const listens = (await freePorts(3)).map((port) => `127.0.0.1:${port}`);
  const { peerAddress = async (listen) => listen, faces = [] } = options;
  const addressed = await Promise.all(listens.map(peerAddress));
  const initialMembers = addressed.map((address, i) => ({
    name: `r${i + 1}`,
    peerAddress: address,
  }));
  return Promise.all(
    initialMembers.map(async ({ name }, i) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'rollcall-test-'));
      options.onEnd(() => rm(dataDir, { recursive: true, force: true }));
      const say = (fields: object, text: string) => {
        const { error } = fields as { readonly error?: unknown };
        said.push(`${name}: ${text}${error === undefined ? '' : `: ${error}`}`);
      };
      const logger = { debug() {}, info() {}, warn: say, error: say };
      const addresses = { peerListen: listens[i]!, clientAddress: 'none:1', httpAddress: 'none:1' };
      return { name, dataDir, initialMembers, ...addresses, logger, tuning: TUNING, faces };
    }),
  );
}

export function coreOf({ service }: RunningMember): Core {
  return (service as Member).core;
}

export async function until(holds: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`never: ${holds}`);
    await sleep(10);
  }
}

export async function write(member: RunningMember, path: string, bytes = 100): Promise<void> {
  const create = { kind: 'create', path, nodeKind: 'persistent', sequential: false } as const;
  const body = encodeBody({ ...create, data: new Uint8Array(bytes).fill(7), ttlMs: 0, acl: [] });
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
