/**
 * A cluster for the tests of applications: real members, a real gRPC server each, nothing on disk, all in
 * this process. Owns who may talk to whom and what is left behind when it closes: nothing.
 */
import { connect } from '../client/connect.js';
import type { Client, ClientOptions } from '../client/types.js';
import { mintMemberId } from '../storage/identity.js';
import { createCryptoRandom } from '../storage/open.js';
import { clusterIdOf } from '../transport/founding.js';
import { MemoryNetwork } from '../transport/memory-network.js';
import { CALM_POLICY } from '../transport/network-policy.js';
import { RollcallError } from '../types/errors.js';
import { type ClusterPlan, MemoryMember } from './member.js';
import { createSeededRandom } from './seeded-random.js';
import { Stoppable } from './stoppable.js';
import { TEST_TUNING } from './tuning.js';

/** Of a cluster for tests. */
export interface TestClusterOptions {
  /** Default 3. */
  readonly members?: 1 | 3 | 5 | undefined;
  /** Draws election timeouts, and what a kill leaves of bytes that were not synced. Default 1. */
  readonly seed?: number | undefined;
}

/** `paused` and `killed` by this cluster's acts; the others as the member itself believes. */
export type TestMemberState = 'leader' | 'follower' | 'candidate' | 'paused' | 'killed';

/** A member as a test sees it. */
export interface TestMember {
  readonly name: string;
  /** HOST:PORT for clients; the same through every restart. */
  readonly endpoint: string;
  readonly state: TestMemberState;
}

/** Members are named `r1`, `r2`, and so on. Acts on a name that is not there throw INVALID_ARGUMENT. */
export interface TestCluster extends AsyncDisposable {
  /** Of all members, for `connect` or any gRPC client. */
  readonly endpoints: readonly string[];
  readonly members: readonly TestMember[];
  /** A client of this cluster, closed with it. */
  connect(options?: ClientOptions): Client;
  /** The name of the leader that a majority follows, as soon as there is one. NO_QUORUM after 10 s. */
  leader(): Promise<string>;
  /** As by SIGSTOP: it reads nothing, answers nothing, and its connections stay open. */
  pause(name: string): void;
  resume(name: string): void;
  /** As by a power cut: its connections are reset, and what it had not synced may be lost. */
  kill(name: string): Promise<void>;
  /** Starts a killed member on what its disk holds; one that runs is killed first. */
  restart(name: string): Promise<void>;
  /** Members of the one list and of the other no longer hear of each other; their clients reach them. */
  partition(some: readonly string[], others: readonly string[]): void;
  /** Cuts one member off from all others. */
  isolate(name: string): void;
  /** Undoes every `partition` and `isolate`. */
  heal(): void;
  /** Closes its clients, then ends its members. Rejects when a member had stopped by a fault of its own. */
  close(): Promise<void>;
}

const LEADER_WITHIN_MS = 10_000;
const POLL_MS = 2;
const MEMBERS_MAX = 5;
const SEED = 1;

/**
 * Starts members in this process and resolves when each of them answers, in well under a second.
 *
 * ```ts
 * await using cluster = await startTestCluster();
 * const roll = cluster.connect();
 * const registration = await roll.register('web', { address: '10.0.0.1', port: 80 });
 * await cluster.kill(await cluster.leader());
 * expect((await roll.instances('web')).instances).toHaveLength(1);
 * ```
 */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const { members = 3, seed = SEED } = options;
  if (![1, 3, 5].includes(members)) throw invalid(`members must be 1, 3 or 5, not ${members}`);
  const wire = new Stoppable();
  const plan = planCluster(members, wire);
  const made = await Promise.all(
    plan.founders.map((self, i) => {
      // Of its own, so that what one member draws does not depend on when the others do.
      const random = createSeededRandom(seed * MEMBERS_MAX + i);
      return MemoryMember.create(self, { ...plan, random });
    }),
  );
  const cluster = new MemoryCluster(made, { network: plan.network, wire });
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

/** Ids are never those of another cluster, whatever the seed: its clients must not be taken for ours. */
function planCluster(members: number, wire: Stoppable): Omit<ClusterPlan, 'random'> {
  const schedule = (delayMs: number, task: () => void): void => {
    if (delayMs === 0) wire.defer(task);
    else wire.after(delayMs, task);
  };
  const chance = createCryptoRandom();
  const founders = Array.from({ length: members }, (_, i) => ({
    id: mintMemberId(chance),
    name: `r${i + 1}`,
    peerAddress: `r${i + 1}:1`,
  }));
  const network = new MemoryNetwork({ schedule, policy: CALM_POLICY });
  return { clusterId: clusterIdOf(founders), founders, network, tuning: TEST_TUNING };
}

class MemoryCluster implements TestCluster {
  readonly #members: readonly MemoryMember[];
  readonly #network: MemoryNetwork;
  readonly #wire: Stoppable;
  readonly #clients = new Set<Client>();
  #closed: Promise<void> | undefined;

  constructor(
    members: readonly MemoryMember[],
    between: { readonly network: MemoryNetwork; readonly wire: Stoppable },
  ) {
    this.#members = members;
    this.#network = between.network;
    this.#wire = between.wire;
  }

  async start(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.start()));
    await this.#until(() => this.#members.every(({ member }) => member?.status().hasQuorum));
  }

  get endpoints(): readonly string[] {
    return this.#members.map(({ endpoint }) => endpoint);
  }

  get members(): readonly TestMember[] {
    return this.#members.map((member) => ({
      name: member.name,
      endpoint: member.endpoint,
      state: stateOf(member),
    }));
  }

  connect(options: ClientOptions = {}): Client {
    this.#checkOpen();
    const client = connect(this.endpoints, options);
    this.#clients.add(client);
    return client;
  }

  async leader(): Promise<string> {
    this.#checkOpen();
    await this.#until(() => this.#leader() !== undefined);
    return this.#leader()!.name;
  }

  pause(name: string): void {
    this.#running(name).stop();
  }

  resume(name: string): void {
    this.#running(name).goOn();
  }

  async kill(name: string): Promise<void> {
    await this.#find(name).kill();
  }

  async restart(name: string): Promise<void> {
    await this.#find(name).restart();
  }

  partition(some: readonly string[], others: readonly string[]): void {
    const left = some.map((name) => this.#find(name));
    const right = others.map((name) => this.#find(name));
    const both = left.find((member) => right.includes(member));
    if (both !== undefined) throw invalid(`${both.name} cannot be on both sides of a partition`);
    for (const one of left) {
      for (const other of right) {
        this.#network.cut(one.id, other.id);
        this.#network.cut(other.id, one.id);
      }
    }
  }

  isolate(name: string): void {
    const names = this.#members.map((member) => member.name);
    this.partition(
      [name],
      names.filter((other) => other !== name),
    );
  }

  heal(): void {
    this.#checkOpen();
    this.#healAll();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #healAll(): void {
    for (const one of this.#members) {
      for (const other of this.#members) if (other !== one) this.#network.heal(one.id, other.id);
    }
  }

  async #close(): Promise<void> {
    await this.#makeWhole();
    await Promise.all([...this.#clients].map((client) => client.close()));
    await Promise.all(this.#members.map((member) => member.close()));
    this.#wire.end();
    const failed = this.#members.find(({ failure }) => failure !== undefined);
    if (failed === undefined) return;
    const { name, failure } = failed;
    throw new RollcallError('INTERNAL', `${name} had stopped by itself`, { cause: failure });
  }

  /** So that clients take their leave at once, and do not wait for a quorum that will not come. */
  async #makeWhole(): Promise<void> {
    this.#healAll();
    const failed = this.#members.some(({ failure }) => failure !== undefined);
    if (this.#clients.size === 0 || failed) return;
    for (const member of this.#members) member.goOn();
    const killed = this.#members.filter(({ member }) => member === undefined);
    if (killed.length * 2 < this.#members.length) return;
    await Promise.all(killed.map((member) => member.start()));
  }

  /** As seen from outside: reachable by a majority that all follow it. */
  #leader(): MemoryMember | undefined {
    return this.#members.find((candidate) => {
      if (stateOf(candidate) !== 'leader') return false;
      const followers = this.#members.filter(
        (member) =>
          member.member?.status().leader === candidate.name &&
          !member.isStopped &&
          (member === candidate || this.#network.isOpen(member.id, candidate.id)),
      );
      return followers.length > this.#members.length / 2;
    });
  }

  async #until(isTrue: () => boolean | undefined): Promise<void> {
    const deadlineMs = performance.now() + LEADER_WITHIN_MS;
    while (isTrue() !== true) {
      if (performance.now() > deadlineMs) throw new RollcallError('NO_QUORUM', this.#describe());
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #describe(): string {
    const states = this.members.map(({ name, state }) => `${name} ${state}`).join(', ');
    return `no member leads a majority within ${LEADER_WITHIN_MS / 1000} s: ${states}`;
  }

  #running(name: string): MemoryMember {
    const member = this.#find(name);
    if (member.member === undefined) throw invalid(`${name} was killed: restart it first`);
    return member;
  }

  #find(name: string): MemoryMember {
    this.#checkOpen();
    const found = this.#members.find((member) => member.name === name);
    if (found !== undefined) return found;
    const names = this.#members.map((member) => member.name).join(', ');
    throw invalid(
      `no member is called "${name}": there ${names.includes(',') ? 'are' : 'is'} ${names}`,
    );
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new RollcallError('CLOSED', 'the cluster was closed');
  }
}

function stateOf({ member, isStopped }: MemoryMember): TestMemberState {
  if (member === undefined) return 'killed';
  if (isStopped) return 'paused';
  const { role } = member.status().self;
  return role === 'leader' || role === 'candidate' ? role : 'follower';
}

function invalid(message: string): RollcallError {
  return new RollcallError('INVALID_ARGUMENT', message);
}
