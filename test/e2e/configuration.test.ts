/**
 * Goal: a member's configuration can be looked at without starting it, a good one starts it, and nonsense
 * ends it at once with the reason and a code of its own.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/client/index.js';
import { freeBasePort, freePorts } from '../support/cluster.js';
import { Process } from '../support/processes.js';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-configuration-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

function start(args: readonly string[], variables: Record<string, string> = {}): Process {
  const environment = { ...process.env, NO_COLOR: '1', ...variables };
  const started = new Process(args, environment, { cwd: folder });
  onTestFinished(async () => {
    started.kill('SIGKILL');
    await started.ended;
  });
  return started;
}

const data = join(folder, 'r1');
const MEMBERS = ['initial-members:', '  r1: 127.0.0.1:9656'];
const GOOD = ['name: r1', `data: ${data}`, ...MEMBERS];

test('a check prints every value with its source, as a table or for programs', async () => {
  const path = file('good.yaml', [...GOOD, 'http-port: 9657']);
  const { code, out } = await start(['config', 'check', path], { ROLLCALL_CLIENT_PORT: '9655' })
    .ended;
  expect(code).toBe(0);
  expect(out).toMatch(/^name +r1 +\S+good\.yaml:1$/m);
  expect(out).toMatch(/^initial-members +r1=127\.0\.0\.1:9656 +\S+good\.yaml:3$/m);
  expect(out).toMatch(/^client-port +9655 +ROLLCALL_CLIENT_PORT$/m);
  expect(out).toMatch(/^peer-port +9656 +initial-members$/m);
  expect(out).toMatch(/^log-level +info +default$/m);
  const json = await start(['config', 'check', '--config', path, '-o', 'json']).ended;
  expect(JSON.parse(json.out)).toContainEqual({
    setting: 'initial-members',
    value: { r1: '127.0.0.1:9656' },
    source: `${path}:3`,
  });
  const yaml = await start(['config', 'check', path, '-o', 'yaml', '--name', 'r1']).ended;
  expect(yaml.out).toContain('- setting: name\n  value: r1\n  source: --name\n');
});

test('a check tells all problems at once and ends with 1; serve refuses with 2', async () => {
  const lines = ['nmae: r1', 'client-port: -1', 'listen: 0.0.0.0', ...MEMBERS];
  const path = file('bad.yaml', lines);
  const check = await start(['config', 'check', path]).ended;
  expect(check.code).toBe(1);
  const serve = await start(['serve', '--config', path]).ended;
  expect(serve.code).toBe(2);
  for (const { err } of [check, serve]) {
    expect(err).toContain(`${path}:1: nmae is not a setting; did you mean name?`);
    expect(err).toContain(`${path}:2: client-port must be a port from 1 to 65535, not -1`);
    expect(err).toContain('--name is required');
    expect(err).toContain('--data is required');
    expect(err).not.toMatch(/^\s+at /m);
  }
});

test.each([
  ['below a file', () => join(file('file', []), 'data'), 'is not a folder'],
  ['in a folder that nobody can write to', () => '/proc/rollcall', '/proc/rollcall'],
])('data %s: serve ends with 1, and says so', async (_where, place, problem) => {
  const path = file('place.yaml', ['name: r1', `data: ${place()}`, ...MEMBERS]);
  const { code, err } = await start(['serve', '--config', path]).ended;
  expect(code).toBe(1);
  expect(err).toContain(problem);
  expect(err).not.toMatch(/^\s+at /m);
});

test('a member serves from its file', async () => {
  const [client, peer, http] = await freePorts(3);
  const path = file('serve.yaml', [
    'name: r1',
    `data: ${data}`,
    `initial-members: {r1: "127.0.0.1:${peer}"}`,
    `client-port: ${client}`,
    `http-port: ${http}`,
    'log-level: warn',
  ]);
  start(['serve'], { ROLLCALL_CONFIG: path });
  const roll = connect(`127.0.0.1:${client}`);
  onTestFinished(() => roll.close());
  expect((await roll.get('/', { timeoutMs: 15_000 }))?.path).toBe('/');
}, 30_000);

test('settings meant for a member do not reach the members of a local cluster', async () => {
  const base = await freeBasePort();
  const variables = {
    ROLLCALL_CONFIG: file('none.yaml', ['nmae: r1']),
    ROLLCALL_LISTEN: 'nowhere',
  };
  const args = ['dev', '--members', '1', '--base-port', String(base), '--for', '20s'];
  const dev = start(args, { ...variables, TMPDIR: folder });
  const ready = await dev.until(({ lines }) => lines.find((line) => line.startsWith('ready  ')));
  expect(ready).toContain(`127.0.0.1:${base}`);
  dev.kill('SIGINT');
  expect((await dev.ended).code).toBe(0);
}, 30_000);
