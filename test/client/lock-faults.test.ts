/** One lock under faults of the cluster: whoever holds it, nobody else does, and the resource sees tokens rise. */
import { expect, onTestFinished, test } from 'vitest';
import { createLock } from '../../src/client/recipes/lock.js';
import { startTestCluster } from '../../src/testing/index.js';
import { hostOf, Resource, untilInLine } from './recipes-setup.js';

test('twenty contenders never hold together while members are killed, paused and cut off', async () => {
  const cluster = await startTestCluster();
  onTestFinished(() => cluster.close());
  const clients = Array.from({ length: 5 }, () => cluster.connect());
  const path = '/locks/contended';
  const resource = new Resource();
  const over = new AbortController();
  const contend = async (lock: ReturnType<typeof createLock>): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        await lock.run(({ fencingToken, signal }) => resource.use(fencingToken, signal, 2), over);
      } catch (error) {
        if (!over.signal.aborted) throw error;
      }
    }
  };
  const hosts = clients.map((each) => hostOf(each));
  const contenders = Array.from({ length: 20 }, (_, i) => contend(createLock(hosts[i % 5]!, path)));
  const held = async (): Promise<number> => {
    const before = resource.taken;
    await expect.poll(() => resource.taken, { timeout: 10_000 }).toBeGreaterThan(before + 5);
    return resource.taken;
  };
  await held();
  const killed = await cluster.leader();
  await cluster.kill(killed);
  await held();
  await cluster.restart(killed);
  const paused = await cluster.leader();
  cluster.pause(paused);
  await held();
  cluster.resume(paused);
  cluster.isolate(await cluster.leader());
  await held();
  cluster.heal();
  await held();
  over.abort();
  await Promise.all(contenders);
  expect({ overlaps: resource.overlaps, refused: resource.refused }).toEqual({
    overlaps: 0,
    refused: 0,
  });
  await untilInLine(clients[0]!, path, 0);
}, 60_000);
