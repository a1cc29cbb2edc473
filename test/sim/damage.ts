/**
 * A cluster whose disks go bad, in virtual time: bits flip in logs and states of members that are down,
 * while someone writes to the others. It watches at every step that leaders and states never contradict.
 */
import { encodeBody } from '../../src/codec/command.js';
import type { Delivery } from '../../src/server/service.js';
import { DEFAULT_TUNING, type Tuning } from '../../src/server/tuning.js';
import { MemoryNetwork } from '../../src/transport/memory-network.js';
import { createRandomPolicy, NO_FAULTS } from '../../src/transport/network-policy.js';
import { asMemberId } from '../../src/types/ids.js';
import { divergeState } from '../support/diverge.js';
import { SimMember } from './sim-member.js';
import { World } from './world.js';

const SECTOR_BYTES = 512;
const FRAME_SECTORS_MAX = 4;

export interface Said {
  readonly member: string;
  readonly text: string;
  readonly fields: object;
}

export class DamagedCluster {
  readonly world: World;
  readonly members: readonly SimMember[];
  readonly acknowledged: string[] = [];
  readonly problems: string[] = [];
  /** Warnings and errors of all members. */
  readonly said: Said[] = [];
  readonly #leaders = new Map<number, string>();
  readonly #digests = new Map<number, string>();
  /** What they hold is known to be wrong, until they were fenced so many times. */
  readonly #diverged = new Map<SimMember, number>();
  #writes = 0;

  constructor(seed: number, tuning: Partial<Tuning> = {}) {
    const world = new World(seed);
    this.world = world;
    const policy = createRandomPolicy(world.random, NO_FAULTS);
    const network = new MemoryNetwork({ schedule: (ms, fn) => world.schedule(ms, fn), policy });
    const founders = [1, 2, 3].map((n) => ({
      id: asMemberId(`${n}`.repeat(16)),
      name: `r${n}`,
      peerAddress: `r${n}:1`,
    }));
    const all = { ...DEFAULT_TUNING, ...tuning };
    this.members = founders.map(({ id, name }) => {
      const options = { id, name, founders, network, world, tuning: all, diskDelayMsMax: 1 };
      return new SimMember({ ...options, logger: this.#logger(name) });
    });
  }

  static async founded(seed: number, tuning: Partial<Tuning> = {}): Promise<DamagedCluster> {
    const cluster = new DamagedCluster(seed, tuning);
    for (const member of cluster.members) member.start();
    await cluster.pass(2_000);
    return cluster;
  }

  get leader(): SimMember | undefined {
    return this.members.find(({ member }) => member?.core.raft.role === 'leader');
  }

  async pass(ms: number): Promise<void> {
    await this.world.run(ms, () => this.#check());
  }

  /** What takes virtual time, outside of any member. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    while (!isSettled) await this.pass(1);
    return promise;
  }

  async until(what: string, holds: () => boolean, withinMs = 20_000): Promise<void> {
    const endMs = this.world.monotonicMs() + withinMs;
    while (!holds()) {
      if (this.world.monotonicMs() > endMs) throw new Error(`in vain: ${what}`);
      await this.pass(1);
    }
  }

  /** Its state is wrong from now on, and only the others can tell. */
  async diverge(sim: SimMember): Promise<void> {
    const name = await stateName(this, sim);
    const change = async () => divergeState(await sim.machine.states.open(name, 'existing'));
    await this.settled(change());
    this.#diverged.set(sim, sim.fencings + 1);
  }

  /** Fenced, or given the whole state anew before it was compared. */
  async untilRight(sim: SimMember, withinMs: number): Promise<void> {
    const isEqual = () => {
      const trees = this.members.flatMap(({ member }) => (member ? [member.core.tree] : []));
      const isLevel = new Set(trees.map(({ revision }) => revision)).size === 1;
      return isLevel && trees.length === 3 && new Set(trees.map((t) => t.digest())).size === 1;
    };
    const isFenced = () => sim.fencings >= (this.#diverged.get(sim) ?? 0);
    await this.until(`${sim.name} is right`, () => isFenced() || isEqual(), withinMs);
    this.#diverged.delete(sim);
  }

  /** Writes through members that are up, 50 a second. */
  async write(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const up = this.members.filter(({ member }) => member?.core.isQuarantined === false);
      if (up.length > 0) this.#writeAt(this.world.random.pick(up));
      await this.pass(20);
    }
  }

  async untilEqual(): Promise<void> {
    await this.until('all members hold the same', () => {
      const cores = this.members.flatMap(({ member }) => (member ? [member.core] : []));
      if (cores.length < this.members.length || cores.some((core) => core.isQuarantined))
        return false;
      return new Set(cores.map(({ tree }) => tree.digest())).size === 1;
    });
    const { tree } = this.members[0]!.member!.core;
    for (const path of this.acknowledged)
      if (tree.get(path) === undefined) this.problems.push(`${path} was acknowledged and is lost`);
  }

  /** One request at that member, and what came of it. */
  async ask(at: SimMember): Promise<Delivery | undefined> {
    let answer: Delivery | undefined;
    const deliver = (batch: readonly Delivery[]) => {
      answer ??= batch.find((delivery) => 'id' in delivery);
    };
    const attachment = at.member!.attach(
      { identities: [], ordered: false },
      { deliver, unsentBytes: () => 0 },
    );
    const query = { type: 'get', path: '/' } as const;
    const consistency = 'session' as const;
    const floor = 0 as never;
    attachment.submit([{ type: 'read', id: 1, timeoutMs: 1_000, query, consistency, floor }]);
    await this.pass(10);
    return answer;
  }

  /** One change there, and what came of it. */
  async change(at: SimMember): Promise<Delivery | undefined> {
    let answer: Delivery | undefined;
    this.#writeAt(at, (delivery) => {
      answer = delivery;
    });
    for (let i = 0; i < 100 && answer === undefined; i++) await this.pass(20);
    return answer;
  }

  #writeAt(sim: SimMember, answered: (delivery: Delivery) => void = () => {}): void {
    const path = `/w-${++this.#writes}`;
    const create = { kind: 'create', path, nodeKind: 'persistent', sequential: false } as const;
    const body = encodeBody({ ...create, data: new Uint8Array(600), ttlMs: 0, acl: [] });
    const deliver = (batch: readonly Delivery[]) => {
      for (const delivery of batch) {
        if ('id' in delivery) answered(delivery);
        if (delivery.type === 'outcome' && delivery.outcome.type === 'created')
          this.acknowledged.push(path);
      }
    };
    const sink = { deliver, unsentBytes: () => 0 };
    const attachment = sim.member!.attach({ identities: [], ordered: false }, sink);
    attachment.submit([{ type: 'write', id: 1, timeoutMs: 1_000, kind: 'create', body, seq: 0 }]);
  }

  #logger(member: string) {
    const say = (fields: object, text: string) => void this.said.push({ member, text, fields });
    return { debug() {}, info() {}, warn: say, error: say };
  }

  #check(): void {
    for (const sim of this.members) {
      const { name, member } = sim;
      if (member === undefined) continue;
      const { raft, tree, isQuarantined } = member.core;
      if (sim.fencings < (this.#diverged.get(sim) ?? 0)) continue;
      if (raft.role !== 'follower' && isQuarantined) this.problems.push(`${name} campaigned`);
      if (raft.role === 'leader') this.#note(this.#leaders, raft.term, name);
      this.#note(this.#digests, tree.revision, tree.digest());
    }
  }

  #note(known: Map<number, string>, place: number, value: string): void {
    const before = known.get(place);
    if (before === undefined) known.set(place, value);
    else if (before !== value) this.problems.push(`${value} and ${before} at ${place}`);
  }
}

/** The oldest part of a member's log, in a frame that others follow. */
export async function flipLog(cluster: DamagedCluster, sim: SimMember, share = 0.5): Promise<void> {
  const [name] = await logNames(cluster, sim);
  const bytes = sim.machine.disk.contents(name!);
  const used = bytes.findLastIndex((byte) => byte !== 0);
  // What pads a frame belongs to nothing.
  const at = bytes.findIndex((byte, i) => byte !== 0 && i >= used * share);
  bytes[at]! ^= 4;
  sim.machine.disk.overwrite(name!, bytes);
}

/** The head of the newest frame, wherever in the last few sectors it begins, which alone may name the latest vote. */
export async function flipLastFrame(cluster: DamagedCluster, sim: SimMember): Promise<void> {
  const name = (await logNames(cluster, sim)).at(-1)!;
  const bytes = sim.machine.disk.contents(name);
  const last = bytes.findLastIndex((byte) => byte !== 0);
  const sector = last - (last % SECTOR_BYTES);
  for (let at = 0; at < FRAME_SECTORS_MAX; at++) bytes[sector - at * SECTOR_BYTES + 9]! ^= 4;
  sim.machine.disk.overwrite(name, bytes);
}

/** One bit of one row. */
export async function flipState(cluster: DamagedCluster, sim: SimMember): Promise<void> {
  const name = await stateName(cluster, sim);
  const change = async (): Promise<void> => {
    const database = await sim.machine.states.open(name, 'existing');
    for await (const rows of database.rows()) {
      const [key, value] = rows.at(-1)!;
      const changed = value.slice();
      changed[changed.length - 1]! ^= 1;
      await database.write({ puts: [[key, changed]], deletes: [] }, { durable: true });
    }
  };
  await cluster.settled(change());
}

/** The state's directory cannot be opened any more. */
export async function spoilState(cluster: DamagedCluster, sim: SimMember): Promise<void> {
  sim.machine.states.damage(await stateName(cluster, sim));
}

export async function filesOf(cluster: DamagedCluster, sim: SimMember): Promise<string[]> {
  return cluster.settled(sim.machine.disk.list());
}

async function logNames(cluster: DamagedCluster, sim: SimMember): Promise<string[]> {
  return (await filesOf(cluster, sim)).filter((name) => /^log-.*wal$/.test(name));
}

async function stateName(cluster: DamagedCluster, sim: SimMember): Promise<string> {
  const names = await cluster.settled(sim.machine.states.list());
  return names.filter((name) => /^state-\d+$/.test(name)).at(-1)!;
}
