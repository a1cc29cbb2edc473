/**
 * Goal: the state of an instance follows its health check, for servers that are wrapped, elsewhere, or static.
 * Method: real servers that fall ill in every way, and what the roll says of them.
 */
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { HealthImplementation } from 'grpc-health-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Client, connect } from '../../src/client/index.js';
import { closedPort, grpcServer, httpServer, listen } from '../cli/check/servers.js';
import { TestCluster } from '../support/cluster.js';
import { type Process, Processes } from '../support/processes.js';

const processes = new Processes();
const FAST = '--check-interval 100ms --check-timeout 200ms --check-fall 2'.split(' ');
const PATIENCE = { timeout: 15_000, interval: 25 };

let closeCluster: () => Promise<void>;
let client: Client;

beforeAll(async () => {
  const cluster = await TestCluster.start({
    members: 1,
    onEnd: (close) => (closeCluster = close),
  });
  processes.endpoints = cluster.endpoints;
  client = connect(cluster.endpoints);
}, 40_000);

afterAll(async () => {
  await processes.stopAll();
  await client.close();
  await closeCluster();
});

function register(service: string, port: number, ...options: string[]): Process {
  return processes.start(
    'register',
    service,
    '--id',
    'a',
    '--port',
    `${port}`,
    ...options,
    ...FAST,
  );
}

async function stateOf(service: string): Promise<string | undefined> {
  const { instances } = await client.instances(service);
  return instances.find(({ id }) => id === 'a')?.state;
}

async function until(service: string, state: string | undefined): Promise<void> {
  await expect.poll(() => stateOf(service), PATIENCE).toBe(state);
}

describe('a server that runs already', () => {
  it('is UP and DOWN as its HTTP check says, and leaves with its registrar', async () => {
    let answer = (response: ServerResponse): unknown => response.writeHead(503).end();
    const port = await httpServer((_, response) => void answer(response));
    const registrar = register('http', port, '--check', '/health');
    await until('http', 'STARTING');
    answer = (response) => response.end('well');
    await until('http', 'UP');
    answer = (response) => response.writeHead(500).end();
    await until('http', 'DOWN');
    answer = (response) => response.end('well');
    await until('http', 'UP');
    // It takes the question and says nothing.
    answer = () => undefined;
    await until('http', 'DOWN');
    registrar.kill('SIGINT');
    const { code, err } = await registrar.ended;
    expect(code).toBe(0);
    expect(err).toContain('http/a DOWN: it answered 500, rev ');
    expect(err).toContain('http/a DOWN: no answer within 200ms, rev ');
    await until('http', undefined);
  }, 40_000);

  it('is followed by connecting alone', async () => {
    const port = await closedPort();
    register('tcp', port, '--check', `tcp://127.0.0.1:${port}`);
    await until('tcp', 'STARTING');
    const first = createServer((socket) => socket.end()).listen(port, '127.0.0.1');
    await until('tcp', 'UP');
    first.close();
    await until('tcp', 'DOWN');
    await listen(
      createServer((socket) => socket.end()),
      port,
    );
    await until('tcp', 'UP');
  }, 40_000);

  it('is asked as gRPC servers are asked', async () => {
    const health = new HealthImplementation({ 'a.B': 'SERVING' });
    const { port } = await grpcServer(health);
    register('grpc', port, '--check', `grpc://127.0.0.1:${port}/a.B`);
    await until('grpc', 'UP');
    health.setStatus('a.B', 'NOT_SERVING');
    await until('grpc', 'DOWN');
    health.setStatus('a.B', 'SERVING');
    await until('grpc', 'UP');
  }, 40_000);

  it('that is taken over ends its registrar, which says so', async () => {
    const port = await httpServer((_, response) => response.end());
    const former = register('taken', port, '--check', '/');
    await until('taken', 'UP');
    register('taken', await closedPort(), '--check', '/', '--takeover');
    const { code, err } = await former.ended;
    expect(code).toBe(1);
    expect(err).toContain('taken/a is off the roll: REPLACED');
    await until('taken', 'STARTING');
  }, 40_000);
});

const SERVER = `
  let status = 200;
  process.on('SIGUSR2', () => (status = 503));
  const { createServer } = require('node:http');
  createServer((request, response) => response.writeHead(status).end()).listen(process.env.PORT);
  console.log('pid', process.pid);`;

describe('a wrapped command', () => {
  it('is UP when its check says so, not when it listens, and drains before its signal', async () => {
    const words = ['--id', 'a', '--check', '/health', ...FAST, '--', 'node', '-e', SERVER];
    const registrar = processes.start('register', 'wrapped', ...words);
    const line = await registrar.until(({ lines }) => lines.find((each) => each.startsWith('pid')));
    await until('wrapped', 'UP');
    process.kill(Number(line.split(' ')[1]), 'SIGUSR2');
    await until('wrapped', 'DOWN');
    registrar.kill('SIGTERM');
    expect((await registrar.ended).code).toBe(143);
    expect(registrar.err).toContain('DRAINING');
    await until('wrapped', undefined);
  }, 40_000);
});

describe('a static instance', () => {
  it('stays when its command has returned, whoever comes and goes, until it is deregistered', async () => {
    const words = ['static', '--id', 'a', '--port', '80', '--static', '--tag', 'v=1'];
    words.push('--named-port', 'metrics=9100', '--zone', 'a', '--weight', '5', '--state', 'DOWN');
    const { code, out } = await processes.run('register', ...words);
    expect(code).toBe(0);
    expect(out).toContain('stays until `rollcall deregister static/a`');
    const shown = await processes.run('instances', 'static', '-o', 'yaml');
    const told = {
      tags: { v: '1' },
      ports: { metrics: 9100 },
      zone: 'a',
      weight: 5,
      state: 'DOWN',
    };
    expect(parse(shown.out)).toMatchObject([told]);
    const dry = await processes.run('register', ...words, '--dry-run');
    expect(dry.out).toContain('static');
    await client.deregister('static', 'a');
    expect(await stateOf('static')).toBeUndefined();
  }, 20_000);

  it('is kept true by its check, and stays as it is when that ends', async () => {
    let status = 200;
    const port = await httpServer((_, response) => response.writeHead(status).end());
    const keeper = register('kept', port, '--static', '--check', '/');
    await until('kept', 'UP');
    status = 500;
    await until('kept', 'DOWN');
    keeper.kill('SIGTERM');
    const { code, err } = await keeper.ended;
    expect(code).toBe(0);
    expect(err).toContain('kept/a stays DOWN');
    expect(await stateOf('kept')).toBe('DOWN');
  }, 20_000);
});

describe('a dry run', () => {
  it('says who holds the id, fails where the registration would, and changes nothing', async () => {
    const port = await httpServer((_, response) => response.end());
    register('dry', port);
    await until('dry', 'UP');
    const words = ['register', 'dry', '--id', 'a', '--port', '1', '--dry-run'];
    const refused = await processes.run(...words);
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(new RegExp(`held by 127.0.0.1:${port}, UP .* session 0x`));
    expect(refused.err).toContain('--takeover');
    const allowed = await processes.run(...words, '--takeover');
    expect(allowed).toMatchObject({ code: 0, out: expect.stringContaining('would displace') });
    expect((await client.instances('dry')).instances).toMatchObject([{ id: 'a', port }]);
  }, 20_000);
});
