/** A registration that lives with no session: what of it stays when its caller was told nothing. */
import { expect, onTestFinished, test } from 'vitest';
import { startTestCluster, type TestCluster } from '../../src/testing/index.js';
import { until } from '../support/drill.js';

const STATIC = { id: 'fixed', static: true, address: '10.0.0.1' };

async function setUp() {
  const cluster = await startTestCluster({ members: 1 });
  onTestFinished(() => cluster.close());
  const client = cluster.connect();
  await client.create('/warm');
  return { cluster, client, other: cluster.connect() };
}

function pauseAll(cluster: TestCluster): () => void {
  for (const { name } of cluster.members) cluster.pause(name);
  return () => {
    for (const { name } of cluster.members) cluster.resume(name);
  };
}

const idsOf = async (client: TestClient) =>
  (await client.instances('s')).instances.map(({ id }) => id);
type TestClient = ReturnType<TestCluster['connect']>;

test('it stays when its client closes', async () => {
  const { client, other } = await setUp();
  await client.register('s', { port: 1 }, STATIC);
  await client.close();
  expect(await idsOf(other)).toEqual(['fixed']);
});

test('it is taken back when its caller was told that the outcome is unknown', async () => {
  const { cluster, client, other } = await setUp();
  const resume = pauseAll(cluster);
  const registering = client.register('s', { port: 1 }, { ...STATIC, timeoutMs: 200 });
  await expect(registering).rejects.toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
  resume();
  // By then whatever was sent has been applied: it went before on the same stream.
  await client.set('/warm', 'x');
  await client.close();
  expect(await idsOf(other)).toEqual([]);
  const gone = await until(async () => {
    const found = await other.admin.departures('s');
    return found.length > 0 && found;
  }, 'it stood for a moment');
  expect(gone[0]).toMatchObject({ id: 'fixed', reason: 'deregistered' });
});

test('one that another process has registered since is not taken for it', async () => {
  const { cluster, client, other } = await setUp();
  const resume = pauseAll(cluster);
  const registering = client.register('s', { port: 1 }, { ...STATIC, timeoutMs: 200 });
  await expect(registering).rejects.toMatchObject({ outcome: 'unknown' });
  const theirs = other.register('s', { port: 2 }, { ...STATIC, takeover: true });
  resume();
  await theirs;
  await client.close();
  const { instances } = await other.instances('s');
  expect(instances.map(({ port }) => port)).toEqual([2]);
});
