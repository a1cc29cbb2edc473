/**
 * A Python with grpcio and its code generator, where there is one: the language stands for all that have
 * gRPC and no SDK of ours.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PYTHONS = ['/usr/bin/python3', 'python3'];
const PROTO = fileURLToPath(new URL('../../proto', import.meta.url));
const PROGRAM = fileURLToPath(new URL('./programs/roll.py', import.meta.url));
const FILES = ['errors', 'tree', 'catalog', 'sessions', 'cluster'];
const PATIENCE_MS = 20_000;

export function findPython(): string | undefined {
  const hasGrpc = (python: string) =>
    spawnSync(python, ['-c', 'import grpc, grpc_tools'], { stdio: 'ignore' }).status === 0;
  return PYTHONS.find(hasGrpc);
}

/** Its programs, run against one member. */
export class Python {
  readonly #python: string;
  readonly #generated = mkdtempSync(join(tmpdir(), 'rollcall-python-'));
  readonly #running = new Set<PythonProgram>();

  constructor(python: string) {
    this.#python = python;
    const files = FILES.map((name) => join(PROTO, 'rollcall', 'v1', `${name}.proto`));
    const outputs = [`--python_out=${this.#generated}`, `--grpc_python_out=${this.#generated}`];
    const args = ['-m', 'grpc_tools.protoc', `-I${PROTO}`, ...outputs, ...files];
    const { status, stderr } = spawnSync(python, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`generating failed: ${stderr}`);
  }

  start(endpoint: string, ...act: string[]): PythonProgram {
    const args = [PROGRAM, this.#generated, endpoint, ...act];
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    const program = new PythonProgram(spawn(this.#python, args, { env, stdio: [...stdio] }));
    this.#running.add(program);
    return program;
  }

  async close(): Promise<void> {
    for (const { child } of this.#running) child.kill('SIGKILL');
    await Promise.all([...this.#running].map(({ ended }) => ended));
    rmSync(this.#generated, { recursive: true, force: true });
  }
}

export type Line = Readonly<Record<string, unknown>>;

export class PythonProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly lines: Line[] = [];
  #rest = '';
  #err = '';
  #wake: (() => void) | undefined;

  constructor(child: ChildProcess) {
    this.child = child;
    this.ended = new Promise((resolve) => void child.once('close', resolve));
    child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text;
    });
    child.once('close', () => this.#wake?.());
  }

  /** The first line, printed or to come, that fits. */
  async until(fits: (line: Line) => boolean): Promise<Line> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = this.lines.find(fits);
      if (found !== undefined) return found;
      const isOver = this.child.exitCode !== null || performance.now() > deadline;
      if (isOver) throw new Error(`not seen: ${JSON.stringify(this.lines)} ${this.#err}`);
      await this.#change();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 1_000);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) this.lines.push(JSON.parse(line) as Line);
    this.#wake?.();
  }
}
