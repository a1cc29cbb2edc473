import { once } from 'node:events';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import { expect, it, onTestFinished } from 'vitest';
import { codec, services } from '../../../src/rpc/definitions.js';
import { Harness } from './harness.js';

it('a leaving member sends its streams elsewhere, ends nobody’s session, and is gone in time', async () => {
  const harness = await Harness.start();
  const talk = harness.stream();
  const open = { secret: Buffer.alloc(16, 1), graceMs: 250 };
  talk.send({ operations: [{ id: 1, open }] });
  const { session } = (await talk.response(1)).open!;
  const watch = harness.follow(services.Tree.Watch, { path: '/' });
  const hold = harness.follow(services.Catalog.Hold, { service: 'l', port: 1 });
  await hold.next();
  const startedAt = performance.now();
  const stopped = harness.stop();
  for (const call of [talk.items, watch, hold]) {
    const end = await call.end();
    expect(end?.code).toBe(status.UNAVAILABLE);
    expect(end?.detail).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  }
  await stopped;
  expect(session).toBeGreaterThan(0);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

it('a client that hangs, and never closes its connection, holds up nobody who leaves', async () => {
  const harness = await Harness.start();
  const [host, port] = harness.address.split(':');
  const hung = connect({ host: host!, port: Number(port), allowHalfOpen: true });
  onTestFinished(() => void hung.destroy());
  await once(hung, 'connect');
  hung.pause();
  const startedAt = performance.now();
  await harness.stop();
  expect(performance.now() - startedAt).toBeLessThan(5_000);
}, 15_000);

it('health follows the quorum, for the member and for each service', async () => {
  const harness = await Harness.start();
  const check = (service: string) => {
    const name = Buffer.from(service);
    const request = Buffer.concat([Buffer.from([0x0a, name.length]), name]);
    return new Promise<number | undefined>((resolve) => {
      harness.client.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        (bytes: Buffer) => bytes,
        (bytes) => bytes,
        request,
        (error, bytes) => resolve(error === null ? bytes![1] : undefined),
      );
    });
  };
  const SERVING = 1;
  for (;;) if ((await check('')) === SERVING) break;
  for (const name of Object.keys(services)) {
    expect(await check(`rollcall.v1.${name}`)).toBe(SERVING);
  }
  expect(await check('nobody')).toBeUndefined();
  expect(codec('StatusRequest').encode({})).toHaveLength(0);
  await harness.stop();
});
