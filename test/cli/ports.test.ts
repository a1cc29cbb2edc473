/** Goal: a listener is noticed, its absence too. Method: loopback sockets on ports the system picks. */
import { createServer, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { accepts, findFreePort, untilAccepting } from '../../src/cli/ports.js';

const HOST = '127.0.0.1';
let server: Server | undefined;

afterEach(() => {
  server?.close();
  server = undefined;
});

function listen(port: number): Promise<void> {
  server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => server!.listen(port, HOST, resolve));
}

it('finds a port that can be bound', async () => {
  const port = await findFreePort();
  expect(await accepts(HOST, port)).toBe(false);
  await listen(port);
  expect(await accepts(HOST, port)).toBe(true);
});

it('resolves as soon as somebody listens', async () => {
  const port = await findFreePort();
  const waiting = untilAccepting([HOST], port, new AbortController().signal);
  await listen(port);
  expect(await waiting).toBe(true);
});

it('is content with one of several hosts', async () => {
  const port = await findFreePort();
  await listen(port);
  const signal = new AbortController().signal;
  expect(await untilAccepting(['host.invalid', HOST], port, signal)).toBe(true);
});

it('gives up when told to', async () => {
  const controller = new AbortController();
  const waiting = untilAccepting([HOST], await findFreePort(), controller.signal);
  controller.abort();
  expect(await waiting).toBe(false);
});
