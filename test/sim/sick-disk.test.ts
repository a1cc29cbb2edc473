/**
 * Goal: a leader whose disk stalls gives up the lead, the others serve on, and it does not stand again before its
 * disk has been well for a while; what is not the disk's fault costs nobody the lead. Method: whole
 * clusters in virtual time, with syncs that do not end.
 */
import { expect, test } from 'vitest';
import { DamagedCluster } from './damage.js';
import type { SimMember } from './sim-member.js';

/** From the stall to another leader: twice the shortest election timeout, and what a handover takes. */
const GIVEN_UP_WITHIN_MS = 1_300;
const WELL_AFTER_MS = 2_000;

const diskOf = (sim: SimMember) => sim.member!.status().self.disk;

async function founded(seed: number): Promise<{ cluster: DamagedCluster; leader: SimMember }> {
  const cluster = await DamagedCluster.founded(seed);
  await cluster.write(20);
  return { cluster, leader: cluster.leader! };
}

function others(cluster: DamagedCluster, but: SimMember): SimMember[] {
  return cluster.members.filter((one) => one !== but);
}

async function serves(cluster: DamagedCluster, at: SimMember): Promise<void> {
  for (let i = 0; i < 10; i++)
    expect(await cluster.change(at)).toMatchObject({ outcome: { type: 'created' } });
}

test('a leader whose disk stalls hands over, and does not stand before it is well', async () => {
  const { cluster, leader } = await founded(1);
  leader.stallDisk(8_000);
  const stalledAtMs = cluster.world.monotonicMs();
  void cluster.write(5);
  await cluster.until('another leads', () => (cluster.leader ?? leader) !== leader);
  expect(cluster.world.monotonicMs() - stalledAtMs).toBeLessThan(GIVEN_UP_WITHIN_MS);
  expect(diskOf(leader)).toBe('stalled');
  await serves(cluster, cluster.leader!);

  // The one that leads now goes: of the two that are left, only one may stand.
  const [fit] = others(cluster, leader).filter((one) => one !== cluster.leader) as [SimMember];
  await cluster.until('the stall is over', () => cluster.world.monotonicMs() > stalledAtMs + 8_100);
  cluster.leader!.stop('kill');
  await cluster.until('somebody leads', () => cluster.leader !== undefined);
  expect([cluster.leader!.name, diskOf(leader)]).toEqual([fit.name, 'stalled']);

  await cluster.until('its disk is well', () => diskOf(leader) === 'ok');
  expect(cluster.world.monotonicMs() - stalledAtMs - 8_000).toBeGreaterThan(WELL_AFTER_MS);
  for (const sim of cluster.members) sim.start();
  await cluster.untilEqual();
  const said = cluster.said.filter(({ member }) => member === leader.name).map(({ text }) => text);
  expect(said).toEqual([
    'the disk of the log has stalled: this member does not lead until it is well',
  ]);
  expect(cluster.problems).toEqual([]);
});

test('what it shows meanwhile is called stale', async () => {
  const { cluster, leader } = await founded(4);
  const [follower] = others(cluster, leader) as [SimMember];
  const heard: string[] = [];
  const deliver = (batch: readonly { readonly type: string }[]) => {
    for (const { type } of batch) if (type === 'stale' || type === 'live') heard.push(type);
  };
  follower.member!.attach({ identities: [], ordered: true }, { deliver, unsentBytes: () => 0 });
  await cluster.pass(500);
  expect(heard).toEqual([]);
  follower.stallDisk(2_000);
  await cluster.write(100);
  expect([heard, cluster.leader]).toEqual([['stale'], leader]);
  await cluster.pass(5_000);
  expect(heard).toEqual(['stale', 'live']);
});

test('with the disks of all three stalled they go on as soon as these are well', async () => {
  const { cluster } = await founded(2);
  for (const sim of cluster.members) sim.stallDisk(3_000);
  await cluster.write(250);
  await cluster.until('all are well', () => cluster.members.every((sim) => diskOf(sim) === 'ok'));
  await cluster.until('somebody leads', () => cluster.leader !== undefined);
  await serves(cluster, cluster.leader!);
  await cluster.untilEqual();
  expect(cluster.problems).toEqual([]);
});

test('neither a slow disk nor a process that stands still costs the lead as a sick disk', async () => {
  const { cluster, leader } = await founded(3);
  for (let i = 0; i < 10; i++) {
    leader.stallDisk(500);
    await cluster.write(40);
  }
  expect(cluster.leader).toBe(leader);
  for (const sim of cluster.members) sim.pause(5_000);
  await cluster.pass(10_000);
  expect(cluster.said).toEqual([]);
  expect(cluster.members.map(diskOf)).toEqual(['ok', 'ok', 'ok']);
});
