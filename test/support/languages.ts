/**
 * The programs of docs/without-sdk.md, generated, built and run as a reader would, in the languages that
 * this machine has.
 */
import { type ChildProcess, type SpawnSyncOptions, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PATIENCE_MS = 30_000;
/** Where Debian keeps libraries. */
const GO_LIBRARIES = '/usr/share/gocode';
const JARS = '/usr/share/java';
const JAVA_LIBRARIES = [
  'grpc-api grpc-context grpc-core grpc-netty grpc-protobuf grpc-protobuf-lite grpc-stub',
  'netty-buffer netty-codec netty-codec-http netty-codec-http2 netty-codec-socks netty-common',
  'netty-handler netty-handler-proxy netty-resolver netty-transport netty-tcnative',
  'netty-transport-native-epoll netty-transport-native-unix-common',
  'protobuf guava perfmark-api opencensus-api gson geronimo-annotation-1.3-spec',
]
  .join(' ')
  .split(' ');

interface Block {
  readonly language: string;
  readonly text: string;
}

export function blocksOf(document: string): readonly Block[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((found) => ({
    language: found[1]!,
    text: found[2]!,
  }));
}

/** The program whose first line names the file. */
export function programOf(blocks: readonly Block[], file: string): string {
  const found = blocks.find(({ text }) => /^(?:#|\/\/) (\S+):/.exec(text)?.[1] === file);
  if (found === undefined) throw new Error(`no program ${file} in the document`);
  return found.text;
}

/** The lines after `$` of the console block that holds `part`. */
export function commandOf(blocks: readonly Block[], part: string): string {
  const block = blocks.find(({ language, text }) => language === 'console' && text.includes(part));
  if (block === undefined) throw new Error(`no command with ${part} in the document`);
  const lines = block.text.split('\n').filter((line) => line.startsWith('$ '));
  return lines
    .map((line) => line.slice(2))
    .filter((line) => !line.startsWith('pip '))
    .join('\n');
}

/** A folder with the protos in it, as the document's commands expect. */
export function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-languages-'));
  spawnSync('cp', ['-r', join(ROOT, 'proto'), folder]);
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export function write(folder: string, file: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), text);
}

/** Fails with what the command said. */
export function must(command: string, options: SpawnSyncOptions): void {
  const { status, stderr, error } = spawnSync('bash', ['-c', command], {
    ...options,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command}\nfailed: ${error?.message ?? stderr}`);
}

const has = (command: string): boolean =>
  spawnSync('bash', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;

/** What is missing for Go; undefined when nothing is. */
export function missingForGo(): string | undefined {
  const commands = ['go', 'protoc', 'protoc-gen-go', 'protoc-gen-go-grpc'].filter((it) => !has(it));
  // The last is there from version 1.4 on, which the generated code needs.
  const libraries = ['google.golang.org/grpc', 'github.com/golang/protobuf/proto/wire.go']
    .map((name) => join(GO_LIBRARIES, 'src', name))
    .filter((path) => !existsSync(path));
  const missing = [...commands, ...libraries];
  return missing.length === 0 ? undefined : missing.join(', ');
}

export function goEnvironment(path: string): NodeJS.ProcessEnv {
  return { ...process.env, GO111MODULE: 'off', GOPATH: `${path}:${GO_LIBRARIES}` };
}

/** What is missing for Java; undefined when nothing is. */
export function missingForJava(): string | undefined {
  const commands = ['javac', 'protoc', 'grpc_java_plugin'].filter((it) => !has(it));
  const jars = JAVA_LIBRARIES.map((name) => `${name}.jar`).filter(
    (name) => !existsSync(join(JARS, name)),
  );
  const missing = [...commands, ...jars];
  return missing.length === 0 ? undefined : missing.join(', ');
}

export const JAVA_CLASS_PATH = [
  '.',
  ...JAVA_LIBRARIES.map((name) => join(JARS, `${name}.jar`)),
].join(':');

/** A running program whose output can be waited for. */
export class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  #out = '';
  #err = '';
  readonly #waiting = new Set<() => void>();

  constructor(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env) {
    const [file, ...args] = command as [string, ...string[]];
    this.child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = new Promise((resolve) => void this.child.once('close', resolve));
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
      this.#wake();
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text;
    });
    this.child.once('close', () => this.#wake());
  }

  get lines(): readonly string[] {
    return this.#out.split('\n').slice(0, -1);
  }

  get complaints(): string {
    return this.#err;
  }

  /** The first line after the `from`th that fits. */
  async until(pattern: RegExp, from = 0): Promise<string> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = this.lines.slice(from).find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (this.child.exitCode !== null || performance.now() > deadline) {
        throw new Error(`${pattern} not seen:\n${this.#out}\n${this.#err}`);
      }
      await this.#change();
    }
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, 1_000);
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    for (const done of this.#waiting) done();
  }
}
