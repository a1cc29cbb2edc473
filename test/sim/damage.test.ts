/**
 * Goal: a member whose disk was damaged comes back by itself, and what it has forgotten never counts.
 * Method: whole clusters in virtual time, with bits flipped in the logs and states of members that are down.
 */
import { expect, test } from 'vitest';
import {
  DamagedCluster,
  filesOf,
  flipLastFrame,
  flipLog,
  flipState,
  spoilState,
} from './damage.js';
import type { SimMember } from './sim-member.js';
import { SeededRandom } from './world.js';

const SEEDS = Number(process.env.SIM_DAMAGE_SEEDS ?? 6);
/** Checkpoints often, so that the leader's log does not reach back. */
const SHORT_LOG = { checkpointEntries: 20, checkpointIntervalMs: 500 };

const roleOf = (sim: SimMember) => sim.member?.core.status().role;

async function damagedFollower(
  damage: (cluster: DamagedCluster, sim: SimMember) => Promise<void>,
  tuning = {},
) {
  const cluster = await DamagedCluster.founded(7, tuning);
  await cluster.write(100);
  const sim = cluster.members.find((one) => one !== cluster.leader)!;
  sim.stop('kill');
  await cluster.write(100);
  await damage(cluster, sim);
  sim.start();
  return { cluster, sim };
}

/** It must vote: the other follower is down, and the leader goes. */
async function leadsOrVotes(cluster: DamagedCluster, sim: SimMember): Promise<void> {
  const leader = cluster.leader!;
  const other = cluster.members.find((one) => one !== leader && one !== sim)!;
  other.stop('kill');
  await cluster.pass(3_000);
  leader.stop('kill');
  await cluster.pass(100);
  other.start();
  await cluster.until('the two elect a leader', () => cluster.leader !== undefined);
  leader.start();
  await cluster.untilEqual();
}

for (const [name, damage, tuning] of [
  ['log', flipLog, {}],
  ['log, behind a checkpoint that is sound', flipLog, SHORT_LOG],
  ['state', flipState, SHORT_LOG],
  ['state, so that it cannot be opened', spoilState, SHORT_LOG],
] as const)
  test(`a member with a damaged ${name} is refilled, and votes again`, async () => {
    const { cluster, sim } = await damagedFollower(damage, tuning);
    await cluster.until('it is up', () => sim.isUp);
    expect(roleOf(sim)).toBe('quarantined');
    expect(cluster.said.filter(({ member }) => member === sim.name)).toMatchObject([
      { text: expect.stringContaining('in quarantine') },
    ]);
    expect(await cluster.ask(sim)).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
    await cluster.untilEqual();
    expect(roleOf(sim)).toBe('follower');
    expect(await cluster.ask(sim)).toMatchObject({ type: 'answer' });
    const files = await filesOf(cluster, sim);
    expect(files).not.toContain('quarantine.json');
    expect(files.some((file) => file.startsWith('damaged-'))).toBe(true);
    await leadsOrVotes(cluster, sim);
    expect(cluster.problems).toEqual([]);
  });

test('in quarantine it gives no vote, however long nobody leads', async () => {
  const { cluster, sim } = await damagedFollower(async (all, one) => {
    for (const other of all.members) if (other !== one) other.stop('kill');
    await flipLog(all, one);
  });
  const [first, second] = cluster.members.filter((one) => one !== sim) as [SimMember, SimMember];
  first.start();
  await cluster.pass(10_000);
  expect(cluster.leader).toBe(undefined);
  expect(roleOf(sim)).toBe('quarantined');
  expect(first.member!.core.raft.term).toBe(sim.member!.core.raft.term);
  second.start();
  await cluster.untilEqual();
  expect(cluster.problems).toEqual([]);
});

test('with two of three damaged the cluster halts, and everyone says so', async () => {
  const cluster = await DamagedCluster.founded(8);
  await cluster.write(100);
  for (const sim of cluster.members) sim.stop('kill');
  const damaged = cluster.members.slice(1);
  for (const sim of damaged) await flipLog(cluster, sim);
  for (const sim of cluster.members) sim.start();
  await cluster.pass(10_000);
  expect(cluster.leader).toBe(undefined);
  expect(cluster.members.map((sim) => sim.failure)).toEqual([undefined, undefined, undefined]);
  expect(damaged.map(roleOf)).toEqual(['quarantined', 'quarantined']);
  const halts = cluster.said.filter(({ text }) => text.startsWith('halted: 2 of 3'));
  expect(halts.map(({ member }) => member).sort()).toEqual(['r1', 'r2', 'r3']);
  expect(halts[0]!.fields).toEqual({ quarantined: ['r2', 'r3'], voters: 3 });
});

test('a quarantine that a crash interrupts goes on at the next start', async () => {
  const { cluster, sim } = await damagedFollower(flipLog);
  const others = cluster.members.filter((one) => one !== sim);
  for (const other of others) other.stop('kill');
  for (let i = 0; i < 4; i++) {
    await cluster.until('it is up', () => sim.isUp);
    await cluster.pass(i * 50);
    expect(roleOf(sim)).toBe('quarantined');
    sim.stop('power');
    await cluster.pass(100);
    sim.start();
  }
  for (const other of others) other.start();
  await cluster.untilEqual();
  expect(cluster.problems).toEqual([]);
});

test('a member that may have lost a vote does not start, and says how it can come back', async () => {
  const { cluster, sim } = await damagedFollower(flipLastFrame);
  await cluster.until('it gave up', () => sim.failure !== undefined);
  expect(sim.failure!.message).toMatch(/CORRUPT: .*a vote may be lost.*add it as a new one/);
  await cluster.write(10);
  expect(cluster.problems).toEqual([]);
});

test(`${SEEDS} seeds of damage lose nothing`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed);
    const tuning = random.pick([{}, SHORT_LOG]);
    const cluster = await DamagedCluster.founded(seed, tuning);
    let quarantines = 0;
    for (let round = 0; round < 4; round++) {
      await cluster.write(40 + random.below(40));
      const sim = random.pick(cluster.members);
      sim.stop(random.pick(['kill', 'power']));
      await cluster.write(random.below(80));
      const hasState = tuning === SHORT_LOG;
      const damage = random.pick(hasState ? [flipLog, flipState, spoilState] : [flipLog]);
      await damage(cluster, sim);
      sim.start();
      await cluster.write(random.below(60));
      await cluster.untilEqual();
      quarantines = cluster.said.filter(({ text }) => text.startsWith('in quarantine')).length;
    }
    expect([seed, cluster.problems, quarantines]).toEqual([seed, [], 4]);
    expect(cluster.acknowledged.length).toBeGreaterThan(100);
  }
}, 60_000);
