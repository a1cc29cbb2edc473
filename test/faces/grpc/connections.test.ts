/** Connections of clients: counted, and past the limit turned away with an answer that says why. */
import { connect, type Socket } from 'node:net';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { codec, ERROR_TRAILER, services } from '../../../src/rpc/definitions.js';
import { CONNECTIONS_REFUSED_AT_ONCE_MAX } from '../../../src/types/limits.js';
import { eventually, Harness } from './harness.js';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(maxConnections: number): Promise<Harness> {
  const harness = await Harness.start({ maxConnections });
  cleanups.push(() => harness.stop());
  return harness;
}

/** A client with a connection of its own. */
function another(harness: Harness): Client {
  const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.enable_retries': 0 };
  const client = new Client(harness.address, credentials.createInsecure(), options);
  cleanups.push(() => client.close());
  return client;
}

function ask(client: Client): Promise<ServiceError | undefined> {
  const { path, requestSerialize, responseDeserialize } = services.Cluster.Status;
  return new Promise((resolve) => {
    const deadline = { deadline: Date.now() + 5_000 };
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      {},
      new Metadata(),
      deadline,
      (error) => resolve(error ?? undefined),
    );
  });
}

const countsOf = ({ member }: Harness) => member.service.connections;

test('a connection past the limit is told so, and when to try again; those inside go on', async () => {
  const harness = await start(2);
  const [first, second, third] = [another(harness), another(harness), another(harness)];
  expect(await ask(first)).toBeUndefined();
  expect(await ask(second)).toBeUndefined();
  const error = await ask(third);
  expect(error?.code).toBe(status.RESOURCE_EXHAUSTED);
  const [bytes] = error!.metadata.get(ERROR_TRAILER);
  const detail = codec('ErrorDetail').decode(bytes as Buffer);
  expect(detail).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 250 });
  expect(await ask(first)).toBeUndefined();
  expect(countsOf(harness)).toMatchObject({ current: 2, limit: 2, opened: 2 });
  expect(countsOf(harness).refused).toBeGreaterThan(0);
  expect(harness.member.service.status().connections).toBe(2);
});

test('a place that is free again is taken by the next', async () => {
  const harness = await start(1);
  const first = another(harness);
  expect(await ask(first)).toBeUndefined();
  first.close();
  await eventually(() => countsOf(harness).current === 0);
  expect(await ask(another(harness))).toBeUndefined();
  expect(countsOf(harness).opened).toBe(2);
});

test('what passes over connections is counted, also after they are closed', async () => {
  const harness = await start(5);
  const client = another(harness);
  await ask(client);
  const during = countsOf(harness).traffic();
  expect(during.received).toBeGreaterThan(50);
  expect(during.sent).toBeGreaterThan(50);
  client.close();
  await eventually(() => countsOf(harness).current === 0);
  const after = countsOf(harness).traffic();
  expect(after.received).toBeGreaterThanOrEqual(during.received);
  expect(after.sent).toBeGreaterThanOrEqual(during.sent);
});

test('a crowd that is refused and says nothing costs nothing for long', async () => {
  const harness = await start(1);
  const client = another(harness);
  await ask(client);
  const port = Number(harness.address.split(':')[1]);
  const count = 3 * CONNECTIONS_REFUSED_AT_ONCE_MAX;
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
  cleanups.push(() => sockets.forEach((socket) => void socket.destroy()));
  let open = count;
  for (const socket of sockets) watchEnd(socket, () => open--);
  await eventually(() => open <= CONNECTIONS_REFUSED_AT_ONCE_MAX);
  await eventually(() => open === 0);
  expect(await ask(client)).toBeUndefined();
  expect(countsOf(harness)).toMatchObject({ current: 1, opened: 1, refused: count });
});

function watchEnd(socket: Socket, ended: () => void): void {
  socket.on('error', () => {});
  socket.on('data', () => {});
  socket.once('close', ended);
}
