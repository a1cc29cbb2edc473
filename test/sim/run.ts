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
  type NetworkPolicy,
  NO_FAULTS,
} from '../../src/transport/network-policy.js';
import { asMemberId, type MemberId } from '../../src/types/ids.js';
import { Checks } from './checks.js';
import { SimClient } from './client.js';
import { SimMember } from './sim-member.js';
import { SeededRandom, World } from './world.js';

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

/** Long enough for elections, countdowns at full and whatever is open to come to an end after healing. */
export const RUN = { faultyMs: 6_000, healedMs: 4_500 };
/** New clients in place of those that are gone, for one run. */
const CLIENTS_MAX = 10;
const CLIENTS_AT_ONCE = 4;
const CALM_MS = 1_500;

export async function runSeed(options: RunOptions): Promise<RunResult> {
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: RunOptions;
  readonly #world: World;
  #faults: NetworkFaults;
  readonly #network: MemoryNetwork;
  readonly #members: readonly SimMember[];
  readonly #clients: SimClient[] = [];
  readonly #checks: Checks;
  readonly #stops: (() => void)[] = [];

  constructor(options: RunOptions) {
    const world = new World(options.seed);
    this.#options = options;
    this.#world = world;
    this.#faults = drawFaults(world.random);
    const policy = (): NetworkPolicy => createRandomPolicy(world.random, this.#faults);
    this.#network = new MemoryNetwork({
      schedule: (ms, fn) => world.schedule(ms, fn),
      policy: {
        deliveries: (...args) => policy().deliveries(...args),
        dialMs: (...args) => policy().dialMs(...args),
        closeSeenMs: (...args) => policy().closeSeenMs(...args),
      },
    });
    this.#members = createMembers(world, this.#network);
    this.#checks = new Checks(world, this.#members, this.#clients);
  }

  async run(): Promise<RunResult> {
    const { faultyMs, healedMs } = this.#options;
    for (const member of this.#members) member.start();
    await this.#pass(2_000);
    await this.#prepare();
    for (let i = 0; i < CLIENTS_AT_ONCE; i++) this.#addClient();
    const stopReplacing = this.#world.every(300, () => this.#replaceClients());
    const stopFaults = disturb(this.#world, this.#members, this.#network);
    const stopStalls = stallDisks(
      this.#world,
      this.#members,
      new SeededRandom(~this.#options.seed),
    );
    await this.#pass(faultyMs);
    stopReplacing();
    stopFaults();
    stopStalls();
    this.#heal();
    const healedAtMs = this.#world.monotonicMs();
    await this.#pass(healedMs);
    for (const client of this.#clients) client.isDraining = true;
    await this.#pass(CALM_MS);
    for (const stop of this.#stops) stop();
    // Sessions go on ending: what is on its way to a member arrives.
    await this.#pass(300);
    for (let i = 0; i < 20 && !this.#isLevel(); i++) await this.#pass(20);
    this.#checks.final(healedAtMs);
    return this.#result();
  }

  #isLevel(): boolean {
    const revisions = this.#members.map(({ member }) => member?.core.tree.revision);
    return new Set(revisions).size === 1;
  }

  #pass(ms: number): Promise<void> {
    return this.#world.run(ms, () => this.#checks.step());
  }

  #heal(): void {
    this.#faults = NO_FAULTS;
    const members = this.#members;
    for (const a of members) for (const b of members) if (a !== b) this.#network.heal(a.id, b.id);
    for (const a of members) for (const b of members) if (a !== b) this.#network.unclog(a.id, b.id);
    for (const member of members) member.goOn();
    for (const member of members) if (!member.isUp) member.start();
  }

  #result(): RunResult {
    const revision = this.#members[0]?.member?.core.tree.revision ?? 0;
    const { traceHash, events } = this.#world;
    const { problems, acknowledged } = this.#checks;
    return { problems, traceHash, events, revision, acknowledged };
  }

  /** The parents that clients create below. */
  async #prepare(): Promise<void> {
    const { random } = this.#world;
    for (const path of ['/log', '/eph', '/own', '/services', '/services/web'])
      for (let attempt = 0; attempt < 20; attempt++) {
        const isThere = ({ member }: SimMember) => member?.core.tree.get(path) !== undefined;
        if (this.#members.every(isThere)) break;
        const create = { kind: 'create', path, nodeKind: 'persistent', sequential: false } as const;
        const body = encodeBody({ ...create, data: new Uint8Array(0), ttlMs: 0, acl: [] });
        const write = { type: 'write', id: 1, timeoutMs: 1_000, kind: 'create', seq: 0 } as const;
        const sim = random.pick(this.#members.filter(({ isUp }) => isUp));
        const connection = sim.connect({ deliver: () => {}, unsentBytes: () => 0 });
        connection.use((attachment) => attachment.submit([{ ...write, body }]));
        await this.#pass(200);
      }
  }

  /** A client dies some time, and in place of every one that is gone another comes, often at its address. */
  #replaceClients(): void {
    const { random } = this.#world;
    const active = this.#clients.filter((client) => !isGone(client));
    if (active.length > 0 && random.below(8) === 0) random.pick(active).die();
    if (this.#clients.length >= CLIENTS_MAX || active.length >= CLIENTS_AT_ONCE) return;
    const gone = this.#clients.filter(isGone);
    const isRestart = gone.length > 0 && random.below(2) === 0;
    this.#addClient(isRestart ? random.pick(gone).options.port : undefined);
  }

  #addClient(port = this.#clients.length): void {
    const { random } = this.#world;
    const client = new SimClient({
      name: `c${this.#clients.length}`,
      world: this.#world,
      members: this.#members,
      truth: this.#checks,
      timeoutMs: random.pick([2_000, 4_000]),
      graceMs: random.pick([0, 300, 800]),
      isQuiet: random.below(4) === 0,
      isSlow: random.below(3) === 0,
      port: 8_000 + (port % 8_000),
    });
    this.#clients.push(client);
    this.#stops.push(client.start());
  }
}

function isGone({ isOver, diedAtMs }: SimClient): boolean {
  return isOver || diedAtMs !== undefined;
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

/** Kills, power cuts, stops, partitions and clogs, a few a second. */
function disturb(world: World, members: readonly SimMember[], network: MemoryNetwork): () => void {
  const { random } = world;
  const weights = {
    stop: random.below(3),
    cut: random.below(3),
    clog: random.below(2),
    pause: random.below(3),
  };
  return world.every(150 + random.below(1_500), () => {
    const one = random.pick(members);
    const other = random.pick(members.filter((member) => member !== one));
    const lastsMs = random.below(random.pick([500, 1_500, 4_000]));
    if (random.below(3) < weights.stop && one.isUp) {
      one.stop(random.pick(['kill', 'power']));
      world.schedule(lastsMs, () => {
        if (!one.isUp) one.start();
      });
    }
    if (random.below(3) < weights.cut) {
      // Alone for longer than a session lives: what it says meanwhile must not count.
      const isAlone = random.below(2) === 0;
      const others = isAlone ? members.filter((member) => member !== one) : [other];
      const cutMs = isAlone ? 2_000 + lastsMs : lastsMs;
      for (const { id } of others)
        cutOff({ world, network }, { from: one.id, to: id, lastsMs: cutMs });
    }
    if (random.below(3) < weights.pause) pauseSome(world, members);
    if (random.below(12) < weights.stop) restart(world, one);
    if (random.below(3) < weights.clog) {
      network.clog(one.id, other.id);
      world.schedule(lastsMs, () => network.unclog(one.id, other.id));
    }
  });
}

/** Some seeds: one disk at a time, for long enough to cost the lead or not quite. With chance of its own. */
function stallDisks(world: World, members: readonly SimMember[], random: SeededRandom): () => void {
  if (random.below(3) > 0) return () => {};
  return world.every(1_000 + random.below(2_000), () => {
    random.pick(members).stallDisk(random.below(random.pick([300, 2_000])));
  });
}

/** One way or both. */
function cutOff(
  { world, network }: { readonly world: World; readonly network: MemoryNetwork },
  {
    from,
    to,
    lastsMs,
  }: { readonly from: MemberId; readonly to: MemberId; readonly lastsMs: number },
): void {
  network.cut(from, to);
  if (world.random.below(2) === 0) network.cut(to, from);
  world.schedule(lastsMs, () => {
    network.heal(from, to);
    network.heal(to, from);
  });
}

/** One, or all at once, as when the machine under them stands still. */
function pauseSome({ random }: World, members: readonly SimMember[]): void {
  const forMs = random.below(3_000);
  if (random.below(4) > 0) return random.pick(members).pause(forMs);
  for (const member of members) member.pause(forMs);
}

/** In good order: leadership is handed on first, which may come to nothing. */
function restart(world: World, sim: SimMember): void {
  const { member } = sim;
  if (member === undefined) return;
  void member.leave(500);
  world.schedule(600 + world.random.below(1_000), () => {
    if (sim.member !== member) return;
    sim.stop('kill');
    world.schedule(world.random.below(500), () => sim.start());
  });
}
