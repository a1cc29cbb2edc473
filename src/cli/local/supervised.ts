/**
 * One child process that is kept running: started again, ever later, when it dies of itself, and never
 * once it was told to stop. It cannot outlive us: its standard input is a pipe that we hold, and it
 * ends when that closes.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

const BACKOFF_MS_MIN = 250;
const BACKOFF_MS_MAX = 5_000;
/** Whoever ran this long has recovered: its next failure starts from the shortest delay. */
const STABLE_MS = 10_000;
/** A child that ignores its signal is killed. */
const STOP_MS_MAX = 8_000;

export interface SupervisedOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Adds a channel for messages. */
  readonly withIpc?: boolean;
  readonly onLine?: (line: string) => void;
  /** Of its stderr. What it says while it ends on our word is of no interest. */
  readonly onErrorLine?: (line: string) => void;
  readonly onMessage?: (message: unknown) => void;
  readonly onExit?: (how: string, restartInMs: number | undefined) => void;
  /** Told instead of a fixed backoff: after how long to start again; undefined: never. */
  readonly restartAfterMs?: () => number | undefined;
}

export class Supervised {
  readonly #options: SupervisedOptions;
  #child: ChildProcess | undefined;
  #backoffMs = BACKOFF_MS_MIN;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: SupervisedOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    if (this.#child !== undefined || this.#stopping) return;
    this.#startedAt = performance.now();
    const child = spawn(process.execPath, [...this.#options.args], this.#spawnOptions());
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => this.#gone(child, error.message, resolve));
      child.once('exit', (code, signal) => this.#gone(child, signal ?? `exit ${code}`, resolve));
    });
    // The pipe breaks with the child, which is no news.
    child.stdin?.on('error', () => {});
    if (this.#options.onMessage) child.on('message', this.#options.onMessage);
    eachLine(child.stdout, (line) => this.#options.onLine?.(line));
    eachLine(child.stderr, (line) => {
      if (!this.#stopping) this.#options.onErrorLine?.(line);
    });
  }

  kill(signal: NodeJS.Signals): boolean {
    return this.#child?.kill(signal) ?? false;
  }

  /** Resolves when it is gone for good. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    if (this.#child === undefined) return;
    this.#child.kill(signal);
    const hard = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_MS_MAX);
    await this.#ended;
    clearTimeout(hard);
  }

  #spawnOptions(): SpawnOptions {
    return {
      env: { ...process.env, UV_THREADPOOL_SIZE: '8', ...this.#options.env },
      stdio: ['pipe', 'pipe', 'pipe', ...(this.#options.withIpc ? (['ipc'] as const) : [])],
      // A group of its own: Ctrl-C at the terminal is ours to pass on, in order.
      detached: true,
    };
  }

  #gone(child: ChildProcess, how: string, resolve: () => void): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    resolve();
    const delayMs = this.#stopping ? undefined : this.#nextDelay();
    this.#options.onExit?.(how, delayMs);
    if (delayMs !== undefined) this.#timer = setTimeout(() => this.start(), delayMs);
  }

  #nextDelay(): number | undefined {
    if (this.#options.restartAfterMs) return this.#options.restartAfterMs();
    const wasStable = performance.now() - this.#startedAt > STABLE_MS;
    const delayMs = wasStable ? BACKOFF_MS_MIN : this.#backoffMs;
    this.#backoffMs = Math.min(delayMs * 2, BACKOFF_MS_MAX);
    return delayMs;
  }
}

function eachLine(stream: Readable | null, onLine: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) onLine(line);
  });
}
