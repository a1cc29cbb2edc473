/**
 * Goal: `serve` and `dev` as a person meets them, and what they leave behind, which is nothing. The
 * built command, real processes, free ports.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freeBasePort, TestCluster } from '../support/cluster.js';
import { Process } from '../support/processes.js';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-e2e-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Its temporary folders are below `cwd`, so that what is left of them can be seen. */
function start(cwd: string, ...args: string[]): Process {
  const started = new Process(args, { ...process.env, TMPDIR: cwd, NO_COLOR: '1' }, { cwd });
  onTestFinished(async () => {
    started.kill('SIGKILL');
    await started.ended;
  });
  return started;
}

const readyLine = ({ lines }: Process) => lines.find((line) => line.startsWith('ready  '));

async function answers(httpAddress: string): Promise<boolean> {
  return fetch(`http://${httpAddress}/livez`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

test('dev is ready, tells where, and leaves nothing behind', async () => {
  const folder = temporaryFolder();
  const base = await freeBasePort();
  const dev = start(folder, 'dev', '--base-port', String(base));
  const line = await dev.until(readyLine);
  const endpoints = [base, base + 10, base + 20].map((port) => `127.0.0.1:${port}`).join();
  expect(line).toMatch(new RegExp(`^ready  ${endpoints}  in \\d+\\.\\d s$`));
  expect(readFileSync(join(folder, '.rollcall', 'endpoint'), 'utf8').trim()).toBe(endpoints);
  dev.kill('SIGINT');
  expect((await dev.ended).code).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
  for (const port of [base, base + 10, base + 20]) {
    expect(await answers(`127.0.0.1:${port + 2}`)).toBe(false);
  }
}, 40_000);

test('dev that is interrupted before it is ready ends at once, not when it would have given up', async () => {
  const folder = temporaryFolder();
  const dev = start(folder, 'dev', '--base-port', String(await freeBasePort()));
  await dev.until(({ lines }) => lines[0]);
  dev.kill('SIGINT');
  const begin = performance.now();
  expect((await dev.ended).code).toBe(0);
  expect(performance.now() - begin).toBeLessThan(12_000);
  expect(readdirSync(folder)).toEqual([]);
}, 40_000);

test('members do not outlive a supervisor that is killed', async () => {
  const folder = temporaryFolder();
  const base = await freeBasePort();
  const dev = start(folder, 'dev', '--members', '1', '--base-port', String(base));
  await dev.until(readyLine);
  expect(await answers(`127.0.0.1:${base + 2}`)).toBe(true);
  dev.kill('SIGKILL');
  await until(async () => !(await answers(`127.0.0.1:${base + 2}`)), 'the member ends');
}, 40_000);

test('a named folder is kept, and the cluster comes back from it', async () => {
  const folder = temporaryFolder();
  const base = String(await freeBasePort());
  for (let i = 0; i < 2; i++) {
    const dev = start(folder, 'dev', '--members', '1', '--base-port', base, '--data', 'kept');
    await dev.until(readyLine);
    dev.kill('SIGTERM');
    expect((await dev.ended).code).toBe(0);
    expect(existsSync(join(folder, 'kept', 'r1'))).toBe(true);
  }
}, 40_000);

test('a port in use is named, with the next base that is free', async () => {
  const folder = temporaryFolder();
  const base = await freeBasePort();
  const other = createServer().listen(base + 11, '127.0.0.1');
  onTestFinished(() => void other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const { code, err } = await start(folder, 'dev', '--base-port', String(base)).ended;
  expect(code).toBe(2);
  expect(err).toContain(`port ${base + 11} is in use`);
  expect(err).toMatch(/--base-port \d+/);
  expect(existsSync(join(folder, '.rollcall'))).toBe(false);
}, 20_000);

test('serve refuses flags that cannot work, saying each problem', async () => {
  const folder = temporaryFolder();
  const flags = ['--name', 'r1', '--data', 'd', '--initial-members', 'r2=a:1', '--listen', '::'];
  const { code, err } = await start(folder, 'serve', ...flags).ended;
  expect(code).toBe(2);
  expect(err).toContain('--initial-members must contain r1');
  expect(existsSync(join(folder, 'd'))).toBe(false);
}, 20_000);

test('a member ends well on SIGTERM, even while it waits for the other founders', async () => {
  const cluster = await TestCluster.create({ members: 3 });
  cluster.start('r1');
  await until(() => existsSync(cluster.member('r1').dataDir), 'r1 writes');
  expect(await cluster.stop('r1')).toEqual({ code: 0, signal: null });
}, 20_000);

test('a cluster survives the loss of any one member, and takes it back', async () => {
  const cluster = await TestCluster.start();
  const leader = await cluster.untilLeader();
  await cluster.kill(leader);
  expect(await cluster.untilLeader()).not.toBe(leader);
  cluster.start(leader);
  await cluster.untilReady(leader);
}, 60_000);
