/**
 * What must hold at every step of a run, whatever the faults: one leader a term, equal logs and equal states
 * at equal places, nothing that goes back, no session ended early, and at the end every promise kept.
 */
import type { SimClient, Truth } from './client.js';
import type { SimMember } from './sim-member.js';
import type { World } from './world.js';

/** Log terms compared behind the point where two logs meet. */
const MATCH_DEPTH = 40;

export class Checks implements Truth {
  acknowledged = 0;
  readonly problems: string[] = [];
  readonly #world: World;
  readonly #members: readonly SimMember[];
  readonly #clients: readonly SimClient[];
  readonly #leaders = new Map<number, string>();
  readonly #digests = new Map<number, string>();
  readonly #revisions = new Map<object, number>();
  readonly #commits = new Map<string, number>();
  readonly #ended = new Set<number>();
  #step = 0;

  constructor(world: World, members: readonly SimMember[], clients: readonly SimClient[]) {
    this.#world = world;
    this.#members = members;
    this.#clients = clients;
  }

  problem(text: string): void {
    this.problems.push(`${this.#world.monotonicMs().toFixed(1)} ms: ${text}`);
  }

  /** After every event. */
  step(): void {
    this.#step++;
    for (const sim of this.#members) {
      if (sim.failure !== undefined) {
        this.problem(`${sim.name} stopped: ${sim.failure.stack}`);
        sim.failure = undefined;
      }
      if (sim.member !== undefined) this.#checkMember(sim);
    }
    if (this.#step % 50 === 0) this.#checkLogs();
    this.#checkSessions();
  }

  #checkMember(sim: SimMember): void {
    const { raft, tree } = sim.member!.core;
    if (raft.role === 'leader') this.#checkLeader(raft.term, sim.name);
    const before = this.#revisions.get(tree) ?? 0;
    if (tree.revision === before) return;
    if (tree.revision < before) this.problem(`${sim.name} went back to ${tree.revision}`);
    this.#revisions.set(tree, tree.revision);
    const commit = this.#commits.get(sim.name) ?? 0;
    this.#commits.set(sim.name, Math.max(commit, raft.commitIndex));
    if (tree.revision > raft.commitIndex) this.problem(`${sim.name} applied what is not committed`);
    this.#checkDigest(sim.name, tree.revision, tree.digest());
  }

  #checkLeader(term: number, name: string): void {
    const known = this.#leaders.get(term);
    if (known === undefined) this.#leaders.set(term, name);
    else if (known !== name) this.problem(`term ${term} has two leaders: ${known} and ${name}`);
  }

  #checkDigest(name: string, revision: number, digest: string): void {
    const known = this.#digests.get(revision);
    if (known === undefined) {
      this.#digests.set(revision, digest);
      this.#world.note(`${revision}:${digest}`);
    } else if (known !== digest) this.problem(`${name} differs from the others at ${revision}`);
  }

  /** Where two logs hold the same term at an index, they are equal up to there. */
  #checkLogs(): void {
    const rafts = this.#members.flatMap(({ member }) => (member ? [member.core.raft] : []));
    for (let a = 0; a < rafts.length; a++)
      for (let b = a + 1; b < rafts.length; b++) {
        const [one, other] = [rafts[a]!, rafts[b]!];
        let index = Math.min(one.lastIndex, other.lastIndex);
        const floor = Math.max(one.trimmedIndex, other.trimmedIndex, index - MATCH_DEPTH);
        while (index > floor && one.termAt(index) !== other.termAt(index)) index--;
        for (; index > floor; index--)
          if (one.termAt(index) !== other.termAt(index)) this.problem(`logs differ at ${index}`);
      }
  }

  /** A session that a client may believe in must exist on whoever has applied most. */
  #checkSessions(): void {
    const trees = this.#members.flatMap(({ member }) => (member ? [member.core.tree] : []));
    const newest = trees.sort((a, b) => b.revision - a.revision)[0];
    if (newest === undefined) return;
    for (const client of this.#clients) {
      const { session } = client;
      if (session === undefined || this.#ended.has(session) || newest.revision < session) continue;
      if (newest.session(session) !== undefined) continue;
      this.#ended.add(session);
      const livedMs = this.#world.monotonicMs() - client.aliveFromMs;
      if (client.aliveFromMs > 0 && livedMs < client.timeoutMs)
        this.problem(
          `the session of ${client.name} ended ${livedMs} ms after an acknowledged touch`,
        );
    }
  }

  /** After healing: everyone agrees, and what was acknowledged is there, once. */
  final(): void {
    const trees = this.#members.map(({ member }) => member?.core.tree);
    const [first] = trees;
    if (first === undefined || trees.includes(undefined)) return this.problem('a member is down');
    for (const sim of this.#members) {
      const tree = sim.member!.core.tree;
      tree.checkTree();
      if (tree.digest() !== first.digest()) this.problem(`${sim.name} has not converged`);
    }
    this.#checkWrites(first);
    for (const client of this.#clients) this.#checkClient(client, first);
  }

  #checkWrites(tree: NonNullable<SimMember['member']>['core']['tree']): void {
    const times = new Map<string, number>();
    for (const node of childrenOf(tree, '/log')) {
      const mark = new TextDecoder().decode(node.data);
      times.set(mark, (times.get(mark) ?? 0) + 1);
    }
    for (const [mark, count] of times)
      if (count > 1) this.problem(`${mark} was applied ${count} times`);
    for (const client of this.#clients)
      for (const { mark, outcome, body } of client.written) {
        const isKept = body.kind === 'create' && body.nodeKind === 'persistent';
        if (isKept && outcome?.type === 'created' && !times.has(mark))
          this.problem(`${mark} was acknowledged and is lost`);
      }
  }

  #checkClient(client: SimClient, tree: NonNullable<SimMember['member']>['core']['tree']): void {
    const isAlive = client.session !== undefined && tree.session(client.session) !== undefined;
    for (const path of client.ephemerals)
      if ((tree.get(path) !== undefined) !== isAlive)
        this.problem(`${path} and the session of ${client.name} do not agree`);
    if (client.isOver || !isAlive) return;
    if (client.open.length > 0)
      this.problem(`${client.name} has ${client.open.length} changes without an answer`);
    const there = childrenOf(tree, '/log').map(({ path }) => path);
    const missing = there.filter((path) => !client.seen.has(path));
    if (missing.length > 0) this.problem(`${client.name} was never told of ${missing[0]}`);
  }
}

function childrenOf(tree: NonNullable<SimMember['member']>['core']['tree'], path: string) {
  const all = { limit: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };
  return tree.children(path, { ...all, withData: true })?.nodes ?? [];
}
