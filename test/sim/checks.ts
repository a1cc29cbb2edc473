/**
 * What must hold at every step of a run, whatever the faults: one leader a term, equal logs and equal states
 * at equal places, nothing that goes back; and at the end, after healing, every promise kept.
 */
import type { Tree } from '../../src/tree/tree.js';
import type { Truth } from './client.js';
import { LOG, type SimClient } from './client.js';
import { childrenOf, RollChecks } from './roll-checks.js';
import { SessionChecks } from './session-checks.js';
import type { SimMember } from './sim-member.js';
import type { World } from './world.js';

/** Log terms compared behind the point where two logs meet. */
const MATCH_DEPTH = 40;
/** Events between two looks at the logs. */
const LOGS_STEPS = 50;
/** About as many events between two walks over a member's whole state. */
const WALK_STEPS = 1_500;

export class Checks implements Truth {
  acknowledged = 0;
  readonly problems: string[] = [];
  readonly #world: World;
  readonly #members: readonly SimMember[];
  readonly #clients: readonly SimClient[];
  readonly #sessions: SessionChecks;
  readonly #roll: RollChecks;
  readonly #leaders = new Map<number, string>();
  readonly #digests = new Map<number, string>();
  readonly #revisions = new Map<object, number>();
  readonly #commits = new Map<string, number>();
  #newest = 0;
  #step = 0;

  constructor(world: World, members: readonly SimMember[], clients: readonly SimClient[]) {
    this.#world = world;
    this.#members = members;
    this.#clients = clients;
    const problem = (text: string) => this.problem(text);
    this.#sessions = new SessionChecks(world, clients, problem);
    this.#roll = new RollChecks(problem);
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
      if (sim.fencings > 0) this.problem(`${sim.name} was fenced, and its state was never wrong`);
      sim.fencings = 0;
      if (sim.member !== undefined) this.#checkMember(sim);
    }
    if (this.#step % LOGS_STEPS === 0) this.#checkLogs();
  }

  #checkMember(sim: SimMember): void {
    const { raft, tree, split } = sim.member!.core;
    if (split !== undefined) this.problem(`${sim.name} sees a split, and nobody's state is wrong`);
    if (raft.role === 'leader') this.#checkLeader(raft.term, sim.name);
    const before = this.#revisions.get(tree) ?? 0;
    if (tree.revision === before) return;
    if (tree.revision < before) this.problem(`${sim.name} went back to ${tree.revision}`);
    this.#revisions.set(tree, tree.revision);
    const commit = this.#commits.get(sim.name) ?? 0;
    this.#commits.set(sim.name, Math.max(commit, raft.commitIndex));
    if (tree.revision > raft.commitIndex) this.problem(`${sim.name} applied what is not committed`);
    this.#checkDigest(sim.name, tree.revision, tree.digest());
    if (this.#step % WALK_STEPS < 5) this.#walk(sim.name, tree);
    if (tree.revision > this.#newest) this.#checkNewest(tree);
  }

  /** No member has applied more. */
  #checkNewest(tree: Tree): void {
    this.#newest = tree.revision;
    this.#sessions.step(tree);
    this.#roll.step(tree);
  }

  #walk(name: string, tree: Tree): void {
    try {
      tree.checkTree();
    } catch (error) {
      this.problem(`the state of ${name} is broken: ${error}`);
    }
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

  /** After healing: everyone agrees, and what was acknowledged is there, once. */
  final(healedAtMs: number): void {
    const trees = this.#members.map(({ member }) => member?.core.tree);
    const [first] = trees;
    if (first === undefined || trees.includes(undefined)) return this.problem('a member is down');
    for (const sim of this.#members) {
      const tree = sim.member!.core.tree;
      this.#walk(sim.name, tree);
      if (tree.digest() !== first.digest()) this.problem(`${sim.name} has not converged`);
    }
    this.#checkWrites(first);
    this.#sessions.final(first, healedAtMs);
    for (const client of this.#clients) this.#checkClient(client, first);
  }

  #checkWrites(tree: Tree): void {
    const times = new Map<string, number>();
    for (const node of childrenOf(tree, LOG)) {
      const mark = new TextDecoder().decode(node.data);
      times.set(mark, (times.get(mark) ?? 0) + 1);
    }
    for (const [mark, count] of times)
      if (count > 1) this.problem(`${mark} was applied ${count} times`);
    for (const client of this.#clients)
      for (const { mark, outcome, body } of client.written) {
        const isKept = body.kind === 'create' && body.path.startsWith(`${LOG}/`);
        if (isKept && outcome?.type === 'created' && !times.has(mark))
          this.problem(`${mark} was acknowledged and is lost`);
      }
  }

  #checkClient(client: SimClient, tree: Tree): void {
    const isAlive = client.session !== undefined && tree.session(client.session) !== undefined;
    for (const path of client.ephemerals)
      if ((tree.get(path) !== undefined) !== isAlive)
        this.problem(`${path} and the session of ${client.name} do not agree`);
    if (client.isOver || client.diedAtMs !== undefined) return;
    if (!isAlive) return this.problem(`${client.name} has no session and was not told`);
    if (client.open.length > 0)
      this.problem(`${client.name} has ${client.open.length} changes without an answer`);
    for (const view of client.views) this.#checkView(client, view, tree);
    this.#roll.final(client, tree);
  }

  #checkView(client: SimClient, { path, nodes }: SimClient['views'][number], tree: Tree): void {
    const there = childrenOf(tree, path);
    const wrong = there.find((node) => nodes.get(node.path) !== node.stat.modifyRevision);
    if (wrong !== undefined)
      this.problem(
        `${client.name} was never told of ${wrong.path} at ${wrong.stat.modifyRevision}`,
      );
    if (nodes.size > there.length) this.problem(`${client.name} was not told who left ${path}`);
  }
}
