/**
 * Goal: a member whose state is wrong though every checksum fits is found by the others' digests, soon, whatever
 * part it plays, and refilled; and while nobody can say who is right nothing is served. Method: whole
 * clusters in virtual time, one row of a stored state changed together with its digest.
 */
import { expect, test } from 'vitest';
import { DamagedCluster, filesOf } from './damage.js';
import type { SimMember } from './sim-member.js';
import { SeededRandom } from './world.js';

const SEEDS = Number(process.env.SIM_DIVERGENCE_SEEDS ?? 8);
const SHORT_LOG = { checkpointEntries: 20, checkpointIntervalMs: 500 };
/** From its start to its end as one that is wrong. */
const FOUND_WITHIN_MS = 3_000;

async function founded(seed: number): Promise<DamagedCluster> {
  const cluster = await DamagedCluster.founded(seed, SHORT_LOG);
  await cluster.write(60);
  return cluster;
}

async function untilFenced(cluster: DamagedCluster, sim: SimMember): Promise<number> {
  const before = sim.fencings;
  const sinceMs = cluster.world.monotonicMs();
  await cluster.until(`${sim.name} is fenced`, () => sim.fencings > before, FOUND_WITHIN_MS);
  return cluster.world.monotonicMs() - sinceMs;
}

function followerOf(cluster: DamagedCluster): SimMember {
  return cluster.members.find((one) => one !== cluster.leader)!;
}

test('a follower whose state differs is fenced and refilled, without any change being made', async () => {
  const cluster = await founded(3);
  const sim = followerOf(cluster);
  sim.stop('kill');
  await cluster.diverge(sim);
  sim.start();
  await untilFenced(cluster, sim);
  await cluster.until('it is in quarantine', () => sim.member?.core.isQuarantined === true);
  expect(await cluster.ask(sim)).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
  await cluster.untilEqual();
  const said = cluster.said.filter(({ member }) => member === sim.name);
  expect(said[0]).toMatchObject({
    text: expect.stringMatching(/^fenced: the state differs from the majority's at revision \d+$/),
    fields: { own: expect.stringMatching(/^[0-9a-f]{16}$/), majority: expect.any(String) },
  });
  expect(await filesOf(cluster, sim)).not.toContain('quarantine.json');
  expect([sim.fencings, cluster.problems]).toEqual([1, []]);
});

test('a leader whose state differs gives up the lead and is refilled', async () => {
  let led = 0;
  for (let seed = 1; led < 2; seed++) {
    const cluster = await founded(seed);
    const sim = cluster.members[seed % 3]!;
    for (const one of cluster.members) one.stop('kill');
    await cluster.diverge(sim);
    for (const one of cluster.members) one.start();
    await cluster.until('somebody leads', () => cluster.leader !== undefined);
    if (cluster.leader !== sim) continue;
    led++;
    await untilFenced(cluster, sim);
    const fencedAtMs = cluster.world.monotonicMs();
    await cluster.until('another leads', () => (cluster.leader ?? sim) !== sim);
    expect(cluster.world.monotonicMs() - fencedAtMs).toBeLessThan(1_000);
    await cluster.write(20);
    await cluster.untilEqual();
    expect([sim.fencings, cluster.problems]).toEqual([1, []]);
  }
});

test('two that differ hand their states to nobody, until an operator takes the wrong one away', async () => {
  for (const seed of [1, 2, 3]) {
    const cluster = await founded(seed);
    const [wrong, right, behind] = cluster.members as [SimMember, SimMember, SimMember];
    behind.stop('kill');
    await cluster.write(100);
    for (const one of cluster.members) one.stop('kill');
    await cluster.diverge(wrong);
    for (const one of cluster.members) one.start();
    const isSplit = (sim: SimMember) => sim.member?.core.split !== undefined;
    await cluster.until('both know', () => isSplit(wrong) && isSplit(right));
    await cluster.pass(10_000);
    // Its log was cut off, and nobody gives it the rest.
    expect(behind.member!.core.tree.revision).toBeLessThan(right.member!.core.tree.revision - 50);
    for (const one of [wrong, right]) one.stop('kill');
    right.start();
    await cluster.until('the one that was trusted leads', () => cluster.leader === right);
    await cluster.until('it serves', () => right.member!.status().hasQuorum);
    wrong.start();
    await untilFenced(cluster, wrong);
    await cluster.untilEqual();
    expect([right.fencings, behind.fencings, cluster.problems]).toEqual([0, 0, []]);
  }
});

test('two that differ while the third is away serve nothing until it is back and decides', async () => {
  const cluster = await founded(5);
  const [wrong, away] = cluster.members.filter((one) => one !== cluster.leader) as SimMember[];
  const right = cluster.leader!;
  wrong!.stop('kill');
  away!.stop('kill');
  await cluster.diverge(wrong!);
  wrong!.start();
  const isSplit = (sim: SimMember) => sim.member?.core.split !== undefined;
  await cluster.until('both know', () => isSplit(wrong!) && isSplit(right), 6_000);
  for (const sim of [wrong!, right]) {
    expect(await cluster.ask(sim)).toMatchObject({ code: 'CORRUPT', outcome: 'not-applied' });
    expect(await cluster.change(sim)).toMatchObject({ code: 'CORRUPT', outcome: 'not-applied' });
    expect(sim.member!.status().isCorrupt).toBe(true);
  }
  await cluster.pass(20_000);
  expect([isSplit(wrong!), isSplit(right), wrong!.fencings]).toEqual([true, true, 0]);
  const splits = cluster.said.filter(({ text }) => text.startsWith('corrupt: '));
  expect(splits.map(({ member }) => member).sort()).toEqual([right.name, wrong!.name].sort());
  expect(Object.keys((splits[0]!.fields as { digests: object }).digests)).toHaveLength(2);
  away!.start();
  await untilFenced(cluster, wrong!);
  await cluster.untilEqual();
  expect(await cluster.change(right)).toMatchObject({ outcome: { type: 'created' } });
  expect([wrong!.fencings, right.fencings, cluster.problems]).toEqual([1, 0, []]);
});

test('what is being fenced when the power fails begins anew at the next start', async () => {
  for (let steps = 0; steps < 6; steps++) {
    const cluster = await founded(20 + steps);
    const sim = followerOf(cluster);
    sim.stop('kill');
    await cluster.diverge(sim);
    sim.start();
    const isFenced = () => cluster.said.some(({ text }) => text.startsWith('fenced: '));
    await cluster.until('it is fenced', isFenced, FOUND_WITHIN_MS);
    await cluster.pass(steps);
    sim.stop('power');
    await cluster.pass(50);
    sim.start();
    await cluster.until('it is refilled', () => sim.isUp && !sim.member!.core.isQuarantined);
    await cluster.pass(FOUND_WITHIN_MS);
    await cluster.untilEqual();
  }
});

test(`${SEEDS} seeds of divergence lose nothing`, async () => {
  let fencings = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed);
    const cluster = await founded(seed);
    for (let round = 0; round < 3; round++) {
      const sim = random.pick(cluster.members);
      const others = random.below(3) === 0 ? cluster.members : [sim];
      for (const one of others) one.stop(random.pick(['kill', 'power']));
      if (others.length === 1) await cluster.write(random.below(40));
      await cluster.diverge(sim);
      for (const one of others) one.start();
      await cluster.write(random.below(60));
      await cluster.untilRight(sim, FOUND_WITHIN_MS);
      await cluster.write(random.below(30));
      await cluster.untilEqual();
    }
    fencings += cluster.members.reduce((sum, sim) => sum + sim.fencings, 0);
    expect([seed, cluster.problems]).toEqual([seed, []]);
    expect(cluster.acknowledged.length).toBeGreaterThan(50);
  }
  expect(fencings).toBeGreaterThan(SEEDS);
}, 60_000);
