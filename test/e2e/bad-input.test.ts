/**
 * Goal: whatever arrives at the client's or the peers' port of a member, by mistake or by malice, the
 * member lives, nothing changes on the roll, and others are served meanwhile.
 */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, Client as GrpcClient, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Client, connect } from '../../src/client/index.js';
import { TestCluster } from '../support/cluster.js';
import { seed, until } from '../support/drill.js';
import { LiveRoll } from '../support/live-roll.js';
import { randomFrom } from '../support/proxy.js';
import { WriteLoad } from '../support/write-load.js';

const NONE = { lost: [], twice: [], unwanted: [] };
const random = randomFrom(seed);
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const same = (bytes: Buffer): Buffer => bytes;

let cluster: TestCluster;
let client: Client;
let roll: LiveRoll;
let pids: (number | undefined)[];
const closings: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const onEnd = (close: () => Promise<void>) => void closings.push(close);
  cluster = await TestCluster.start({ onEnd });
  const { endpoints } = cluster;
  client = connect(endpoints);
  onEnd(() => client.close());
  roll = await LiveRoll.start({ endpoints, clients: 3, onEnd });
  await until(() => roll.size === 3, 'the watcher sees everyone');
  pids = cluster.members.map(({ pid }) => pid);
}, 60_000);

afterAll(async () => {
  for (const close of closings.reverse()) await close();
});

const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random() * 256));
const field = (number: number, value: Buffer): Buffer => {
  const head = [(number << 3) | 2];
  for (let rest = value.length; ; rest >>>= 7) {
    head.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from(head), value]);
};

/** Writes and hangs up, whatever the answer. */
async function throwAt(address: string, garbage: Buffer): Promise<void> {
  const [host, port] = address.split(':');
  const socket = connectTcp(Number(port), host);
  socket.on('error', () => {});
  socket.resume();
  await once(socket, 'connect');
  socket.write(garbage);
  // Not `once`: a reset is one of the answers, and it would reject.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await Promise.race([closed, sleep(100)]);
  socket.destroy();
}

function dial(address: string): GrpcClient {
  const options = { 'grpc.max_send_message_length': -1, 'grpc.use_local_subchannel_pool': 1 };
  const dialled = new GrpcClient(address, credentials.createInsecure(), options);
  onTestFinished(() => dialled.close());
  return dialled;
}

/** The status code, or OK. */
function call(to: GrpcClient, path: string, body: Buffer): Promise<status> {
  return new Promise((resolve) => {
    const deadline = Date.now() + 5_000;
    to.makeUnaryRequest(path, same, same, body, { deadline }, (error) =>
      resolve(error?.code ?? status.OK),
    );
  });
}

function stream(to: GrpcClient, path: string, frames: readonly Buffer[]): Promise<status> {
  return new Promise((resolve) => {
    const deadline = Date.now() + 1_000;
    const opened = to.makeBidiStreamRequest(path, same, same, { deadline });
    opened.on('data', () => {});
    opened.on('error', ({ code }: ServiceError) => resolve(code));
    opened.on('end', () => resolve(status.OK));
    for (const frame of frames) opened.write(frame);
    opened.end();
  });
}

/** Does it while writes go on, then looks whether anyone was harmed. */
async function withoutHarm(parent: string, act: () => Promise<unknown>): Promise<void> {
  const load = await WriteLoad.start(client, { parent });
  onTestFinished(() => load.stop());
  await act();
  const count = load.count;
  await until(() => load.count > count, 'writes go on');
  await load.stop();
  expect(await load.compare()).toEqual(NONE);
  expect(load.failures).toEqual([]);
  await Promise.all(cluster.members.map(({ name }) => cluster.untilReady(name)));
  expect(cluster.members.map(({ pid }) => pid)).toEqual(pids);
  expect([...roll.leaves, ...roll.upsets]).toEqual([]);
  for (const { log } of cluster.members) expect(log).not.toMatch(/this member stops|Unhandled/);
}

const clientPorts = () => cluster.members.map(({ clientAddress }) => clientAddress);
const peerPorts = () => cluster.members.map(({ peerPort }) => `127.0.0.1:${peerPort}`);

test('raw bytes on every port, also of the dashboard', async () => {
  const http = cluster.members.map(({ httpAddress }) => httpAddress);
  const garbage = [
    bytes(1),
    bytes(3_000),
    Buffer.alloc(100_000, 0xff),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'latin1'),
    PREFACE,
    Buffer.concat([PREFACE, bytes(500)]),
    Buffer.concat([PREFACE, Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]), bytes(500)]),
  ];
  await withoutHarm('/raw', async () => {
    for (const piece of garbage) {
      const ports = [...clientPorts(), ...peerPorts(), ...http];
      await Promise.all(ports.map((port) => throwAt(port, piece)));
    }
  });
}, 60_000);

test('requests that are too large, too deep, or of another type: refused, each by its status', async () => {
  const to = clientPorts().map(dial);
  const longPath = Buffer.from(`/${'x'.repeat(1024 * 1024)}`);
  const deepPath = Buffer.from('/a'.repeat(3_000));
  const refused = [
    ['/rollcall.v1.Tree/Create', Buffer.alloc(8 * 1024 * 1024), status.RESOURCE_EXHAUSTED],
    ['/rollcall.v1.Tree/Create', field(1, longPath), status.INVALID_ARGUMENT],
    ['/rollcall.v1.Tree/Get', field(1, deepPath), status.INVALID_ARGUMENT],
    ['/rollcall.v1.Tree/Create', field(1, Buffer.from('no/slash')), status.INVALID_ARGUMENT],
    ['/rollcall.v1.Tree/Create', field(1, Buffer.from([0xc3, 0x28])), status.INVALID_ARGUMENT],
    ['/rollcall.v1.Catalog/Register', field(1, Buffer.from('../..')), status.INVALID_ARGUMENT],
    ['/rollcall.v1.Tree/NoSuchCall', Buffer.alloc(0), status.UNIMPLEMENTED],
    ['/rollcall.peer.v1.Peer/Meet', Buffer.alloc(0), status.UNIMPLEMENTED],
  ] as const;
  await withoutHarm('/typed', async () => {
    for (const [path, body, wanted] of refused) {
      const codes = await Promise.all(to.map((one) => call(one, path, body)));
      expect([path, ...codes]).toEqual([path, wanted, wanted, wanted]);
    }
  });
}, 60_000);

test('random bytes as every message of the public API', async () => {
  const [to] = clientPorts().map(dial);
  const unary = ['Tree/Create', 'Tree/Set', 'Tree/Transact', 'Tree/List', 'Catalog/Register'];
  const rest = ['Catalog/Instances', 'Sessions/Open', 'Sessions/Touch', 'Cluster/Status'];
  await withoutHarm('/random', async () => {
    for (const path of [...unary, ...rest]) {
      const tries = Array.from({ length: 20 }, (_, i) => bytes(i * 7));
      await Promise.all(tries.map((body) => call(to!, `/rollcall.v1.${path}`, body)));
    }
    const frames = Array.from({ length: 20 }, (_, i) => [bytes(i * 11), bytes(40)]);
    await Promise.all(frames.map((pair) => stream(to!, '/rollcall.v1.Sessions/Stream', pair)));
  });
}, 60_000);

test('random and foreign messages on the peer port: no leader is moved by them', async () => {
  const to = peerPorts().map(dial);
  const leader = await cluster.untilLeader();
  const { term } = await client.status();
  const hello = field(1, Buffer.concat([Buffer.from([0]), bytes(60)]));
  const messages = field(1, Buffer.concat([Buffer.from([1]), bytes(200)]));
  const meeting = Buffer.concat([
    field(1, Buffer.from('r1')),
    field(2, bytes(16)),
    field(4, bytes(5)),
  ]);
  await withoutHarm('/peers', async () => {
    for (const one of to) {
      const links = [[hello, messages], [messages], [bytes(300)], [Buffer.alloc(6 * 1024 * 1024)]];
      const path = '/rollcall.peer.v1.Peer/Link';
      const ended = await Promise.all(links.map((frames) => stream(one, path, frames)));
      expect(ended).not.toContain(status.OK);
      await call(one, '/rollcall.peer.v1.Peer/Meet', meeting);
      await call(one, '/rollcall.peer.v1.Peer/FetchCheckpoint', bytes(50));
      await call(one, '/rollcall.v1.Tree/Create', field(1, Buffer.from('/by-the-wrong-door')));
    }
  });
  expect(await client.get('/by-the-wrong-door')).toBeUndefined();
  expect(await cluster.untilLeader()).toBe(leader);
  expect((await client.status()).term).toBe(term);
}, 60_000);
