/**
 * One run from one seed: the seed draws the faults, the timings and the load; a phase with all faults is
 * followed by healing, after which the cluster must converge in bounded virtual time.
 */
import { encodeBody } from '../../src/codec/command.js';
import { DEFAULT_TUNING, type Tuning } from '../../src/server/tuning.js';
import { MemoryNetwork } from '../../src/transport/memory-network.js';
import {
  createRandomPolicy,
  type NetworkFaults,
  NO_FAULTS,
} from '../../src/transport/network-policy.js';
import { asMemberId } from '../../src/types/ids.js';
import { Checks } from './checks.js';
import { SimClient } from './client.js';
import { SimMember } from './sim-member.js';
import { type SeededRandom, World } from './world.js';

export interface RunResult {
  readonly problems: readonly string[];
  readonly traceHash: number;
  readonly events: number;
  readonly revision: number;
  readonly acknowledged: number;
}

export interface RunOptions {
  readonly seed: number;
  readonly faultyMs: number;
  readonly healedMs: number;
}

export async function runSeed({ seed, faultyMs, healedMs }: RunOptions): Promise<RunResult> {
  const world = new World(seed);
  const faults = drawFaults(world.random);
  let current = faults;
  const policy = {
    deliveries: (...args: Parameters<ReturnType<typeof createRandomPolicy>['deliveries']>) =>
      createRandomPolicy(world.random, current).deliveries(...args),
    dialMs: (...args: Parameters<ReturnType<typeof createRandomPolicy>['dialMs']>) =>
      createRandomPolicy(world.random, current).dialMs(...args),
    closeSeenMs: (...args: Parameters<ReturnType<typeof createRandomPolicy>['closeSeenMs']>) =>
      createRandomPolicy(world.random, current).closeSeenMs(...args),
  };
  const network = new MemoryNetwork({ schedule: (ms, fn) => world.schedule(ms, fn), policy });
  const members = createMembers(world, network);
  const clients: SimClient[] = [];
  const checks = new Checks(world, members, clients);
  for (const member of members) member.start();
  await world.run(2_000, () => checks.step());
  await prepare(world, members, checks);
  const stops = createClients(world, members, { checks, clients });
  const stopFaults = disturb(world, members, network);
  await world.run(faultyMs, () => checks.step());
  stopFaults();
  current = NO_FAULTS;
  for (const a of members) for (const b of members) if (a !== b) network.heal(a.id, b.id);
  for (const a of members) for (const b of members) if (a !== b) network.unclog(a.id, b.id);
  for (const member of members) if (!member.isUp) member.start();
  await world.run(healedMs, () => checks.step());
  for (const stop of stops) stop();
  await world.run(2_500, () => checks.step());
  checks.final();
  if (process.env['SIM_SHOW'])
    for (const m of members)
      console.log(
        m.name,
        m.isUp,
        m.failure,
        m.member?.core.tree.revision,
        '\n' + m.member?.core.raft.describe(),
      );
  const revision = members[0]?.member?.core.tree.revision ?? 0;
  const { traceHash, events } = world;
  return {
    problems: checks.problems,
    traceHash,
    events,
    revision,
    acknowledged: checks.acknowledged,
  };
}

/** Some seeds leave some faults out entirely, others have them wildly. */
function drawFaults(random: SeededRandom): NetworkFaults {
  const some = (max: number) => (random.below(3) === 0 ? 0 : random.below(max));
  return {
    delayMsMax: random.pick([1, 3, 10, 40]),
    loss: some(2_000),
    duplicate: some(2_000),
    overtake: some(3_000),
    silentDeath: some(5_000),
  };
}

function drawTuning(random: SeededRandom): Tuning {
  return {
    ...DEFAULT_TUNING,
    checkpointEntries: random.pick([20, 60, 200, 100_000]),
    checkpointIntervalMs: random.pick([500, 5_000]),
    historyEventsMax: random.pick([10, 50, 100_000]),
    forwardWindowBytes: random.pick([200, 2_000, 8 * 1024 * 1024]),
  };
}

function createMembers(world: World, network: MemoryNetwork): SimMember[] {
  const tuning = drawTuning(world.random);
  const diskDelayMsMax = world.random.pick([0, 1, 5, 30]);
  const founders = [1, 2, 3].map((n) => ({
    id: asMemberId(`${n}`.repeat(16)),
    name: `r${n}`,
    peerAddress: `r${n}:1`,
  }));
  return founders.map(
    ({ id, name }) => new SimMember({ id, name, founders, network, world, tuning, diskDelayMsMax }),
  );
}

/** The two parents that clients create below. */
async function prepare(world: World, members: readonly SimMember[], checks: Checks): Promise<void> {
  for (const path of ['/log', '/eph'])
    for (let attempt = 0; attempt < 20; attempt++) {
      if (members.every(({ member }) => member?.core.tree.get(path) !== undefined)) break;
      const { member } = world.random.pick(members.filter(({ isUp }) => isUp));
      const create = { kind: 'create', path, nodeKind: 'persistent', sequential: false } as const;
      const body = encodeBody({ ...create, data: new Uint8Array(0), ttlMs: 0, acl: [] });
      const sink = { deliver: () => {}, unsentBytes: () => 0 };
      const attachment = member!.attach({ identities: [], ordered: false }, sink);
      attachment.submit([{ type: 'write', id: 1, timeoutMs: 1_000, kind: 'create', body, seq: 0 }]);
      await world.run(500, () => checks.step());
    }
}

function createClients(
  world: World,
  members: readonly SimMember[],
  into: { readonly checks: Checks; readonly clients: SimClient[] },
): (() => void)[] {
  const stops: (() => void)[] = [];
  for (let i = 0; i < 4; i++) {
    const timeoutMs = world.random.pick([2_000, 4_000]);
    const options = { name: `c${i}`, world, members, truth: into.checks, timeoutMs, graceMs: 0 };
    const client = new SimClient(options);
    into.clients.push(client);
    stops.push(client.start());
  }
  return stops;
}

/** Kills, power cuts, partitions and clogs, a few a second. */
function disturb(world: World, members: readonly SimMember[], network: MemoryNetwork): () => void {
  const { random } = world;
  const weights = { stop: random.below(3), cut: random.below(3), clog: random.below(2) };
  return world.every(150 + random.below(1_500), () => {
    const one = random.pick(members);
    const other = random.pick(members.filter((member) => member !== one));
    const lastsMs = random.below(1_500);
    if (random.below(3) < weights.stop && one.isUp) {
      one.stop(random.pick(['kill', 'power']));
      world.schedule(lastsMs, () => {
        if (!one.isUp) one.start();
      });
    }
    if (random.below(3) < weights.cut) {
      network.cut(one.id, other.id);
      if (random.below(2) === 0) network.cut(other.id, one.id);
      world.schedule(lastsMs, () => {
        network.heal(one.id, other.id);
        network.heal(other.id, one.id);
      });
    }
    if (random.below(3) < weights.clog) {
      network.clog(one.id, other.id);
      world.schedule(lastsMs, () => network.unclog(one.id, other.id));
    }
  });
}
