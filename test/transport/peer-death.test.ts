/**
 * Real processes that die, hang and refuse: what the detector says of each, and what a transport then reports.
 * The children are plain scripts; they are killed by their handle.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeHello, PEER_PROTOCOL_VERSION } from '../../src/codec/peer.js';
import { encodeFrame } from '../../src/transport/frame.js';
import { Probe, type Verdict } from '../../src/transport/grpc/detector.js';
import { createGrpcTransport } from '../../src/transport/grpc-transport.js';
import { CLUSTER, memberId, Recorder, until } from '../contract/transport.js';
import { silentLogger } from './support.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Listens on a free port, prints it, and does nothing else. */
const LISTENER = `
const server = require('node:net').createServer();
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port));`;

/** Answers every Link with the hello in argv, as a member would. */
const MEMBER = `
const { Server, ServerCredentials } = require('@grpc/grpc-js');
const same = (bytes) => bytes;
const server = new Server();
server.addService({ Link: {
  path: '/rollcall.peer.v1.Peer/Link', requestStream: true, responseStream: true,
  requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same,
} }, { Link: (call) => {
  call.on('error', () => {});
  call.once('data', () => call.write(Buffer.from(process.argv[1], 'hex')));
  call.on('data', () => {});
} });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_e, port) => console.log(port));`;

async function run(script: string, argument = ''): Promise<[ChildProcess, number]> {
  const child = spawn(process.execPath, ['-e', script, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  cleanups.push(() => {
    child.kill('SIGKILL');
    return exited;
  });
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return [child, Number(line.toString())];
}

async function listen(onConnection: (socket: Socket) => void): Promise<[Server, number]> {
  const server = createServer(onConnection);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const address = server.address();
  return [server, typeof address === 'object' ? address!.port : 0];
}

function probe(port: number): Promise<Verdict> {
  return new Promise((resolve) => {
    const made = new Probe({ host: '127.0.0.1', port }, resolve);
    cleanups.push(() => made.cancel());
  });
}

describe('the detector says', () => {
  it('down when a connection is refused', async () => {
    const [server, port] = await listen(() => {});
    server.close();
    await once(server, 'close');
    expect(await probe(port)).toBe('down');
  });

  it('up when somebody speaks, and when somebody only takes the connection', async () => {
    const [, speaking] = await listen((socket) => socket.end('hello'));
    expect(await probe(speaking)).toBe('up');
    const open: Socket[] = [];
    const [, silent] = await listen((socket) => open.push(socket));
    expect(await probe(silent)).toBe('up');
    for (const socket of open) socket.destroy();
  });

  it('down when a dying process takes one more connection and then is gone', async () => {
    const [server, port] = await listen((socket) => {
      socket.resetAndDestroy();
      server.close();
    });
    expect(await probe(port)).toBe('down');
  });

  it('down when nobody answers at all', async () => {
    const [child, port] = await run(LISTENER);
    child.kill('SIGSTOP');
    const filling = Array.from({ length: 4 }, () => connect(port, '127.0.0.1'));
    for (const socket of filling) {
      socket.on('error', () => {});
      cleanups.push(() => socket.destroy());
    }
    // The kernel takes two for a backlog of one and lets the rest wait.
    await until(() => expect(filling.filter((socket) => !socket.connecting)).toHaveLength(2));
    expect(await probe(port)).toBe('down');
  });

  it('up when a process hangs', async () => {
    const [child, port] = await run(LISTENER);
    child.kill('SIGSTOP');
    expect(await probe(port)).toBe('up');
  });

  it('nothing once it was called off', async () => {
    const [server, port] = await listen(() => {});
    server.close();
    let said = 0;
    const made = new Probe({ host: '127.0.0.1', port }, () => said++);
    made.cancel();
    expect(await probe(port)).toBe('down');
    expect(said).toBe(0);
  });
});

describe('a transport whose peer is a real process', () => {
  it('reports its end by kill -9 once, and soon', async () => {
    const id = memberId('b');
    const hello = {
      clusterId: CLUSTER,
      memberId: id,
      name: 'b',
      protocolVersion: PEER_PROTOCOL_VERSION,
    };
    const frame = encodeFrame('hello', [encodeHello(hello)]).toString('hex');
    const [child, port] = await run(MEMBER, frame);
    const transport = await createGrpcTransport({
      listen: '127.0.0.1:0',
      self: { id: memberId('a'), name: 'a' },
      logger: silentLogger,
    });
    cleanups.push(() => transport.close());
    const known = { clusterId: CLUSTER, founders: [] };
    await transport.meet({ initialMembers: [], known });
    const recorder = new Recorder();
    transport.setPeers([{ id, name: 'b', peerAddress: `127.0.0.1:${port}` }]);
    transport.start(recorder);
    await until(() => expect(recorder.connects).toEqual([id]));
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    const died = performance.now();
    await until(() => expect(recorder.downs).toEqual([id]));
    expect(performance.now() - died).toBeLessThan(500);
  });
});
