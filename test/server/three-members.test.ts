/**
 * Goal: three members on real disks and real links found a cluster, elect a leader and apply what enters at
 * any of them; one may stop and come back. Method: three `startMember` in this process, without faces.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { encodeBody } from '../../src/codec/command.js';
import { type RunningMember, startMember } from '../../src/server/main.js';
import type { Delivery } from '../../src/server/service.js';
import type { Logger } from '../../src/types/ports.js';
import { freePorts } from './free-ports.js';

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('a write that enters at any member is applied everywhere', async () => {
  const members = await startThree();
  for (const [i, member] of members.entries()) {
    const outcome = await write(member, `/from-${i}`);
    expect(outcome).toMatchObject({ type: 'outcome', outcome: { type: 'created' } });
  }
});

test('the members left elect a leader when it leaves, and it catches up when it is back', async () => {
  const { configs, members } = await startThreeWithConfigs();
  await write(members[0]!, '/before');
  const leaderName = members[0]!.service.status().leader;
  const index = configs.findIndex(({ name }) => name === leaderName);
  await members[index]!.close();
  const others = members.filter((_, i) => i !== index);
  expect(await write(others[0]!, '/meanwhile')).toMatchObject({ type: 'outcome' });
  const again = await startMember(configs[index]!);
  cleanups.push(() => again.close());
  expect(await write(again, '/after')).toMatchObject({ type: 'outcome' });
});

test('more than one frame of changes that arrive at a follower at once', async () => {
  const members = await startThree();
  await write(members[0]!, '/before');
  const follower = members.find(({ service }) => service.status().self.role !== 'leader')!;
  const paths = ['/a', '/b', '/c', '/d', '/e', '/f'];
  const outcomes = await Promise.all(paths.map((path) => write(follower, path, 1024 * 1024)));
  for (const outcome of outcomes) expect(outcome).toMatchObject({ type: 'outcome' });
});

async function startThree(): Promise<RunningMember[]> {
  return (await startThreeWithConfigs()).members;
}

async function startThreeWithConfigs() {
  const ports = await freePorts(3);
  const initialMembers = ports.map((port, i) => ({
    name: `r${i + 1}`,
    peerAddress: `127.0.0.1:${port}`,
  }));
  const configs = await Promise.all(
    initialMembers.map(async ({ name, peerAddress }) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'rollcall-test-'));
      cleanups.push(() => rm(dataDir, { recursive: true, force: true }));
      const addresses = { peerListen: peerAddress, clientAddress: 'none:1', httpAddress: 'none:1' };
      return { name, dataDir, initialMembers, ...addresses, logger: SILENT, faces: [] };
    }),
  );
  const members = await Promise.all(configs.map((config) => startMember(config)));
  for (const member of members) cleanups.push(() => member.close());
  return { configs, members };
}

function write(member: RunningMember, path: string, bytes = 10): Promise<Delivery> {
  const create = { kind: 'create', path, nodeKind: 'persistent', sequential: false } as const;
  const body = encodeBody({ ...create, data: new Uint8Array(bytes), ttlMs: 0, acl: [] });
  return new Promise((resolve) => {
    const options = { identities: [], ordered: false };
    const deliver = (batch: readonly Delivery[]) => {
      for (const delivery of batch) if ('id' in delivery) resolve(delivery);
    };
    const attachment = member.service.attach(options, { deliver, unsentBytes: () => 0 });
    attachment.submit([{ type: 'write', id: 1, timeoutMs: 5000, kind: 'create', body, seq: 0 }]);
  });
}
