import { connect as connectHttp2 } from 'node:http2';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { codec, services } from '../../../src/rpc/definitions.js';
import { LinkProxy } from '../../support/proxy.js';
import { eventually, Harness } from './harness.js';

let harness: Harness;
let proxy: LinkProxy;
beforeAll(async () => {
  harness = await Harness.start({ keepalive: { everyMs: 200, timeoutMs: 200 } });
  proxy = await LinkProxy.start({ target: harness.address });
});
afterAll(async () => {
  await proxy.close();
  await harness.stop();
});

/** A session with grace and an ephemeral node, over the proxy. */
async function connect(path: string) {
  const client = new Client(proxy.address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  const talk = harness.stream(client);
  const secret = Buffer.from(path.padEnd(16));
  talk.send({ operations: [{ id: 1, open: { secret, timeoutMs: 10_000, graceMs: 250 } }] });
  await talk.response(1);
  talk.send({
    operations: [
      { id: 2, seq: 1, create: { path, kind: 1 } },
      { id: 3, watch: { path } },
    ],
  });
  await talk.response(2);
  return client;
}

const exists = async (path: string) =>
  (await harness.call(services.Tree.Get, { path })).node !== undefined;

it('a connection that fell silent is dropped, and begins no grace', async () => {
  const client = await connect('/silent');
  expect(harness.member.service.status().watches).toBe(1);
  proxy.blackhole();
  await eventually(() => harness.member.service.status().watches === 0);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await exists('/silent')).toBe(true);
  client.close();
  proxy.heal();
});

it('a connection that was closed begins the grace', async () => {
  const client = await connect('/closed');
  proxy.closeConnections();
  while (await exists('/closed'));
  client.close();
});

it('a client that ends its streams without an error begins the grace of each of its sessions', async () => {
  const session = connectHttp2(`http://${harness.address}`);
  session.on('error', () => {});
  for (const id of ['a', 'b', 'c']) {
    const call = session.request({
      ':path': '/rollcall.v1.Catalog/Hold',
      ':method': 'POST',
      'content-type': 'application/grpc+proto',
      te: 'trailers',
    });
    call.on('error', () => {});
    call.resume();
    const terms = { service: 'g', id, port: 1, sessionTimeoutMs: 60_000, graceMs: 250 };
    const body = codec('HoldRequest').encode(terms);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(body.length, 1);
    call.end(Buffer.concat([head, body]));
  }
  const held = async () =>
    (await harness.call(services.Catalog.Instances, { service: 'g' })).instances.length;
  while ((await held()) < 3);
  session.destroy();
  while ((await held()) > 0);
});
