/**
 * Real `rollcall` processes from the built package, for tests end to end. Everything started here is
 * killed by `stopAll`, which a test calls when it is done, whatever came of it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const MAIN = join(ROOT, 'dist', 'cli', 'main.js');
const HOST = '127.0.0.1';
/** How long a test waits for a line before it fails. */
const PATIENCE_MS = 20_000;

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A process whose output can be waited for. */
export class Process {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #out = '';
  #err = '';
  #listeners = new Set<() => void>();

  constructor(args: readonly string[], env: NodeJS.ProcessEnv) {
    this.child = spawn(process.execPath, [MAIN, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
      this.#notify();
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text;
      this.#notify();
    });
    this.ended = new Promise((resolve) => {
      this.child.once('exit', (code) => {
        // What it started may hold its pipes open for longer; nobody waits for that.
        setImmediate(() => resolve({ code: code ?? -1, out: this.#out, err: this.#err }));
      });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  get lines(): string[] {
    return this.#out.split('\n').slice(0, -1);
  }

  get err(): string {
    return this.#err;
  }

  /** Resolves with the first defined answer of `look`, asked again after each output. */
  until<T>(look: (process: this) => T | undefined, timeoutMs = PATIENCE_MS): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        this.#listeners.delete(check);
        clearTimeout(timer);
        settle();
      };
      const check = () => {
        const found = look(this);
        if (found !== undefined) finish(() => resolve(found));
      };
      const timer = setTimeout(
        () => finish(() => reject(new Error(`not seen:\n${this.#out}\n${this.#err}`))),
        timeoutMs,
      );
      this.#listeners.add(check);
      check();
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** A cluster of three, and commands against it. */
export class Processes {
  readonly #running: Process[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'rollcall-e2e-'));
  endpoints = '';

  start(...args: string[]): Process {
    const env = { ...process.env, ROLLCALL_ENDPOINTS: this.endpoints, NO_COLOR: '1' };
    const started = new Process(args, env);
    this.#running.push(started);
    return started;
  }

  run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  async startCluster(size = 3): Promise<Process[]> {
    const ports = await freePorts(size * 3);
    const peers = ports.slice(0, size);
    const clients = ports.slice(size, size * 2);
    const initial = peers.map((port, i) => `r${i + 1}=${HOST}:${port}`).join(',');
    const members = peers.map((peer, i) =>
      this.#serve(i, { peer, client: clients[i]!, initial, http: ports[size * 2 + i]! }),
    );
    await Promise.all(
      members.map((member) =>
        member.until((p) => p.lines.find((line) => line.startsWith('ready'))),
      ),
    );
    this.endpoints = clients.map((port) => `${HOST}:${port}`).join(',');
    return members;
  }

  async stopAll(): Promise<void> {
    for (const started of this.#running) {
      started.kill('SIGCONT');
      started.kill('SIGKILL');
    }
    await Promise.all(this.#running.map(({ ended }) => ended));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #serve(
    i: number,
    {
      peer,
      client,
      http,
      initial,
    }: { peer: number; client: number; http: number; initial: string },
  ): Process {
    const flags = {
      '--name': `r${i + 1}`,
      '--data': join(this.#folder, `r${i + 1}`),
      '--initial-members': initial,
      '--peer-port': String(peer),
      '--client-port': String(client),
      '--http-port': String(http),
      '--log-level': 'warn',
    };
    return this.start('serve', ...Object.entries(flags).flat());
  }
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve) => {
        server.listen(0, HOST, () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
