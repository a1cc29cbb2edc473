import { expect, test } from 'vitest';
import { encodeBody } from '../../src/codec/command.js';
import type { Delivery } from '../../src/server/service.js';
import { DEFAULT_TUNING } from '../../src/server/tuning.js';
import { MemoryNetwork } from '../../src/transport/memory-network.js';
import { createRandomPolicy } from '../../src/transport/network-policy.js';
import { asMemberId } from '../../src/types/ids.js';
import { SimMember } from './sim-member.js';
import { World } from './world.js';

test('three members in virtual time elect a leader and apply a write that entered at a follower', async () => {
  const world = new World(7);
  const policy = createRandomPolicy(world.random, {
    delayMsMax: 2,
    loss: 0,
    duplicate: 0,
    overtake: 0,
    silentDeath: 0,
  });
  const network = new MemoryNetwork({ schedule: (ms, fn) => world.schedule(ms, fn), policy });
  const founders = [1, 2, 3].map((n) => ({
    id: asMemberId(`${n}`.repeat(16)),
    name: `r${n}`,
    peerAddress: `r${n}:1`,
  }));
  const members = founders.map(
    ({ id, name }) =>
      new SimMember({
        id,
        name,
        founders,
        network,
        world,
        tuning: DEFAULT_TUNING,
        diskDelayMsMax: 1,
      }),
  );
  for (const member of members) member.start();
  await world.run(3000);
  for (const m of members) if (m.failure) throw m.failure;
  const leader = members.find((m) => m.member?.core.raft.role === 'leader');
  expect(leader).toBeDefined();
  expect(members.map((m) => m.member?.core.hasQuorum)).toEqual([true, true, true]);
  const got: Delivery[] = [];
  const follower = members.find((m) => m !== leader)!;
  const attachment = follower.member!.attach(
    { identities: [], ordered: false },
    { deliver: (batch) => got.push(...batch), unsentBytes: () => 0 },
  );
  const body = encodeBody({
    kind: 'create',
    path: '/a',
    data: new Uint8Array(3),
    nodeKind: 'persistent',
    sequential: false,
    ttlMs: 0,
    acl: [],
  });
  attachment.submit([{ type: 'write', id: 1, timeoutMs: 0, kind: 'create', body, seq: 0 }]);
  attachment.submit([
    {
      type: 'read',
      id: 2,
      timeoutMs: 0,
      query: { type: 'get', path: '/a' },
      consistency: 'linearizable',
      floor: 0 as never,
    },
  ]);
  await world.run(50);
  console.log(JSON.stringify(got), world.events);
  expect(got.find((d) => d.type === 'outcome')).toMatchObject({
    id: 1,
    outcome: { type: 'created', path: '/a' },
  });
  await world.run(500);
  expect(new Set(members.map((m) => m.member!.core.tree.digest())).size).toBe(1);
});
