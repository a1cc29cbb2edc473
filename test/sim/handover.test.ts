/**
 * Goal: a leader that leaves hands over to a follower that is awake. Method: a whole cluster in virtual time, in
 * which the one or the other follower stands still.
 */
import { expect, test } from 'vitest';
import { DamagedCluster } from './damage.js';

/** Far less than what it costs to hand over to nobody and wait for an election. */
const HANDED_OVER_WITHIN_MS = 200;

test('a leader that leaves hands over to the follower that does not hang', async () => {
  for (const which of [0, 1]) {
    const cluster = await DamagedCluster.founded(11);
    await cluster.write(5);
    const leader = cluster.leader!;
    const followers = cluster.members.filter((one) => one !== leader);
    followers[which]!.pause(60_000);
    await cluster.pass(400);
    const leftAtMs = cluster.world.monotonicMs();
    void leader.member!.leave(1_000);
    await cluster.until('another leads', () => cluster.leader === followers[1 - which]);
    expect(cluster.world.monotonicMs() - leftAtMs).toBeLessThan(HANDED_OVER_WITHIN_MS);
  }
});
