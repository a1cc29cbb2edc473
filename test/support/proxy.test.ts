import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { LinkProxy, randomFrom } from './proxy.js';

/** An echo behind a proxy, and a way to connect to it. */
async function startEcho(seed = 1) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const proxy = await LinkProxy.start({ target, seed });
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  return proxy;
}

function open(proxy: LinkProxy): Socket {
  const [host, port] = proxy.address.split(':');
  const socket = connect(Number(port), host);
  onTestFinished(() => void socket.destroy());
  return socket;
}

async function read(socket: Socket, bytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  while (Buffer.concat(pieces).length < bytes) pieces.push((await once(socket, 'data'))[0]);
  return Buffer.concat(pieces);
}

test('bytes pass unchanged in both directions', async () => {
  const socket = open(await startEcho());
  const sent = Buffer.alloc(300_000, 'abcdefg');
  socket.write(sent);
  expect((await read(socket, sent.length)).equals(sent)).toBe(true);
});

test('closing ends all connections, and new ones pass', async () => {
  const proxy = await startEcho();
  const socket = open(proxy);
  socket.write('a');
  await read(socket, 1);
  proxy.closeConnections();
  await once(socket, 'close');
  const next = open(proxy);
  next.write('b');
  expect((await read(next, 1)).toString()).toBe('b');
});

test('refusing turns new connections away until healed', async () => {
  const proxy = await startEcho();
  proxy.refuse();
  const refused = open(proxy);
  refused.on('error', () => {});
  await new Promise((resolve) => refused.once('close', resolve));
  proxy.heal();
  const socket = open(proxy);
  socket.write('a');
  expect((await read(socket, 1)).toString()).toBe('a');
});

test('a black hole lets nothing through and closes nothing; healed, all arrives in order', async () => {
  const proxy = await startEcho();
  const socket = open(proxy);
  socket.write('a');
  await read(socket, 1);
  proxy.blackhole();
  socket.write('b');
  const other = open(proxy);
  other.write('x');
  await once(other, 'connect');
  const silence = new Promise((resolve) => setTimeout(() => resolve('silence'), 50));
  const answer = once(socket, 'data');
  expect(await Promise.race([answer, silence])).toBe('silence');
  expect(socket.destroyed).toBe(false);
  proxy.heal();
  socket.write('c');
  expect(String((await answer)[0])).toMatch(/^b/);
  expect((await read(other, 1)).toString()).toBe('x');
});

test('a delay keeps the order', async () => {
  const proxy = await startEcho();
  proxy.delay(1, 5);
  const socket = open(proxy);
  socket.setNoDelay(true);
  const start = performance.now();
  for (const letter of 'abcdef') socket.write(letter);
  expect((await read(socket, 6)).toString()).toBe('abcdef');
  expect(performance.now() - start).toBeGreaterThanOrEqual(2);
});

test('one bit of one byte of one direction is flipped, of the next connection only', async () => {
  const proxy = await startEcho();
  proxy.flipByteAt(3);
  const socket = open(proxy);
  socket.write('aaaaaa');
  const got = await read(socket, 6);
  const wrong = [...got].flatMap((byte, i) => (byte === 97 ? [] : [[i, byte ^ 97]]));
  expect(wrong).toHaveLength(1);
  const [at, bits] = wrong[0]!;
  expect(at).toBe(3);
  expect(Math.log2(bits!) % 1).toBe(0);
  const next = open(proxy);
  next.write('aaaaaa');
  expect((await read(next, 6)).toString()).toBe('aaaaaa');
});

test('bits are flipped all along every new connection, about so many', async () => {
  const proxy = await startEcho();
  proxy.flipWithinEvery(1_000);
  const socket = open(proxy);
  socket.write(Buffer.alloc(100_000, 97));
  const wrong = (await read(socket, 100_000)).filter((byte) => byte !== 97);
  expect(wrong.length).toBeGreaterThan(1);
  proxy.heal();
  socket.write(Buffer.alloc(10_000, 97));
  expect((await read(socket, 10_000)).every((byte) => byte === 97)).toBe(true);
});

test('a cut lets exactly so many bytes through and closes', async () => {
  const proxy = await startEcho();
  proxy.cutAt(4, 'toClient');
  const socket = open(proxy);
  socket.on('error', () => {});
  socket.write('abcdefgh');
  const pieces: Buffer[] = [];
  socket.on('data', (piece) => pieces.push(piece));
  await new Promise((resolve) => socket.once('close', resolve));
  expect(Buffer.concat(pieces).toString()).toBe('abcd');
});

test('a seed gives the same chance again', () => {
  const draw = (seed: number) => Array.from({ length: 5 }, randomFrom(seed));
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(7).every((x) => x >= 0 && x < 1)).toBe(true);
});
