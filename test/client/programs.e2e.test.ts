/** Programs that use the package: what they load, how they end, and how they leave the roll. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/client/index.js';
import { TestCluster, type TestMember } from '../support/cluster.js';

let cluster: TestCluster;
const ends: (() => Promise<void>)[] = [];
const onEnd = (close: () => Promise<void>) => void ends.push(close);

beforeAll(async () => {
  cluster = await TestCluster.start({ members: 1, onEnd });
}, 30_000);

afterAll(async () => {
  for (const end of ends) await end();
});

function run(name: string, ...args: readonly string[]) {
  const path = fileURLToPath(new URL(`../support/programs/${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return { child, ended: once(child, 'exit'), output: () => output };
}

test('importing the SDK loads nothing of members, command line or metrics', async () => {
  const { ended, output } = run('loads', 'client');
  expect(await ended).toEqual([0, null]);
  const loaded = output().split('\n');
  expect(loaded.some((url) => url.includes('/dist/client/connect.js'))).toBe(true);
  const packages =
    /\/node_modules\/(level|classic-level|commander|prom-client|hono|@hono|pino|valibot)\//;
  const folders = /\/dist\/(server|faces|cli|raft|storage|transport|tree)\//;
  expect(loaded.filter((url) => packages.test(url) || folders.test(url))).toEqual([]);
});

test('a program that closes its client ends', async () => {
  const { ended, output } = run('asks', cluster.endpoints.join());
  expect(await ended).toEqual([0, null]);
  expect(output()).toBe('/\n');
});

test('a server that gets SIGTERM drains, closes, leaves the roll and ends by itself', async () => {
  const { child, ended } = run('served', cluster.endpoints.join(), 'served');
  await once(child.stdout, 'data');
  const roll = connect(cluster.endpoints);
  onTestFinished(() => roll.close());
  const told: string[] = [];
  for await (const event of roll.roll('served')) {
    if (event.type === 'snapshot') child.kill('SIGTERM');
    if (event.type === 'change') told.push(event.instance.state);
    if (event.type === 'leave') told.push(event.reason);
    if (event.type === 'leave') break;
  }
  expect(told).toEqual(['DRAINING', 'closed']);
  expect(await ended).toEqual([0, null]);
});

test('a server that is killed leaves the roll within its grace', async () => {
  const { child } = run('served', cluster.endpoints.join(), 'killed');
  await once(child.stdout, 'data');
  const roll = connect(cluster.endpoints);
  onTestFinished(() => roll.close());
  let killedAtMs = 0;
  for await (const event of roll.roll('killed')) {
    if (event.type === 'snapshot') {
      child.kill('SIGKILL');
      killedAtMs = performance.now();
    }
    if (event.type !== 'leave') continue;
    expect(event.reason).toBe('disconnected');
    break;
  }
  expect(performance.now() - killedAtMs).toBeGreaterThan(1_500);
  expect(performance.now() - killedAtMs).toBeLessThan(4_000);
}, 15_000);

test('a registration whose session was lost is made again by itself', async () => {
  const [{ name }] = cluster.members as [TestMember];
  const roll = connect(cluster.endpoints);
  onTestFinished(() => roll.close());
  const terms = { sessionTimeoutMs: 2_000, graceMs: 0, address: '10.0.0.1' };
  const registration = await roll.register('again', { port: 1 }, terms);
  const before = registration.instance;
  const states: string[] = [];
  cluster.signal(name, 'SIGSTOP');
  onTestFinished(() => cluster.signal(name, 'SIGCONT'));
  for await (const state of registration.states()) {
    if (states.length > 0 && state === 'REGISTERED') break;
    if (state === 'REGISTERING') cluster.signal(name, 'SIGCONT');
    states.push(state);
  }
  expect(states.at(-1)).toBe('REGISTERING');
  expect(registration.instance.incarnation).toBeGreaterThan(before.incarnation);
  const { instances } = await roll.instances('again');
  expect(instances.map(({ id }) => id)).toEqual([registration.id]);
}, 15_000);
