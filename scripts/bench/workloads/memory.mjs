/**
 * What it costs to hold many nodes of 100 bytes: resident memory of a member, and the time from a start,
 * after kill -9, until it serves.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { VALUE } from '../settings.mjs';
import { residentMb } from '../usage.mjs';

const CHILDREN_PER_PARENT = 1000;
const CREATES_PER_TRANSACTION = 500;
/** So that what loading left behind is collected, as far as it ever is. */
const SETTLE_MS = 3_000;

const loaded = new WeakMap();

export const memory = {
  name: 'memory',
  systems: ['rollcall'],
  cases: ({ nodes }) =>
    nodes.map((count) => ({
      label: `${count} nodes, largest member`,
      unit: 'MB',
      better: 'lower',
      goal: count === 200_000 ? '≤ 250 MB' : undefined,
      run: (context) => measureMemory({ ...context, count }),
    })),
};

export const restart = {
  name: 'restart',
  systems: ['rollcall'],
  cases: ({ nodes }) =>
    nodes.flatMap((count) => [
      restartCase({ count, label: 'one member', goal: goalOf(count), restart: restartOne }),
      restartCase({ count, label: 'all members', restart: ({ system }) => system.restartAll() }),
    ]),
};

const goalOf = (count) => (count === 1_000_000 ? '≤ 6000 ms' : undefined);

function restartCase({ count, label, goal, restart: again }) {
  return {
    label: `${count} nodes, ${label}`,
    unit: 'ms',
    better: 'lower',
    goal,
    run: async (context) => {
      await load({ ...context, count });
      await sleep(SETTLE_MS);
      return context.metered(async () => ({ value: await again(context), details: {} }));
    },
  };
}

async function restartOne({ system }) {
  const leader = await system.leader();
  const follower = system.members.find(({ name }) => name !== leader.name);
  return system.restart(follower);
}

async function measureMemory({ system, metered, progress, count }) {
  await load({ system, progress, count });
  await sleep(SETTLE_MS);
  return metered(async () => {
    const sizes = system.members.map(({ pid }) => residentMb(pid)).sort((a, b) => a - b);
    return { value: sizes.at(-1), details: { middleMemberMb: sizes[1] } };
  });
}

/** Up to `count` nodes; what is there already stays. */
async function load({ system, progress, count }) {
  for (let i = loaded.get(system) ?? 0; i < count; i += CHILDREN_PER_PARENT) {
    await fillParent(system.client, i, Math.min(CHILDREN_PER_PARENT, count - i));
    if (i % 100_000 === 0 && i > 0) progress(`${i} nodes written`);
  }
  loaded.set(system, Math.max(count, loaded.get(system) ?? 0));
}

async function fillParent(client, from, size) {
  const parent = `/bench-${from}`;
  await client.create(parent, '');
  for (let i = 0; i < size; i += CREATES_PER_TRANSACTION) {
    await client.transact((t) => {
      const last = Math.min(i + CREATES_PER_TRANSACTION, size);
      for (let j = i; j < last; j++) t.create(`${parent}/node-${j}`, VALUE);
    });
  }
}
