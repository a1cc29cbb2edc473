/**
 * The demonstration: a cluster, three web servers and one caller, all real, on this machine. Owns what
 * happens and when; the picture, the servers, the caller and the measurement are others' affairs.
 */
import { type Client, connect, type Discovery, type MemberSummary } from '../../client/index.js';
import {
  aborted,
  dataNote,
  type LocalRun,
  readyLine,
  stopSignal,
  withLocalCluster,
} from '../local/run.js';
import type { LocalCluster, LocalMember } from '../local-cluster.js';
import { plainLogLine } from '../member/plain-log.js';
import { Caller } from './caller.js';
import { readKeys } from './keys.js';
import { eventLine, logRoll } from './roll-log.js';
import { createScreen, type MemberRow, type Screen, type ServerRow } from './screen.js';
import { WebServers } from './servers.js';
import { measureWriteGap } from './write-gap.js';

const MEMBERS = 3;
const DRAW_MS = 250;
const SERVICE = 'web';

export interface DemoOptions {
  readonly basePort: number;
  readonly data?: string | undefined;
  readonly for?: number | undefined;
}

export async function runDemo(options: DemoOptions): Promise<void> {
  const stop = stopSignal(options.for);
  const screen = createScreen(process.stdout);
  const cluster = {
    members: MEMBERS,
    basePort: options.basePort,
    data: options.data,
    // What ends here was killed on purpose: only what a person must see may disturb the picture.
    logLevel: 'error',
    onEvent: (name: string, what: string) => screen.event(eventLine('member', name, what)),
    onLog: (line: string) => screen.event(plainLogLine(line)),
  };
  screen.say(
    `Rollcall demo: ${MEMBERS} members, 3 web servers, 1 caller. ${dataNote(options.data)}`,
  );
  try {
    await withLocalCluster(cluster, stop.signal, (run) => {
      screen.say(readyLine(run));
      return perform(run, screen, () => stop.abort());
    });
  } finally {
    screen.close();
  }
}

async function perform(run: LocalRun, screen: Screen, quit: () => void): Promise<void> {
  const client = connect(run.cluster.endpoints.split(','));
  const discovery = client.discover(SERVICE);
  const play = new Play({ run, screen, client, discovery });
  const keys = readKeys(process.stdin, (key) => {
    if (key === 'k') void play.killLeader();
    if (key === 's') play.stopServer();
    if (key === 'q') quit();
  });
  try {
    play.start();
    await aborted(run.signal);
  } finally {
    keys.close();
    await play.close();
    await client.close();
  }
}

interface PlayOptions {
  readonly run: LocalRun;
  readonly screen: Screen;
  readonly client: Client;
  readonly discovery: Discovery;
}

class Play {
  readonly #cluster: LocalCluster;
  readonly #signal: AbortSignal;
  readonly #screen: Screen;
  readonly #client: Client;
  readonly #discovery: Discovery;
  readonly #servers: WebServers;
  readonly #caller: Caller;
  #members: readonly MemberSummary[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isKilling = false;

  constructor({ run, screen, client, discovery }: PlayOptions) {
    this.#cluster = run.cluster;
    this.#signal = run.signal;
    this.#screen = screen;
    this.#client = client;
    this.#discovery = discovery;
    this.#servers = new WebServers(run.cluster.endpoints, (id, line) => {
      this.#say('error', `${SERVICE}/${id}`, line);
    });
    this.#caller = new Caller(discovery);
  }

  start(): void {
    this.#servers.start();
    this.#caller.start();
    const logged = logRoll({
      events: this.#client.roll(SERVICE, { signal: this.#signal }),
      stepTime: (id, step, now) => this.#servers.stepTime(id, step, now),
      print: (line) => this.#screen.event(line),
    });
    logged.catch((error: unknown) => this.#say('error', 'caller', String(error)));
    this.#timer = setInterval(() => this.#draw(), DRAW_MS);
  }

  stopServer(): void {
    const id = this.#servers.stopOne();
    this.#say('stop', `${SERVICE}/${id}`, 'SIGTERM');
  }

  async killLeader(): Promise<void> {
    if (this.#isKilling) return;
    this.#isKilling = true;
    try {
      await this.#killAndMeasure();
    } catch (error) {
      this.#say('error', 'kill', String(error));
    } finally {
      this.#isKilling = false;
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#caller.stop();
    await this.#servers.close();
    await this.#discovery.close();
    const { ok, failed } = this.#caller;
    this.#screen.close(`${ok} requests answered, ${failed} failed`);
  }

  async #killAndMeasure(): Promise<void> {
    const { leader } = await this.#client.status({ signal: this.#signal });
    const member = this.#cluster.members.find(({ name }) => name === leader);
    if (member === undefined) return this.#say('kill', 'leader', 'there is none right now');
    const failedBefore = this.#caller.failed;
    const gapMs = await measureWriteGap(this.#client, () => this.#kill(member), this.#signal);
    if (gapMs === undefined) return;
    const failed = this.#caller.failed - failedBefore;
    const next = (await this.#client.status({ signal: this.#signal })).leader ?? 'nobody';
    this.#say(
      'leader',
      next,
      `writes paused ${Math.round(gapMs)} ms, ${failed} requests of the caller failed`,
    );
  }

  #kill(member: LocalMember): void {
    this.#say('kill', member.name, `the leader, pid ${member.pid}, by kill -9`);
    member.kill('SIGKILL');
  }

  #say(verb: string, subject: string, detail: string): void {
    if (!this.#signal.aborted) this.#screen.event(eventLine(verb, subject, detail));
  }

  #draw(): void {
    const ask = this.#client.members({ timeoutMs: 1_000, signal: this.#signal });
    ask.then(
      (members) => {
        this.#members = members;
      },
      () => {},
    );
    if (!this.#signal.aborted) {
      this.#screen.draw({ members: this.#memberRows(), servers: this.#serverRows() });
    }
  }

  #memberRows(): MemberRow[] {
    return this.#cluster.members.map(({ name, pid }) => {
      const said = this.#members.find((member) => member.name === name);
      const role = pid === undefined ? 'down' : (said?.role ?? 'starting');
      return { name, role, term: said?.term ?? 0, applied: said?.appliedIndex ?? 0, pid };
    });
  }

  #serverRows(): ServerRow[] {
    return this.#servers.ids.map((id) => {
      const state = this.#discovery.instances.find((instance) => instance.id === id)?.state;
      const tally = this.#caller.tallies.get(id) ?? { ok: 0, failed: 0, perSecond: 0 };
      return { name: `${SERVICE}/${id}`, state, ...tally };
    });
  }
}
