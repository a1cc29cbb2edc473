/**
 * Real `rollcall` processes from the built package, for tests end to end. Everything started here is
 * killed by `stopAll`, which a test calls when it is done, whatever came of it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { MAIN } from './cluster.js';

/** How long a test waits for a line before it fails. */
const PATIENCE_MS = 20_000;

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface ProcessOptions {
  readonly cwd?: string;
  /** Something can be written to it. */
  readonly withInput?: boolean;
}

/** A process whose output can be waited for. */
export class Process {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #out = '';
  #err = '';
  #listeners = new Set<() => void>();

  constructor(args: readonly string[], env: NodeJS.ProcessEnv, options: ProcessOptions = {}) {
    this.child = spawn(process.execPath, [MAIN, ...args], {
      env,
      cwd: options.cwd,
      stdio: [options.withInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
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

/** Commands against one cluster. */
export class Processes {
  readonly #running: Process[] = [];
  endpoints: readonly string[] = [];

  start(...args: string[]): Process {
    const endpoints = this.endpoints.join(',');
    const env = { ...process.env, ROLLCALL_ENDPOINTS: endpoints, NO_COLOR: '1' };
    const started = new Process(args, env);
    this.#running.push(started);
    return started;
  }

  run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  async stopAll(): Promise<void> {
    for (const started of this.#running) started.kill('SIGKILL');
    await Promise.all(this.#running.map(({ ended }) => ended));
  }
}
