/**
 * Several members and the messages between them, delivered only when a test says so. After every step the
 * safety properties of thesis figure 3.2 are checked over all members and all that was ever applied.
 */
import { describeMessage } from '../../../src/raft/describe.js';
import { RAFT_LIMITS_DEFAULT, type RaftLimits } from '../../../src/raft/raft.js';
import type { Configuration } from '../../../src/types/log.js';
import type { RaftMessage } from '../../../src/types/message.js';
import type { Random } from '../../../src/types/ports.js';
import { configurationOf, entriesOf, idOf, type PlainEntry } from './entries.js';
import { emptyDisk, type MemberOptions, TestMember } from './member.js';

export interface ClusterOptions {
  readonly limits?: Partial<RaftLimits>;
  /** Every draw is its lower bound unless a test brings its own. */
  readonly random?: Random;
}

export const TICKS = { heartbeatTicks: 2, electionTicksMin: 10, electionTicksMax: 20 } as const;

const LOWEST: Random = { below: () => 0 };

export class Cluster {
  readonly members = new Map<string, TestMember>();
  readonly trace: string[] = [];
  pending: RaftMessage[] = [];
  readonly #options: ClusterOptions;
  readonly #cut = new Set<string>();
  readonly #leaderOf = new Map<number, string>();
  readonly #appliedAt = new Map<number, string>();
  readonly #votes = new Map<string, string>();

  constructor(names: readonly string[], options: ClusterOptions = {}) {
    this.#options = options;
    const configuration = configurationOf(names);
    for (const name of names) this.add(name.replace('+', ''), configuration);
  }

  add(name: string, configuration: Configuration): TestMember {
    const options: MemberOptions = {
      self: idOf(name),
      random: this.#options.random ?? LOWEST,
      ...TICKS,
      limits: { ...RAFT_LIMITS_DEFAULT, ...this.#options.limits },
    };
    const member = new TestMember(options, emptyDisk(configuration), {
      note: (line) => this.trace.push(line),
      send: (message) => this.#send(message),
    });
    this.members.set(name, member);
    return member;
  }

  #send(message: RaftMessage): void {
    const isCut = this.#cut.has(`${message.from}→${message.to}`);
    this.trace.push(`${describeMessage(message)}${isCut ? ' (lost)' : ''}`);
    if (!isCut) this.pending.push(message);
  }

  get(name: string): TestMember {
    const member = this.members.get(name);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }

  /** One input to a member, then everything that follows from it there. */
  act(name: string, input: (member: TestMember) => void): void {
    const member = this.get(name);
    if (!member.isUp) return;
    input(member);
    member.pump();
    this.check();
  }

  tick(name: string, count = 1): void {
    for (let i = 0; i < count; i++) this.act(name, (member) => member.raft.tick());
  }

  step(message: RaftMessage): void {
    if (!this.members.has(message.to)) return;
    this.act(message.to, (member) => member.raft.step(message));
  }

  /** Delivers what is under way on matching links, in order; answers stay under way. */
  deliver(matches: (message: RaftMessage) => boolean = () => true): number {
    const taken = this.take(matches);
    for (const message of taken) this.step(message);
    return taken.length;
  }

  take(matches: (message: RaftMessage) => boolean = () => true): RaftMessage[] {
    const taken = this.pending.filter(matches);
    this.pending = this.pending.filter((message) => !matches(message));
    return taken;
  }

  /** Delivers until nothing is under way. */
  settle(): void {
    for (let rounds = 0; this.deliver() > 0; rounds++) {
      if (rounds > 1000) throw new Error('the cluster never comes to rest');
    }
  }

  /** Makes `name` the leader: everyone else loses the one it follows, `name` runs out of patience. */
  elect(name: string): void {
    for (const member of this.members.values()) {
      this.act(member.id, ({ raft }) => raft.leader && raft.peerDown(raft.leader));
    }
    this.tick(name, TICKS.electionTicksMin);
    this.settle();
    if (this.get(name).raft.role !== 'leader') throw new Error(`${name} was not elected`);
  }

  cut(from: string, to: string): void {
    this.#cut.add(`${from}→${to}`);
    this.pending = this.pending.filter((m) => m.from !== from || m.to !== to);
  }

  isolate(name: string): void {
    for (const other of this.members.keys()) {
      if (other === name) continue;
      this.cut(name, other);
      this.cut(other, name);
    }
  }

  heal(): void {
    this.#cut.clear();
  }

  crash(name: string): void {
    this.get(name).crash();
    this.pending = this.pending.filter((m) => m.to !== name && m.from !== name);
  }

  restart(name: string): void {
    this.get(name).restart();
    this.check();
  }

  install(name: string): void {
    const member = this.get(name);
    const order = member.installing;
    if (order === undefined) throw new Error(`${name} fetches nothing`);
    const source = this.get(order.from);
    const state = source.applied.filter((entry) => entry.index <= order.snapshot.index);
    member.install(state, order.snapshot);
    this.check();
  }

  check(): void {
    for (const [name, member] of this.members) {
      if (!member.isUp) continue;
      this.#checkElectionSafety(name, member);
      this.#checkStateMachineSafety(name, member);
      this.#checkVotes(name, member);
    }
  }

  #checkElectionSafety(name: string, member: TestMember): void {
    const { role, term } = member.raft;
    if (role !== 'leader') return;
    const known = this.#leaderOf.get(term);
    if (known === name) return;
    if (known !== undefined) throw new Error(`term ${term} is led by ${known} and ${name}`);
    this.#leaderOf.set(term, name);
    this.#checkLeaderCompleteness(name, member);
  }

  #checkLeaderCompleteness(name: string, member: TestMember): void {
    const held = new Map([...member.applied, ...entriesOf(member.memory)].map(identified));
    for (const [index, identity] of this.#appliedAt) {
      if (held.get(index) !== identity) throw new Error(`leader ${name} lacks entry ${index}`);
    }
  }

  readonly #checkedTo = new Map<string, number>();

  #checkStateMachineSafety(name: string, member: TestMember): void {
    const { applied } = member;
    const last = applied.at(-1)?.index ?? 0;
    if (last !== applied.length) throw new Error(`${name} has skipped an entry before ${last}`);
    const from = Math.min(this.#checkedTo.get(name) ?? 0, applied.length);
    for (const entry of applied.slice(from)) {
      const [index, identity] = identified(entry);
      const known = this.#appliedAt.get(index) ?? identity;
      if (known !== identity) throw new Error(`${name} applied ${identity} where ${known} was`);
      this.#appliedAt.set(index, identity);
    }
    this.#checkedTo.set(name, applied.length);
  }

  /** On disk, a member votes once a term; a restart changes nothing of that. */
  #checkVotes(name: string, member: TestMember): void {
    const { term, votedFor } = member.disk.hardState;
    if (votedFor === undefined) return;
    const key = `${name}@${term}`;
    const known = this.#votes.get(key) ?? votedFor;
    if (known !== votedFor) throw new Error(`${key} voted for ${known} and ${votedFor}`);
    this.#votes.set(key, votedFor);
  }

  /** Log matching: same index and term, same entry, and all before it the same. */
  checkLogMatching(): void {
    const logs = [...this.members.values()].map((member) => entriesOf(member.memory));
    for (const a of logs) for (const b of logs) if (a !== b) checkPair(a, b);
  }

  /** What was ever applied anywhere, as index → identity. */
  get everApplied(): ReadonlyMap<number, string> {
    return this.#appliedAt;
  }
}

function identified(entry: PlainEntry): [number, string] {
  return [entry.index, `${entry.index}@${entry.term}:${entry.kind}:${entry.text}`];
}

function checkPair(a: readonly PlainEntry[], b: readonly PlainEntry[]): void {
  const others = new Map(b.map((entry) => [entry.index, entry]));
  let mustMatch = false;
  for (const entry of [...a].reverse()) {
    const other = others.get(entry.index);
    if (other === undefined) continue;
    if (other.term === entry.term) mustMatch = true;
    if (mustMatch && identified(entry)[1] !== identified(other)[1]) {
      throw new Error(`logs differ at ${identified(entry)[1]} before a common entry`);
    }
  }
}
