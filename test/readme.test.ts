/**
 * Every block of the README is run, as a reader would run it, with other ports. A block in a language
 * that is not run here fails the test: what nobody runs is soon untrue.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freeBasePort, freePorts, MAIN } from './support/cluster.js';
import { Process } from './support/processes.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const run = promisify(execFile);

const BLOCKS = [...README.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
  language: language!,
  text: text!,
}));

/** The one block of that language that contains the text. */
function blockWith(language: string, part: string): string {
  const found = BLOCKS.filter((block) => block.language === language && block.text.includes(part));
  expect(found).toHaveLength(1);
  return found[0]!.text;
}

const DEMO = blockWith('console', '$ npm start');
const REGISTER = blockWith('js', 'register(');
const DISCOVER = blockWith('js', 'discover(');
const STUBS = blockWith('console', 'grpc_tools');
const PYTHON = blockWith('python', 'Hold');
const SERVE = blockWith('sh', 'rollcall serve');

let folder: string;
let demo: Process;
let basePort: number;
const environment: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1' };
delete environment.ROLLCALL_ENDPOINTS;

/** A command of the package, in the folder of the demonstration, without its endpoints being named. */
function rollcall(...args: string[]): Process {
  const started = new Process(args, environment, { cwd: folder });
  onTestFinished(async () => {
    started.kill('SIGTERM');
    await started.ended;
  });
  return started;
}

/** The `npx rollcall …` lines that the demonstration proposes. */
const proposals = [...DEMO.matchAll(/^ {2}npx rollcall (.*)$/gm)].map(([, line]) => line!);

/** The first piece of output that fits. */
function seen(child: ChildProcess, pattern: RegExp): Promise<string> {
  let output = '';
  return new Promise((resolve, reject) => {
    const look = (text: string) => {
      output += text;
      const found = pattern.exec(output);
      if (found) resolve(found[0]);
    };
    child.stdout!.setEncoding('utf8').on('data', look);
    child.stderr!.setEncoding('utf8').on('data', look);
    child.once('exit', () => reject(new Error(`${pattern} not seen in:\n${output}`)));
  });
}

function startProgram(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { cwd: folder, env: environment });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

function startModule(name: string, text: string): ChildProcess {
  writeFileSync(join(folder, name), text);
  return startProgram(process.execPath, [name]);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-readme-'));
  writeFileSync(join(folder, 'package.json'), '{}');
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'rollcall'));
  symlinkSync(join(ROOT, 'node_modules', 'express'), join(folder, 'node_modules', 'express'));
  basePort = await freeBasePort();
  const args = ['demo', '--base-port', String(basePort)];
  demo = new Process(args, environment, { cwd: folder, withInput: true });
  await demo.until(({ lines }) => lines.find((line) => line.startsWith('ready  ')));
}, 60_000);

afterAll(async () => {
  demo.kill('SIGTERM');
  const { code } = await demo.ended;
  const left = existsSync(join(folder, '.rollcall'));
  rmSync(folder, { recursive: true, force: true });
  expect({ code, left }).toEqual({ code: 0, left: false });
}, 30_000);

test('every block is of a kind that is run here', () => {
  expect(BLOCKS.map(({ language }) => language).sort()).toEqual(
    ['console', 'console', 'js', 'js', 'python', 'sh'].sort(),
  );
  expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts.start).toBe(
    'node dist/cli/main.js demo',
  );
});

describe('the demonstration', () => {
  test('says what the README shows', async () => {
    const title = DEMO.split('\n').find((line) => line.startsWith('Rollcall demo'));
    expect(demo.lines).toContain(title);
    for (const id of ['red', 'green', 'blue']) {
      const joined = new RegExp(
        `^[\\d:]{8} join   web/${id}\\s+127\\.0\\.0\\.1:\\d+\\s+rev \\d+(  caller told in \\d+ ms)?$`,
      );
      await demo.until(({ lines }) => lines.find((line) => joined.test(line)));
    }
  }, 30_000);

  test('stops a server by s: it drains, leaves, comes back, and no request fails', async () => {
    demo.child.stdin!.write('s');
    for (const what of ['change web/blue  DRAINING', 'leave  web/blue  closed']) {
      const line = await demo.until(({ lines }) => lines.find((text) => text.includes(what)));
      expect(line).toMatch(/rev \d+( {2}caller told in \d+ ms)?$/);
    }
    const joins = ({ lines }: Process) => lines.filter((line) => line.includes('join   web/blue'));
    await demo.until((process) => joins(process)[1]);
  }, 30_000);

  test('kills the leader by k: writes pause shortly, and no request fails', async () => {
    demo.child.stdin!.write('k');
    const pattern = /leader r\d +writes paused (\d+) ms, (\d+) requests of the caller failed/;
    const line = await demo.until(({ lines }) => lines.find((text) => pattern.test(text)));
    const [, gapMs, failed] = pattern.exec(line)!;
    expect(Number(failed)).toBe(0);
    expect(Number(gapMs)).toBeLessThan(5_000);
  }, 40_000);
});

describe('beside it, in the same folder', () => {
  test('what it proposes works', async () => {
    const [status, watch, register] = proposals.map((line) => line.split(' '));
    expect((await rollcall(...status!).ended).out).toContain('quorum    yes');
    const watching = rollcall(...watch!);
    // What is there already is shown as a snapshot; the join must come after it.
    await watching.until(({ lines }) => lines.find((line) => line.trim() !== ''));
    const [port] = await freePorts(1);
    rollcall(...register!.map((word) => (word === '8000' ? String(port) : word)));
    const joined = await watching.until(({ lines }) =>
      lines.find((line) => line.includes('join') && line.includes(String(port))),
    );
    expect(joined).toBeDefined();
  }, 40_000);

  test('a server registers itself, and a caller finds it', async () => {
    const server = startModule('register.mjs', REGISTER);
    expect(await seen(server, /^.*REGISTERED.*$/m)).toMatch(/^\S+-\d+ REGISTERED http:\/\/\S+$/);
    const caller = startModule('discover.mjs', DISCOVER);
    expect(await seen(caller, /^hi$/m)).toBe('hi');
  }, 40_000);

  test('one call in Python registers', async (context) => {
    const python = await findPython();
    if (python === undefined) return context.skip('no Python with grpcio and grpcio-tools');
    const [, module, ...rest] = STUBS.replace('$ python3', '').trim().split(/\s+/);
    const protos = rest.map((word) => word.replace(/^proto/, join(ROOT, 'proto')));
    const files = ['catalog', 'errors', 'tree', 'sessions', 'cluster'].map((name) =>
      protos.at(-1)!.replace('*', name),
    );
    await run(python, ['-m', module!, ...protos.slice(0, -1), ...files], { cwd: folder });
    writeFileSync(join(folder, 'hold.py'), PYTHON.replace(':8655', `:${basePort}`));
    const child = startProgram(python, ['-u', 'hold.py']);
    expect(await seen(child, /^127\.0\.0\.1-8000 .*\n/m)).toMatch(/^127\.0\.0\.1-8000 2 \d+\n$/);
  }, 40_000);
});

test('the command for several machines is one that a member takes', async () => {
  const ports = await freePorts(5);
  const words = SERVE.replace(/\\\n/g, ' ').trim().split(/\s+/);
  const args = words.slice(1).map((word) =>
    word
      .replace('/var/lib/rollcall', join(folder, 'serve'))
      .replace(/10\.0\.0\.(\d):8656/g, (_, n) => `127.0.0.1:${ports[Number(n)]}`)
      .replace('10.0.0.1', '0.0.0.0'),
  );
  const free = ['--client-port', String(ports[0]), '--http-port', String(ports[4])];
  const member = rollcall(...args, ...free);
  await member.until(({ err }) => (err.includes('controls it') ? true : undefined));
  member.kill('SIGTERM');
  expect((await member.ended).code).toBe(0);
}, 30_000);

test('the built command is the one that npx finds', async () => {
  const linked = join(ROOT, 'node_modules', '.bin', 'rollcall');
  const { stdout } = await run(linked, ['--version']);
  const direct = await run(process.execPath, [MAIN, '--version']);
  expect(stdout).toBe(direct.stdout);
});

/** A system may have several, of which one has the packages. */
async function findPython(): Promise<string | undefined> {
  for (const python of ['python3', '/usr/bin/python3']) {
    const has = await run(python, ['-c', 'import grpc, grpc_tools']).then(
      () => true,
      () => false,
    );
    if (has) return python;
  }
  return undefined;
}
