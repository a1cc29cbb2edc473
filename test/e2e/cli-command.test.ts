/**
 * Goal: a wrapped command and its instance live and end together, and the commands around them
 * (wait, url, call, status, members) say the truth with fitting exit codes.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { MAIN, TestCluster } from '../support/cluster.js';
import { type Process, Processes } from '../support/processes.js';

const processes = new Processes();
const SERVER = `
  const server = require('node:http').createServer((request, response) => {
    response.statusCode = request.url === '/missing' ? 404 : 200;
    response.end(process.pid + ' ' + request.url);
  });
  process.on('SIGTERM', () => setTimeout(() => process.exit(3), 100));
  setTimeout(() => server.listen(Number(process.env.PORT), '127.0.0.1'), 300);`;

let closeCluster: () => Promise<void>;
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await TestCluster.start({ onEnd: (close) => (closeCluster = close) });
  processes.endpoints = cluster.endpoints;
}, 40_000);

afterAll(async () => {
  await processes.stopAll();
  await closeCluster();
});

async function linesWith(watch: Process, text: string): Promise<string> {
  return watch.until(({ lines }) => lines.find((line) => line.includes(text)));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a wrapped command', () => {
  it('is STARTING, UP, DRAINING and gone, and its exit code is ours', async () => {
    const watch = processes.start('watch', 'app');
    await linesWith(watch, 'roll');
    const registrar = processes.start('register', 'app', '--id', 'x', '--', 'node', '-e', SERVER);
    await linesWith(watch, 'STARTING');
    expect((await processes.run('wait', 'app', '--timeout', '10s')).code).toBe(0);
    await linesWith(watch, ' UP');
    registrar.kill('SIGTERM');
    expect((await registrar.ended).code).toBe(3);
    await linesWith(watch, 'DRAINING');
    await linesWith(watch, 'closed');
    const types = watch.lines.map((line) => line.split(/ +/)[1]);
    expect(types).toEqual(['roll', 'join', 'change', 'change', 'leave']);
  }, 30_000);

  it('ends when its registrar is killed', async () => {
    const script = 'echo pid $$; exec sleep 600';
    const registrar = processes.start('register', 'tmp', '--', 'sh', '-c', script);
    const line = await linesWith(registrar, 'pid ');
    const pid = Number(line.split(' ')[1]);
    expect(isAlive(pid)).toBe(true);
    registrar.kill('SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 4_000 }).toBe(false);
  }, 20_000);

  it('that ends by itself takes its instance along at once', async () => {
    const { code, out } = await processes.run(
      'register',
      'short',
      '--',
      'sh',
      '-c',
      'echo hi; exit 9',
    );
    expect(code).toBe(9);
    expect(out).toBe('hi\n');
    expect((await processes.run('instances', 'short', '-o', 'json')).out).toBe('[]\n');
  }, 20_000);
});

describe('output', () => {
  it('that cannot be written fails the command in words, not with a stack', () => {
    const line = `'${process.execPath}' '${MAIN}' completion bash >/dev/full`;
    const { status, stderr } = spawnSync('/bin/sh', ['-c', line], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('the result cannot be written: ENOSPC');
    expect(stderr).not.toContain('    at ');
  });

  it('names the endpoint that the file of a local cluster gave, when nobody answers there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, '.rollcall'));
    writeFileSync(join(folder, '.rollcall', 'endpoint'), '127.0.0.1:1,127.0.0.1:2\n');
    const env = { ...process.env, ROLLCALL_ENDPOINTS: '' };
    const options = { cwd: folder, env, encoding: 'utf8' } as const;
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'services'], options);
    expect(status).toBe(3);
    expect(stderr).toContain('no member answers at 127.0.0.1:1, 127.0.0.1:2\n');
  });

  it('about the run that nobody reads ends no wrapped command', async () => {
    const registrar = processes.start('register', 'unheard', '--', 'node', '-e', SERVER);
    registrar.child.stderr!.destroy();
    const wait = await processes.run('wait', 'unheard', '--timeout', '10s');
    expect(wait.code).toBe(0);
    registrar.kill('SIGTERM');
    expect((await registrar.ended).code).toBe(3);
  }, 30_000);
});

describe('callers', () => {
  it('get a URL and an answer, and an exit code that fits', async () => {
    const registrar = processes.start('register', 'api', '--', 'node', '-e', SERVER);
    expect((await processes.run('wait', 'api', '--min', '1', '--timeout', '10s')).code).toBe(0);
    expect((await processes.run('url', 'api')).out).toMatch(/^http:\/\/127\.0\.0\.1:\d+\n$/);
    const good = await processes.run('call', 'api', '/path?q=1');
    expect(good).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+ \/path\?q=1$/) });
    expect((await processes.run('call', 'api', '/missing')).code).toBe(1);
    const gone = processes.start('wait', 'api', '--for', 'gone', '--timeout', '10s');
    await gone.until(({ err }) => (err.includes('1 still there') ? true : undefined));
    registrar.kill('SIGTERM');
    await registrar.ended;
    expect((await gone.ended).code).toBe(0);
  }, 30_000);

  it('are told when nobody is there', async () => {
    const url = await processes.run('url', 'nobody');
    expect(url.code).toBe(1);
    expect(url.err).toContain('NO_INSTANCE');
    const wait = await processes.run('wait', 'nobody', '--timeout', '300ms');
    expect(wait.code).toBe(124);
    expect(wait.err).toContain('0 of 1');
  }, 20_000);
});

describe('waiting and looking', () => {
  it('is for one instance, there or gone, and near names are told', async () => {
    const words = ['register', 'store', '--id', 'one', '--port', '80', '--static'];
    expect((await processes.run(...words)).code).toBe(0);
    const one = ['wait', 'store', '--id', 'one', '--timeout', '300ms'];
    expect((await processes.run(...one)).code).toBe(0);
    const stays = await processes.run(...one, '--for', 'gone');
    expect(stays).toMatchObject({ code: 124, err: expect.stringContaining('one is UP') });
    const other = ['wait', 'store', '--id', 'two', '--for', 'gone', '--timeout', '10s'];
    expect((await processes.run(...other)).code).toBe(0);
    for (const command of ['instances', 'url', 'call']) {
      expect((await processes.run(command, 'stoer')).err).toContain('did you mean store');
    }
  }, 40_000);
});

describe('the cluster', () => {
  it('lists its members, one of them leading', async () => {
    const { code, out } = await processes.run('members', '-o', 'json');
    const rows = JSON.parse(out) as { role: string; pid: number }[];
    expect(code).toBe(0);
    expect(rows.map(({ pid }) => pid).sort()).toEqual(cluster.members.map(({ pid }) => pid).sort());
    expect(rows.filter(({ role }) => role === 'leader')).toHaveLength(1);
  }, 20_000);

  it('has a quorum until two of three are gone, and then says so', async () => {
    expect((await processes.run('status')).code).toBe(0);
    await cluster.kill('r1');
    await cluster.kill('r2');
    await sleep(2_000);
    const { code, err } = await processes.run('status');
    expect(code).toBe(3);
    expect(err).toContain('quorum');
    const services = await processes.run('services');
    expect(services.code).toBe(3);
    expect(services.err).toContain('NO_QUORUM');
  }, 30_000);

  it('that is not there is named, with what to do', async () => {
    const { code, err } = await processes.run('members', '--endpoints', '127.0.0.1:1');
    expect(code).toBe(3);
    expect(err).toContain('no member answers at 127.0.0.1:1');
    expect(err).toContain('rollcall dev');
  }, 20_000);
});
