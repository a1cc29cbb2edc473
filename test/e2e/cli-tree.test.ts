/**
 * Goal: the commands of the tree against a real cluster: data byte for byte, every kind of node, subtrees of
 * any size removed, changes as they happen, bounds and access lists in the way of who they should stop.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/client/index.js';
import { MAIN, TestCluster } from '../support/cluster.js';
import { until } from '../support/drill.js';
import { type Ended, Process, Processes } from '../support/processes.js';

const processes = new Processes();
let closeCluster: () => Promise<void>;

beforeAll(async () => {
  const cluster = await TestCluster.start({ members: 1, onEnd: (close) => (closeCluster = close) });
  processes.endpoints = cluster.endpoints;
}, 40_000);

afterAll(async () => {
  await processes.stopAll();
  await closeCluster();
});

const tree = (...args: string[]): Promise<Ended> => processes.run('tree', ...args);

async function lines(...args: string[]): Promise<string[]> {
  const { code, out, err } = await tree(...args);
  expect(err).toBe('');
  expect(code).toBe(0);
  return out.split('\n').slice(0, -1);
}

function temporaryFile(data: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-tree-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'data');
  writeFileSync(file, data);
  return file;
}

describe('data', () => {
  it('goes in from a file and out to a pipe byte for byte', async () => {
    const data = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 256));
    const file = temporaryFile(data);
    await lines('set', '/binary', `@${file}`, '--create');
    const out = `${file}.out`;
    const script = `"$0" "$1" tree get /binary > ${out}`;
    const env = { ...process.env, ROLLCALL_ENDPOINTS: processes.endpoints.join(',') };
    execFileSync('/bin/sh', ['-c', script, process.execPath, MAIN], { env });
    expect(readFileSync(out).equals(data)).toBe(true);
    const { out: json } = await tree('get', '/binary', '-o', 'json');
    expect(JSON.parse(json)).toMatchObject({ encoding: 'base64', data: data.toString('base64') });
  }, 20_000);

  it('comes from standard input', async () => {
    const env = { ...process.env, ROLLCALL_ENDPOINTS: processes.endpoints.join(',') };
    const set = new Process(['tree', 'set', '/stamp', '-', '--create'], env, { withInput: true });
    set.child.stdin!.end('now\n');
    expect((await set.ended).code).toBe(0);
    expect((await tree('get', '/stamp')).out).toBe('now\n');
  }, 20_000);

  it('is replaced only at the version that was named', async () => {
    await lines('create', '/counter', '0');
    expect(await lines('set', '/counter', '1', '--version', '0')).toEqual([
      expect.stringMatching(/^\/counter version 1, revision \d+$/),
    ]);
    const { code, err } = await tree('set', '/counter', '2', '--version', '0');
    expect(code).toBe(1);
    expect(err).toContain('BAD_VERSION');
    expect((await tree('rm', '/counter', '--version', '0', '--dry-run')).code).toBe(1);
    await lines('rm', '/counter', '--version', '1');
  }, 20_000);
});

describe('nodes', () => {
  it('are created with their parents, in sequence, and listed', async () => {
    await lines('create', '/jobs/open/j-', 'x', '--sequential', '--parents');
    await lines('create', '/jobs/open/j-', '--sequential', '--', '-5');
    expect((await tree('get', '/jobs/open/j-0000000001')).out).toBe('-5');
    const names = ['j-0000000000', 'j-0000000001'];
    expect(await lines('ls', '/jobs/open')).toEqual(names);
    expect(await lines('ls', '-r', '/jobs')).toEqual([
      '/jobs',
      '/jobs/open',
      ...names.map((name) => `/jobs/open/${name}`),
    ]);
    const { out, err } = await tree('ls', '/jobs/open', '--limit', '1');
    expect(out).toBe('j-0000000000\n');
    expect(err).toContain('more than 1');
    const long = await lines('ls', '-l', '/jobs/open');
    expect(long[1]).toMatch(/^persistent +0 +1 +0 +\d+ +- +\S+ +j-0000000000$/);
  }, 20_000);

  it('that are ephemeral live as long as their command, whose exit code is ours', async () => {
    const script = 'sleep 2; exit 7';
    const holder = processes.start(
      'tree',
      'create',
      '/e',
      'x',
      '--ephemeral',
      '--',
      'sh',
      '-c',
      script,
    );
    await until(async () => (await tree('get', '/e')).out === 'x', 'it is there');
    const stat = await lines('get', '/e', '--stat');
    expect(stat.find((line) => line.startsWith('owner'))).toMatch(/session 0x/);
    expect((await holder.ended).code).toBe(7);
    expect((await tree('get', '/e')).err).toContain('no node /e');
  }, 20_000);

  it('that are ephemeral without a command live until Ctrl-C', async () => {
    const holder = processes.start('tree', 'create', '/until', '--ephemeral');
    await holder.until(({ lines: shown }) => shown.find((line) => line === '/until'));
    expect((await tree('get', '/until')).code).toBe(0);
    holder.kill('SIGINT');
    expect((await holder.ended).code).toBe(0);
    expect((await tree('get', '/until')).code).toBe(1);
  }, 20_000);

  it('that are lost while their command runs end it', async () => {
    const holder = processes.start('tree', 'create', '/held', '--ephemeral', '--', 'sleep', '60');
    await until(async () => (await tree('get', '/held')).code === 0, 'it is there');
    const { out } = await tree('get', '/held', '-o', 'json');
    const { owner } = (JSON.parse(out) as { stat: { owner: number } }).stat;
    await processes.run('session', 'revoke', String(owner), '--reason', 'drill');
    const { code, err } = await holder.ended;
    expect(code).toBe(1);
    expect(err).toContain('/held is gone: ');
  }, 30_000);

  it('that are not there are answered with what is near', async () => {
    expect((await tree('get', '/stmp')).err).toContain('no node /stmp; did you mean /stamp?');
    const { code, err } = await tree('ls', '/jops/open');
    expect(code).toBe(1);
    expect(err).toContain("no node /jops/open: / has no 'jops'; did you mean /jobs?");
  }, 20_000);
});

describe('removing', () => {
  it('a subtree says first what would go, then goes at one revision', async () => {
    await lines('create', '/old/a/b', 'data', '--parents');
    expect(await lines('rm', '-r', '/old', '--dry-run')).toEqual([
      '/old would be removed: 3 nodes, 4 B',
    ]);
    expect((await tree('rm', '/old')).err).toContain('-r');
    expect(await lines('rm', '-r', '/old')).toEqual([
      expect.stringMatching(/^\/old removed, 3 nodes, revision \d+$/),
    ]);
    expect((await tree('ls', '/old')).code).toBe(1);
  }, 20_000);

  it('more than one change takes goes in pieces, from below, and says so', async () => {
    await using client = connect(processes.endpoints);
    await client.create('/large');
    for (let folder = 0; folder < 11; folder++) {
      await client.transact((t) => {
        t.create(`/large/${folder}`);
        for (let i = 0; i < 1_000; i++) t.create(`/large/${folder}/${i}`);
      });
    }
    const { code, out, err } = await tree('rm', '-r', '/large');
    expect(code).toBe(0);
    expect(err).toContain('in pieces, from below');
    expect(out).toMatch(/^\/large removed, 11012 nodes in \d+ changes, revision \d+\n$/);
    expect(await client.get('/large')).toBeUndefined();
  }, 60_000);
});

describe('watching', () => {
  it('shows what is there, then each change with its data and revision', async () => {
    await lines('create', '/watched', 'one');
    const watch = processes.start('tree', 'watch', '/watched', '--scope', 'subtree', '-o', 'json');
    const rows = () => watch.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const seen = (type: string) => watch.until(() => rows().find((row) => row.type === type));
    expect(await seen('snapshot')).toMatchObject({ nodes: [{ path: '/watched', data: 'one' }] });
    await lines('set', '/watched', 'two');
    const changed = await seen('changed');
    expect(changed).toMatchObject({ path: '/watched', data: 'two', cause: 'client' });
    await lines('create', '/watched/child');
    expect(await seen('created')).toMatchObject({ path: '/watched/child' });
    await lines('rm', '-r', '/watched');
    await seen('deleted');
    const from = String(Number(changed.revision) - 1);
    const again = processes.start('tree', 'watch', '/watched', '--from', from);
    await again.until(({ lines: shown }) =>
      shown.find((line) => line.includes('changed  /watched')),
    );
    await again.until(({ lines: shown }) => shown.find((line) => line.includes('deleted')));
  }, 30_000);
});

describe('bounds', () => {
  it('of a subtree are set, shown where the bytes are, in the way, and lifted', async () => {
    await lines('create', '/team/a', 'x'.repeat(2048), '--parents');
    const set = await lines('quota', '/team', '--nodes', '3', '--bytes', '4K');
    expect(set[0]).toMatch(/^\/team quota set, revision \d+: 2 of 3 nodes, 2\.0 KiB of 4\.0 KiB$/);
    const over = await tree('set', '/team/a', 'y'.repeat(5000));
    expect(over.code).toBe(1);
    expect(over.err).toContain('QUOTA_EXCEEDED');
    const { out } = await tree('du', '/', '-o', 'json');
    const usage = JSON.parse(out) as {
      path: string;
      nodes: number;
      bytes: number;
      quota: unknown;
    }[];
    expect(usage.find(({ path }) => path === '/team')).toMatchObject({ nodes: 2, bytes: 2048 });
    expect(usage.find(({ path }) => path === '/team')!.quota).toMatchObject({ nodesMax: 3 });
    expect((await lines('du', '/team/a')).at(-1)).toContain('within the quota of /team');
    await lines('quota', '/team', '--lift');
    await lines('set', '/team/a', 'y'.repeat(5000));
  }, 30_000);

  it('of an access list stop who is not on it', async () => {
    await lines('create', '/closed', 'x', '--acl', 'world:anyone:ra');
    expect(await lines('acl', '/closed')).toEqual(['world:anyone:ra']);
    expect((await tree('set', '/closed', 'y')).err).toContain('DENIED');
    const set = await lines('acl', '/closed', '--set', 'world:anyone:cdrwa', '--version', '0');
    expect(set[0]).toMatch(/^\/closed access list version 1, revision \d+$/);
    await lines('set', '/closed', 'y');
    expect(await lines('acl', '/stamp')).toEqual(['world:anyone:cdrwa']);
  }, 30_000);
});
