/** Picks: who is chosen how often, and what moves with a change of the list. */
import { describe, expect, test } from 'vitest';
import type { Balancer, Picker } from '../../src/client/balancers/balancer.js';
import { createP2c } from '../../src/client/balancers/p2c.js';
import { createRoundRobin } from '../../src/client/balancers/round-robin.js';
import { asRevision } from '../../src/types/ids.js';
import type { Instance } from '../../src/types/instance.js';
import type { Random } from '../../src/types/ports.js';

/** Fixed seed, so that a failure is one every time. */
function seeded(seed = 1): Random {
  let state = seed;
  return {
    below(bound) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    },
  };
}

function instance(id: string, weight = 100): Instance {
  const revision = asRevision(1);
  return {
    ...{ service: 's', id, address: '127.0.0.1', port: 80, ports: {}, protocol: 'http' },
    ...{ basePath: '', weight, zone: '', tags: {}, state: 'UP', registeredAt: 0, sequence: 0 },
    ...{ revision, createRevision: revision, ordinal: 0, incarnation: revision },
    ...{ url: `http://${id}`, overridden: false },
  };
}

function shares(picker: Picker, picks: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < picks; i++) {
    const { id } = picker.pick()!.instance;
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

const balancers: readonly (readonly [string, (random: Random) => Balancer])[] = [
  ['p2c', createP2c],
  ['round robin', createRoundRobin],
];

describe.each(balancers)('%s', (_, create) => {
  test('picks nothing from nothing', () => {
    expect(create(seeded()).picker([]).pick()).toBeUndefined();
  });

  test('spreads evenly over equals', () => {
    const picker = create(seeded()).picker(['a', 'b', 'c', 'd'].map((id) => instance(id)));
    for (const count of Object.values(shares(picker, 20_000))) {
      expect(count).toBeGreaterThan(4_700);
      expect(count).toBeLessThan(5_300);
    }
  });

  test('spreads by weight', () => {
    const picker = create(seeded()).picker([
      instance('a', 100),
      instance('b', 300),
      instance('c', 50),
    ]);
    const counts = shares(picker, 45_000);
    expect(counts.a! / 10_000).toBeCloseTo(1, 1);
    expect(counts.b! / 30_000).toBeCloseTo(1, 1);
    expect(counts.c! / 5_000).toBeCloseTo(1, 1);
  });

  test('gives nothing to a weight of 0 while others have more, and everything when nobody has', () => {
    const some = create(seeded()).picker([instance('a', 0), instance('b', 1)]);
    expect(shares(some, 100)).toEqual({ b: 100 });
    const none = create(seeded()).picker([instance('a', 0), instance('b', 0)]);
    expect(Object.keys(shares(none, 100)).sort()).toEqual(['a', 'b']);
  });

  test('never picks what is excluded', () => {
    const picker = create(seeded()).picker([instance('a'), instance('b', 10_000), instance('c')]);
    for (let i = 0; i < 200; i++) {
      expect(picker.pick({ exclude: ['b', 'c'] })!.instance.id).toBe('a');
    }
    expect(picker.pick({ exclude: ['a', 'b', 'c'] })).toBeUndefined();
  });

  test('keeps the count of requests under way when the list changes', () => {
    const balancer = create(seeded());
    const before = balancer.picker([instance('a')]).pick()!;
    before.load.active++;
    const after = balancer.picker([instance('a', 7)]).pick()!;
    expect(after.load).toBe(before.load);
    expect(after.instance.weight).toBe(7);
  });

  test('remembers an instance that left with requests under way and came back', () => {
    const balancer = create(seeded());
    const before = balancer.picker([instance('a')]).pick()!;
    before.load.active++;
    balancer.picker([]);
    expect(balancer.picker([instance('a')]).pick()!.load.active).toBe(1);
  });
});

describe('p2c', () => {
  test('evens out requests under way', () => {
    const picker = createP2c(seeded()).picker(
      Array.from({ length: 10 }, (_, i) => instance(`i${i}`)),
    );
    const active = Array.from({ length: 1_000 }, () => {
      const pick = picker.pick()!;
      pick.load.active++;
      return pick;
    });
    const loads = [...new Set(active.map(({ load }) => load.active))];
    expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(6);
  });

  test('avoids the one that is busy', () => {
    const picker = createP2c(seeded()).picker([instance('slow'), instance('quick')]);
    const slow = picker.pick({ exclude: ['quick'] })!;
    slow.load.active = 100;
    expect(shares(picker, 1_000).quick).toBeGreaterThan(700);
  });
});

describe('round robin', () => {
  test('goes around, each weight spread over the round', () => {
    const picker = createRoundRobin({ below: () => 0 }).picker([
      instance('a', 300),
      instance('b', 100),
      instance('c', 100),
    ]);
    const round = Array.from({ length: 10 }, () => picker.pick()!.instance.id).join('');
    expect(round).toBe('abacaabaca');
  });

  test('starts at a random place', () => {
    const picker = createRoundRobin({ below: () => 1 }).picker([instance('a'), instance('b')]);
    expect(picker.pick()!.instance.id).toBe('b');
  });
});
