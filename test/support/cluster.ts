/**
 * Real clusters for tests: members as processes of the built command, on free ports, with data in a
 * temporary folder. Whatever a test does, nothing of it is left when the test has ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { checkPortsFree } from '../../src/cli/local/ports.js';

export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const START_TIMEOUT_MS = 20_000;
const LOG_BYTES_MAX = 64 * 1024;
const POLL_MS = 20;

export interface TestClusterOptions {
  readonly members?: number;
  readonly logLevel?: string;
  /** Further flags of `serve`. */
  readonly flags?: readonly string[];
  /** Peer addresses that members are told of each other, as seen through a proxy. */
  readonly peerAddress?: (name: string, port: number) => string | Promise<string>;
  /** Told how to end it: a hook of a whole file. By default the test that starts it ends it. */
  readonly onEnd?: (close: () => Promise<void>) => void;
}

export interface TestMember {
  readonly name: string;
  readonly clientAddress: string;
  readonly peerPort: number;
  readonly httpAddress: string;
  readonly dataDir: string;
  readonly pid: number | undefined;
  /** The end of what it wrote to stderr. */
  readonly log: string;
}

interface Running extends TestMember {
  process: ChildProcess | undefined;
  log: string;
  exited: Promise<ExitStatus>;
  readonly args: readonly string[];
}

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class TestCluster {
  readonly folder: string;
  readonly #members: Map<string, Running>;

  private constructor(folder: string, members: Map<string, Running>) {
    this.folder = folder;
    this.#members = members;
  }

  /** Resolves when every member is ready. Ends with the test. */
  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const cluster = await TestCluster.create(options);
    await cluster.startAll();
    return cluster;
  }

  /** Starts nothing yet. */
  static async create(options: TestClusterOptions = {}): Promise<TestCluster> {
    if (!existsSync(MAIN)) throw new Error('not built: run `node scripts/setup.mjs`');
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
    const cluster = new TestCluster(folder, await planMembers(folder, options));
    (options.onEnd ?? onTestFinished)(() => cluster.close());
    return cluster;
  }

  get members(): readonly TestMember[] {
    return [...this.#members.values()];
  }

  get endpoints(): string[] {
    return this.members.map(({ clientAddress }) => clientAddress);
  }

  member(name: string): TestMember {
    return this.#find(name);
  }

  async startAll(): Promise<void> {
    for (const name of this.#members.keys()) this.start(name);
    await Promise.all([...this.#members.keys()].map((name) => this.untilReady(name)));
  }

  start(name: string): void {
    const member = this.#find(name);
    const child = spawn(process.execPath, [MAIN, 'serve', ...member.args], {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '8' },
    });
    member.process = child;
    member.log = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      member.log = (member.log + text).slice(-LOG_BYTES_MAX);
    });
    child.stdin?.on('error', () => {});
    member.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        if (member.process === child) member.process = undefined;
        resolve({ code, signal });
      });
    });
  }

  /** As its own /readyz says: it serves and follows a leader that has a quorum. */
  async untilReady(name: string, timeoutMs = START_TIMEOUT_MS): Promise<void> {
    const member = this.#find(name);
    const deadline = performance.now() + timeoutMs;
    while (!(await isReady(member.httpAddress))) {
      const isGone = member.process === undefined;
      if (isGone || performance.now() > deadline) {
        throw new Error(`${name} ${isGone ? 'ended' : 'is not ready'}:\n${member.log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Name of the leader that a majority of the members names. */
  async untilLeader(timeoutMs = START_TIMEOUT_MS): Promise<string> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const leaders = await Promise.all(this.members.map(isLeader));
      const name = this.members.find((_, i) => leaders[i])?.name;
      if (name !== undefined) return name;
      if (performance.now() > deadline) throw new Error(`no leader after ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Without warning, as a crash. SIGSTOP hangs it, SIGCONT wakes it. */
  signal(name: string, signal: NodeJS.Signals): void {
    this.#find(name).process?.kill(signal);
  }

  async kill(name: string): Promise<ExitStatus> {
    this.signal(name, 'SIGKILL');
    return this.exited(name);
  }

  async stop(name: string): Promise<ExitStatus> {
    this.signal(name, 'SIGTERM');
    return this.exited(name);
  }

  async restart(name: string): Promise<void> {
    await this.kill(name);
    this.start(name);
    await this.untilReady(name);
  }

  exited(name: string): Promise<ExitStatus> {
    return this.#find(name).exited;
  }

  /** Kills what runs and removes what was written. */
  async close(): Promise<void> {
    for (const member of this.#members.values()) member.process?.kill('SIGKILL');
    await Promise.all([...this.#members.values()].map(({ exited }) => exited));
    rmSync(this.folder, { recursive: true, force: true });
  }

  #find(name: string): Running {
    const member = this.#members.get(name);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }
}

async function planMembers(
  folder: string,
  { members = 3, logLevel = 'warn', flags = [], peerAddress }: TestClusterOptions,
): Promise<Map<string, Running>> {
  const ports = await freePorts(members * 3);
  const names = Array.from({ length: members }, (_, i) => `r${i + 1}`);
  const address = peerAddress ?? ((_: string, port: number) => `127.0.0.1:${port}`);
  const founder = async (name: string, i: number): Promise<string> =>
    `${name}=${await address(name, ports[i * 3 + 1]!)}`;
  const founders = (await Promise.all(names.map(founder))).join(',');
  const plan = (name: string, i: number): Running => {
    const [client, peer, http] = ports.slice(i * 3, i * 3 + 3) as [number, number, number];
    const own = {
      '--name': name,
      '--data': join(folder, name),
      '--initial-members': founders,
      '--client-port': String(client),
      '--peer-port': String(peer),
      '--http-port': String(http),
      '--log-level': logLevel,
    };
    return {
      name,
      clientAddress: `127.0.0.1:${client}`,
      peerPort: peer,
      httpAddress: `127.0.0.1:${http}`,
      dataDir: own['--data'],
      log: '',
      process: undefined,
      exited: Promise.resolve({ code: 0, signal: null }),
      args: [...Object.entries(own).flat(), '--exit-with-parent', ...flags],
      get pid() {
        return this.process?.pid;
      },
    };
  };
  return new Map(names.map((name, i) => [name, plan(name, i)]));
}

/**
 * A base at which three members of a local cluster find all of their ports free. Below the range from which
 * the system gives ports to outgoing connections, so that nobody takes one meanwhile.
 */
export async function freeBasePort(): Promise<number> {
  for (;;) {
    const base = 12_000 + Math.floor(Math.random() * 18_000);
    const isFree = await checkPortsFree(3, base).then(
      () => true,
      () => false,
    );
    if (isFree) return base;
  }
}

/** Held open together, so that all differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.once('listening', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function isReady(httpAddress: string): Promise<boolean> {
  return (await getText(httpAddress, '/readyz')) !== undefined;
}

async function isLeader({ httpAddress }: TestMember): Promise<boolean> {
  const text = await getText(httpAddress, '/metrics');
  const isQuorate = await isReady(httpAddress);
  return isQuorate && (text ?? '').includes('\nrollcall_raft_is_leader 1\n');
}

/** undefined: no answer, or none of success. */
async function getText(httpAddress: string, path: string): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(1_000);
    const response = await fetch(`http://${httpAddress}${path}`, { signal });
    const text = await response.text();
    return response.ok ? text : undefined;
  } catch {
    return undefined;
  }
}
