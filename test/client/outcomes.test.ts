/** `not-applied` is certain: it is said of nothing that may have been applied, or may yet be. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/types.js';
import { startTestCluster, type TestCluster } from '../../src/testing/index.js';

const PLACE = { address: '10.0.0.1', port: 80 };
let cluster: TestCluster;
let client: Client;

beforeAll(async () => {
  cluster = await startTestCluster({ members: 1 });
  client = cluster.connect({ timeoutMs: 5_000 });
  await client.create('/a');
});

afterAll(() => cluster.close());

async function whilePaused<T>(act: () => Promise<T>): Promise<T> {
  cluster.pause('r1');
  try {
    return await act();
  } finally {
    cluster.resume('r1');
  }
}

describe('A change that was sent to a member that hangs', () => {
  test.each<[string, (timeoutMs: number) => Promise<unknown>]>([
    ['on a node', (timeoutMs) => client.set('/a', 'x', { timeoutMs })],
    ['on the roll, of whatever claim', (timeoutMs) => client.deregister('web', 'x', { timeoutMs })],
    ['by an operator', (timeoutMs) => client.admin.drain('web', 'x', { timeoutMs })],
  ])('ends by its deadline, unknown: %s', async (_what, act) => {
    await client.ready();
    const startMs = performance.now();
    const call = whilePaused(() => act(200));
    await expect(call).rejects.toMatchObject({ outcome: 'unknown' });
    expect(performance.now() - startMs).toBeLessThan(400);
  });

  test('stays unknown when another attempt finds nothing left to do', async () => {
    const mine = await client.register('web', PLACE, { id: 'gone' });
    const call = client.deregister('web', 'gone');
    // Sent, and answered on a connection that nobody reads any more.
    await new Promise((resolve) => setImmediate(resolve));
    await cluster.restart('r1');
    const ended = await call.then(
      () => 'applied',
      (error) => error.outcome,
    );
    expect(['applied', 'unknown']).toContain(ended);
    await mine.close();
  });
});
