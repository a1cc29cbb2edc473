/** Many watches of one client: they begin in as many frames as a member takes. */
import { expect, test } from 'vitest';
import { startTestCluster } from '../../src/testing/index.js';

test('thousands of watches with long paths begin together, and again at another member', async () => {
  await using cluster = await startTestCluster();
  const client = cluster.connect();
  await client.ready();
  const long = 'x'.repeat(600);
  const watches = Array.from({ length: 3_000 }, (_, i) => client.watch(`/${long}${i}`));
  const first = async (watch: (typeof watches)[number], type: string): Promise<number> => {
    for await (const event of watch) if (event.type === type) return 1;
    return 0;
  };
  const begun = Promise.all(watches.slice(0, 1_500).map((watch) => first(watch, 'snapshot')));
  await expect(begun).resolves.toHaveLength(1_500);
  const [current] = client.describe().endpoints.filter(({ use }) => use === 'current');
  const at = cluster.members.find(({ endpoint }) => endpoint === current?.endpoint);
  await cluster.kill(at?.name ?? '');
  await expect(client.get('/', { timeoutMs: 5_000 })).resolves.toBeDefined();
  await client.create(`/${long}2999`);
  await expect(first(watches[2_999]!, 'change')).resolves.toBe(1);
}, 15_000);
