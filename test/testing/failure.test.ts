/** A member that stops by a fault of its own: the test that uses it must hear of it. */
import { expect, test } from 'vitest';
import { MemoryMember } from '../../src/testing/member.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { Stoppable } from '../../src/testing/stoppable.js';
import { TEST_TUNING } from '../../src/testing/tuning.js';
import { MemoryNetwork } from '../../src/transport/memory-network.js';
import { CALM_POLICY } from '../../src/transport/network-policy.js';
import { asClusterId, asMemberId } from '../../src/types/ids.js';
import { until } from '../support/drill.js';

test('it counts as killed, and keeps the reason', async () => {
  const wire = new Stoppable();
  const schedule = (_: number, task: () => void) => wire.defer(task);
  const self = { id: asMemberId('1'.repeat(16)), name: 'r1', peerAddress: 'r1:1' };
  const other = { id: asMemberId('2'.repeat(16)), name: 'r2', peerAddress: 'r2:1' };
  const draw = createSeededRandom(1);
  let isBroken = false;
  const random = {
    below: (bound: number) => {
      if (isBroken) throw new Error('no more chance');
      return draw.below(bound);
    },
  };
  const member = await MemoryMember.create(self, {
    clusterId: asClusterId('c'.repeat(32)),
    // The other one is never there: this one campaigns for ever, and draws a timeout each time.
    founders: [self, other],
    network: new MemoryNetwork({ schedule, policy: CALM_POLICY }),
    random,
    tuning: TEST_TUNING,
  });
  await member.start();
  expect(member.member).toBeDefined();
  isBroken = true;
  await until(() => member.failure !== undefined, 'the member fails');
  isBroken = false;
  expect(String(member.failure)).toContain('no more chance');
  await until(() => member.member === undefined, 'the member is gone');
  await member.close();
  wire.end();
});
