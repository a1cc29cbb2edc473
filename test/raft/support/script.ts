/**
 * Runs a text script: blocks of commands, `----`, and the trace that they must give. Lines that begin with #
 * are for the reader. The commands are the methods of `Script`; a link is written a→b, →b or a→.
 */
import { describeConfiguration, describeMessage, describeRun } from '../../../src/raft/describe.js';
import type { Fitness, RaftLimits } from '../../../src/raft/raft.js';
import type { RaftMessage } from '../../../src/types/message.js';
import { Cluster } from './cluster.js';
import { batchOf, configurationOf, idOf } from './entries.js';
import { forge } from './forge.js';

const SEPARATOR = '----';

/** The same text, with every expected trace replaced by the one that was seen. */
export function runScript(text: string): string {
  const script = new Script();
  const blocks = text.trimEnd().split(/\n\n+/);
  return `${blocks.map((block) => runBlock(script, block)).join('\n\n')}\n`;
}

function runBlock(script: Script, block: string): string {
  const lines = block.split('\n');
  const end = lines.indexOf(SEPARATOR);
  const commands = end < 0 ? lines : lines.slice(0, end);
  const isProse = commands.every((line) => line.startsWith('#'));
  if (isProse) return commands.join('\n');
  const seen = commands.flatMap((line) => (line.startsWith('#') ? [] : script.execute(line)));
  return [...commands, SEPARATOR, ...(seen.length > 0 ? seen : ['(nothing)'])].join('\n');
}

type Command = (args: string[]) => string | undefined;

class Script {
  #cluster = new Cluster([]);
  readonly #bags = new Map<string, RaftMessage[]>();

  execute(line: string): string[] {
    const [name = '', ...args] = line.split(' ');
    if (name === 'quietly') {
      this.execute(args.join(' '));
      return [];
    }
    const command = this.#commands.get(name);
    if (command === undefined) throw new Error(`unknown command: ${line}`);
    const answer = command(args);
    const trace = this.#cluster.trace.splice(0);
    return answer === undefined ? trace : [...trace, ...answer.split('\n')];
  }

  readonly #commands = new Map<string, Command>([
    ['cluster', (args) => this.#start(args)],
    ['elect', ([name]) => this.#elect(name!)],
    ['tick', ([name, count]) => this.#do(() => this.#cluster.tick(name!, Number(count ?? 1)))],
    ['propose', ([name, ...texts]) => this.#propose(name!, texts)],
    ['read', ([name, id]) => this.#act(name!, (m) => m.raft.readIndex(Number(id)))],
    ['down', ([name, other]) => this.#act(name!, (m) => m.raft.peerDown(idOf(other!)))],
    ['transfer', ([name, to]) => this.#transfer(name!, to!)],
    ['configure', ([name, ...names]) => this.#configure(name!, names)],
    ['join', ([name]) => this.#do(() => this.#cluster.add(name!, configurationOf([])))],
    ['deliver', (links) => this.#do(() => this.#cluster.deliver(onLinks(links)))],
    ['lose', (links) => this.#do(() => this.#cluster.take(onLinks(links)))],
    ['settle', () => this.#do(() => this.#cluster.settle())],
    ['hold', ([bag, ...links]) => this.#hold(bag!, links)],
    ['release', ([bag]) => this.#release(bag!)],
    ['forge', (args) => this.#do(() => this.#cluster.step(forge(args)))],
    ['isolate', ([name]) => this.#do(() => this.#cluster.isolate(name!))],
    ['cut', ([from, to]) => this.#do(() => this.#cluster.cut(from!, to!))],
    ['heal', () => this.#do(() => this.#cluster.heal())],
    ['slow', ([name]) => this.#slow(name!, true)],
    ['fast', ([name]) => this.#slow(name!, false)],
    ['sync', ([name]) => this.#do(() => this.#cluster.get(name!).persist())],
    ['crash', ([name]) => this.#do(() => this.#cluster.crash(name!))],
    ['losetail', ([name, from]) => this.#do(() => this.#cluster.get(name!).loseTail(Number(from)))],
    ['fitness', ([name, to]) => this.#act(name!, (m) => m.raft.setFitness(to as Fitness))],
    ['resign', ([name]) => this.#act(name!, (m) => m.raft.resign())],
    ['restart', ([name]) => this.#do(() => this.#cluster.restart(name!))],
    ['checkpoint', ([name]) => this.#do(() => this.#cluster.get(name!).checkpoint())],
    ['install', ([name]) => this.#do(() => this.#cluster.install(name!))],
    ['installfails', ([name]) => this.#failInstall(name!)],
    ['state', (names) => this.#each(names, (m) => m.raft.describe())],
    ['log', (names) => this.#each(names, (m) => `${m.id}: ${m.memory.map(describeRun).join(' ')}`)],
    [
      'members',
      (names) =>
        this.#each(names, (m) => `${m.id}: ${describeConfiguration(m.raft.configuration) || '-'}`),
    ],
    ['pending', () => this.#cluster.pending.map(describeMessage).join('\n') || '(none)'],
  ]);

  #do(action: () => unknown): undefined {
    action();
  }

  #act(name: string, input: Parameters<Cluster['act']>[1]): undefined {
    this.#cluster.act(name, input);
  }

  /** Names, and limits as key=value. */
  #start(args: string[]): undefined {
    const names = args.filter((arg) => !arg.includes('='));
    const limits = args.filter((arg) => arg.includes('=')).map((arg) => arg.split('='));
    this.#cluster = new Cluster(names, {
      limits: Object.fromEntries(limits.map(([key, value]) => [key, Number(value)])) as RaftLimits,
    });
  }

  /** The way to a first leader is told once, in its own scripts. */
  #elect(name: string): string {
    this.#cluster.elect(name);
    this.#cluster.trace.splice(0);
    const { term, commitIndex } = this.#cluster.get(name).raft;
    return `${name} leads at term ${term}, commit ${commitIndex}`;
  }

  #propose(name: string, texts: string[]): string | undefined {
    const index = this.#cluster.get(name).raft.propose(batchOf(texts), 0);
    this.#cluster.act(name, () => undefined);
    return index === undefined ? `${name} turns it away` : undefined;
  }

  #transfer(name: string, to: string): string | undefined {
    const hasBegun = this.#cluster.get(name).raft.transferLeadership(idOf(to));
    this.#cluster.act(name, () => undefined);
    return hasBegun ? undefined : `${name} does not`;
  }

  #configure(name: string, names: string[]): string {
    const answer = this.#cluster.get(name).raft.proposeConfiguration(configurationOf(names));
    this.#cluster.act(name, () => undefined);
    return answer;
  }

  #hold(bag: string, links: string[]): undefined {
    this.#bags.set(bag, this.#cluster.take(onLinks(links)));
  }

  /** May be done again: then the messages arrive twice. */
  #release(bag: string): undefined {
    for (const message of this.#bags.get(bag) ?? []) this.#cluster.step(message);
  }

  #slow(name: string, isSlow: boolean): undefined {
    this.#cluster.get(name).isSlow = isSlow;
  }

  #failInstall(name: string): undefined {
    const member = this.#cluster.get(name);
    const { from } = member.installing!;
    member.installing = undefined;
    this.#cluster.act(name, () => member.raft.snapshotFailed(from));
  }

  #each(names: string[], describe: (member: ReturnType<Cluster['get']>) => string): string {
    const all = names.length > 0 ? names : [...this.#cluster.members.keys()];
    return all.map((name) => describe(this.#cluster.get(name))).join('\n');
  }
}

/** Without links: everything. */
function onLinks(links: readonly string[]): (message: RaftMessage) => boolean {
  if (links.length === 0) return () => true;
  const ends = links.map((link) => link.split('→'));
  return ({ from, to }) =>
    ends.some(([a, b]) => (a === '' || a === from) && (b === '' || b === to));
}
