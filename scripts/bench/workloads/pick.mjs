/** What it costs to choose an instance: in memory, from a view of a live cluster. */
import { fileURLToPath } from 'node:url';
import { startGenerator } from '../generators/generator.mjs';

const PICKS = fileURLToPath(new URL('../generators/picks.mjs', import.meta.url));
const SIZES = [10, 1000];

export const pick = {
  name: 'pick',
  systems: ['rollcall'],
  cases: () => SIZES.flatMap((instances) => [caseOf(instances, false), caseOf(instances, true)]),
};

function caseOf(instances, accounted) {
  const call = accounted ? 'acquire and dispose' : 'pick';
  return {
    label: `p2c ${call}, ${instances} instances`,
    unit: 'ns',
    better: 'lower',
    goal: accounted ? undefined : '≤ 150 ns',
    run: (context) => run({ ...context, instances, accounted }),
  };
}

async function run({ system, settings, metered, instances, accounted }) {
  const service = `bench-pick-${instances}`;
  await registerAll(system.client, service, instances);
  const generator = startGenerator(PICKS);
  const request = { endpoints: system.endpoints, service, instances, accounted };
  try {
    return await metered(async () => {
      const { nanoseconds } = await generator.ask({ ...request, picks: settings.picks });
      return { value: nanoseconds, details: {} };
    });
  } finally {
    await generator.end();
  }
}

/** Again for the next case, which changes nothing. */
async function registerAll(client, service, count) {
  const register = (i) =>
    client.register(
      service,
      { port: i + 1, weight: 50 + (i % 100) },
      { id: `i${i}`, static: true },
    );
  for (let i = 0; i < count; i += 100) {
    const some = Array.from({ length: Math.min(100, count - i) }, (_, j) => register(i + j));
    await Promise.all(some);
  }
}
