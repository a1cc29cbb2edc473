import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { UsageError } from '../../../src/cli/errors.js';
import { writeEndpointFile } from '../../../src/cli/local/endpoint-file.js';
import { checkPortsFree, planMembers } from '../../../src/cli/local/ports.js';
import { Supervised, type SupervisedOptions } from '../../../src/cli/local/supervised.js';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Lines and exits of a program given as text, in the order of their coming. */
function supervise(program: string, options: Partial<SupervisedOptions> = {}) {
  const seen: string[] = [];
  const waiting: (() => void)[] = [];
  const see = (what: string) => {
    seen.push(what);
    for (const wake of waiting.splice(0)) wake();
  };
  const child = new Supervised({
    name: 'child',
    args: ['-e', program],
    onLine: see,
    onExit: (how, delayMs) => see(`${how} ${delayMs}`),
    ...options,
  });
  onTestFinished(() => child.stop('SIGKILL'));
  const count = async (n: number) => {
    while (seen.length < n) await new Promise<void>((wake) => waiting.push(wake));
    return seen;
  };
  return { child, count };
}

test('members of a local cluster are ten ports apart', () => {
  expect(planMembers(3, 8655).map((plan) => Object.values(plan).join())).toEqual([
    'r1,8655,8656,8657',
    'r2,8665,8666,8667',
    'r3,8675,8676,8677',
  ]);
});

/** A port that is taken while the others of its plan are free: tests beside this one take some too. */
async function portAloneInUse(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const others = planMembers(3, port - 11).flatMap((plan) => Object.values(plan));
    const isFree = await Promise.all(
      others.map((other) => other === port || typeof other !== 'number' || canListen(other)),
    );
    if (isFree.every(Boolean)) return port;
  }
}

async function canListen(port: number): Promise<boolean> {
  const probe = createServer();
  const settled = new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => resolve(true));
  });
  const isFree = await settled;
  probe.close();
  return isFree;
}

test('a port in use is named, with a base that is free', async () => {
  const port = await portAloneInUse();
  const error = await checkPortsFree(3, port - 11).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).message).toBe(`port ${port} is in use`);
  expect((error as UsageError).remedy).toMatch(/--base-port \d+$/);
});

test('the endpoint file goes with its writer', () => {
  const folder = temporaryFolder();
  const path = join(folder, '.rollcall', 'endpoint');
  const file = writeEndpointFile(folder, '127.0.0.1:8655');
  expect(readFileSync(path, 'utf8')).toBe('127.0.0.1:8655\n');
  file.remove();
  expect(existsSync(join(folder, '.rollcall'))).toBe(false);
});

test('an endpoint file that another cluster wrote since stays', () => {
  const folder = temporaryFolder();
  const path = join(folder, '.rollcall', 'endpoint');
  const file = writeEndpointFile(folder, '127.0.0.1:8655');
  writeFileSync(path, '127.0.0.1:9000\n');
  file.remove();
  expect(readFileSync(path, 'utf8')).toBe('127.0.0.1:9000\n');
});

test('a child that dies is started again, later each time', async () => {
  const { child, count } = supervise('process.exit(7)');
  child.start();
  expect((await count(3)).slice(0, 3)).toEqual(['exit 7 250', 'exit 7 500', 'exit 7 1000']);
});

test('a child that was told to stop stays stopped', async () => {
  const { child, count } = supervise('console.log("up"); setInterval(() => {}, 1000)');
  child.start();
  await count(1);
  await child.stop();
  expect(await count(2)).toEqual(['up', 'SIGTERM undefined']);
  child.start();
  expect(child.pid).toBeUndefined();
});

test('a child sees its input end when the supervisor is killed', async () => {
  const folder = temporaryFolder();
  const marker = join(folder, 'ended');
  const waits = `process.stdin.resume().on('close', () =>
    require('fs').writeFileSync(${JSON.stringify(marker)}, 'yes')); console.log('up')`;
  const parent = spawn(process.execPath, [
    '-e',
    `const child = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(waits)}],
      { stdio: ['pipe', 'inherit', 'inherit'], detached: true });`,
  ]);
  onTestFinished(() => void parent.kill('SIGKILL'));
  await once(parent.stdout, 'data');
  const closed = once(parent.stdout, 'end');
  parent.stdout.resume();
  parent.kill('SIGKILL');
  await closed;
  expect(readFileSync(marker, 'utf8')).toBe('yes');
});
