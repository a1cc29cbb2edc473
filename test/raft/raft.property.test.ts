/**
 * Goal: no order of messages, losses, repeats, slow disks and crashes makes members disagree. Method: random
 * walks over three and five members, safety checked after each step (in `Cluster`), then a healed phase in
 * which a leader must emerge and everything that was applied anywhere must be applied everywhere.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeConfiguration } from '../../src/raft/describe.js';
import type { RaftMessage } from '../../src/types/message.js';
import type { Random } from '../../src/types/ports.js';
import { Cluster } from './support/cluster.js';
import { batchOf, configurationOf } from './support/entries.js';

/** A small generator (xorshift) so that one seed repeats one walk. */
function randomFrom(seed: number): Random {
  let state = seed | 1;
  return {
    below(bound) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % bound;
    },
  };
}

class Walk {
  readonly cluster: Cluster;
  readonly names: string[];
  readonly #random: Random;
  #proposed = 0;
  #target = 'a';
  readonly #floors: number[] = [];

  constructor(size: number, seed: number) {
    this.#random = randomFrom(seed);
    this.names = ['a', 'b', 'c', 'd', 'e'].slice(0, size);
    const limits = { appendBytesMax: 80, inflightAppendsMax: 3 };
    this.cluster = new Cluster(this.names, { random: this.#random, limits });
  }

  get #someone(): string {
    return this.names[this.#random.below(this.names.length)]!;
  }

  run(steps: number): void {
    for (let i = 0; i < steps; i++) this.#step(this.#random.below(100));
    this.cluster.checkLogMatching();
    this.checkReads();
  }

  #step(dice: number): void {
    if (dice < 60) this.#deliverOne(dice);
    else if (dice < 80) this.cluster.tick(this.#someone, 1 + this.#random.below(4));
    else if (dice < 88) this.#propose();
    else if (dice < 91) this.#read();
    else if (dice < 96) this.#disk();
    else if (dice < 97) this.#reconfigure();
    else this.#disaster();
  }

  /** Any message under way; one in twelve is lost, one in twelve comes twice. */
  #deliverOne(dice: number): void {
    const { pending } = this.cluster;
    if (pending.length === 0) return;
    const [message] = pending.splice(this.#random.below(pending.length), 1) as [RaftMessage];
    if (dice < 5) return;
    if (dice < 10) pending.push(message);
    this.cluster.step(message);
  }

  #propose(): void {
    const texts = Array.from({ length: 1 + this.#random.below(5) }, () => `v${this.#proposed++}`);
    for (const name of this.names) {
      this.cluster.act(name, (member) => member.raft.propose(batchOf(texts), this.#proposed));
    }
  }

  /** A read must see everything that anyone had applied when it was asked for. */
  #read(): void {
    this.#floors.push(this.cluster.everApplied.size);
    const id = this.#floors.length - 1;
    this.cluster.act(this.#someone, (member) => member.raft.readIndex(id));
  }

  checkReads(): void {
    for (const name of this.names) {
      for (const { id, index } of this.cluster.get(name).reads) {
        if (index < this.#floors[id]!) throw new Error(`read ${id} is stale at ${index}`);
      }
    }
  }

  #disk(): void {
    this.cluster.act(this.#someone, (member) => {
      if (member.writesUnderWay > 0) member.persist();
      else member.isSlow = !member.isSlow;
    });
  }

  /** Someone leaves, joins, or changes between voter and learner. */
  #reconfigure(): void {
    const leader = this.names.find((name) => this.cluster.get(name).raft.isReady);
    if (leader === undefined) return;
    const { configuration } = this.cluster.get(leader).raft;
    const others = describeConfiguration(configuration)
      .split(',')
      .filter((name) => name.replace('+', '') !== this.#target);
    const next = [[], [`+${this.#target}`], [this.#target]][this.#random.below(3)]!;
    this.#configure(leader, [...others, ...next]);
    this.#target = this.#someone;
  }

  #configure(leader: string, names: string[]): void {
    const next = configurationOf(names);
    this.cluster.act(leader, ({ raft }) => raft.proposeConfiguration(next));
  }

  #disaster(): void {
    const name = this.#someone;
    const member = this.cluster.get(name);
    const kind = this.#random.below(6);
    if (!member.isUp) this.cluster.restart(name);
    else if (kind === 0) this.cluster.crash(name);
    else if (kind === 1 && member.applied.length > 0) member.checkpoint();
    else if (kind === 2) this.cluster.act(name, (m) => m.raft.peerDown(m.raft.leader ?? m.id));
    else if (kind === 3) this.cluster.isolate(name);
    else if (kind === 4) this.cluster.heal();
    else if (member.installing !== undefined) this.#install(name);
  }

  #install(name: string): void {
    const source = this.cluster.get(this.cluster.get(name).installing!.from);
    if (source.isUp) this.cluster.install(name);
  }

  /** Everyone up, disks fast, no loss: the cluster must come together. */
  heal(): void {
    this.cluster.heal();
    for (const name of this.names) this.#repair(name);
    for (let i = 0; i < 200; i++) {
      this.#readmit();
      for (const name of this.names) this.cluster.tick(name);
      this.cluster.settle();
      for (const name of this.names) {
        if (this.cluster.get(name).installing !== undefined) this.#install(name);
      }
    }
  }

  /** One step back towards a cluster in which everyone votes. */
  #readmit(): void {
    const leader = this.names.find((name) => this.cluster.get(name).raft.isReady);
    if (leader === undefined) return;
    const { voters, learners } = this.cluster.get(leader).raft.configuration;
    const present = voters.map((voter) => voter.id as string);
    const missing = this.names.find((name) => !present.includes(name));
    if (missing === undefined) return;
    const rest = learners.map((learner) => `+${learner.id}`).filter((id) => id !== `+${missing}`);
    this.#configure(leader, [...present, ...rest, missing]);
  }

  #repair(name: string): void {
    const member = this.cluster.get(name);
    if (!member.isUp) this.cluster.restart(name);
    member.isSlow = false;
    while (member.writesUnderWay > 0) member.persist();
    member.pump();
  }
}

function walk(size: number, seed: number): void {
  const journey = new Walk(size, seed);
  journey.run(1500);
  journey.heal();
  const { cluster, names } = journey;
  expect(names.filter((name) => cluster.get(name).raft.role === 'leader')).toHaveLength(1);
  for (const name of names)
    expect(cluster.get(name).applied).toHaveLength(cluster.everApplied.size);
  cluster.checkLogMatching();
}

describe('whatever the order, loss, crash or slow disk', () => {
  it.each([3, 5])(
    '%d members never disagree, and agree once healed',
    (size) => {
      const anySeed = fc.integer({ min: 1, max: 2 ** 30 });
      fc.assert(
        fc.property(anySeed, (seed) => walk(size, seed)),
        { numRuns: 40 },
      );
    },
    60_000,
  );
});
