/**
 * One change, and how long until each of N subscribers holds it: from before the change is asked for, with
 * everything between. Subscribers are spread over all members and live in two processes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { quantile, startGenerator } from '../generators/generator.mjs';
import { monotonicMs } from '../usage.mjs';

const SUBSCRIBERS = fileURLToPath(new URL('../generators/subscribers.mjs', import.meta.url));
const PROCESSES = 2;
const WARM_UP_CHANGES = 5;
const REST_MS = 20;
const PROBES = new Map([[1000, { goal: 'p50 ≤ 25 ms' }]]);

export const fanout = {
  name: 'fanout',
  systems: ['rollcall', 'etcd'],
  cases: ({ watchers }) =>
    watchers.map((count) => ({
      label: `${count} subscribers, all hold it`,
      unit: 'ms',
      better: 'lower',
      goal: PROBES.get(count)?.goal,
      run: (context) => run({ ...context, count }),
    })),
};

async function run({ system, settings, metered, count }) {
  const generators = Array.from({ length: PROCESSES }, () => startGenerator(SUBSCRIBERS));
  const all = (request) => Promise.all(generators.map((one, i) => one.ask(request(i))));
  const roll = await system.prepareFanout();
  const subscription = { ...roll.subscription, message: toText(roll.subscription.message) };
  try {
    const addresses = system.endpoints;
    await all((i) => ({ step: 'open', addresses, count: shareOf(count, i), subscription }));
    for (let i = 0; i < WARM_UP_CHANGES; i++) await changeOnce({ all, roll, marker: `warm-${i}-` });
    return await metered(() => measure({ all, roll, count, changes: settings.changes }));
  } finally {
    await Promise.all(generators.map((one) => one.end()));
    await roll.close();
  }
}

const toText = (bytes) => Buffer.from(bytes).toString('base64');

function shareOf(count, i) {
  return Math.floor((count + i) / PROCESSES);
}

async function measure({ all, roll, count, changes }) {
  const [lasts, middles, shares] = [[], [], []];
  for (let i = 0; i < changes; i++) {
    await sleep(REST_MS);
    const found = await changeOnce({ all, roll, marker: `change-${i}-` });
    if (found.times.length !== count) throw new Error(`${found.times.length} of ${count} hold it`);
    lasts.push(found.times.at(-1));
    middles.push(quantile(found.times, 0.5));
    shares.push(found.generatorCpu);
  }
  for (const values of [lasts, middles, shares]) values.sort((a, b) => a - b);
  return {
    value: quantile(lasts, 0.5),
    details: { p99Ms: quantile(lasts, 0.99), middleSubscriberMs: quantile(middles, 0.5) },
    generatorCpu: quantile(shares, 0.5),
  };
}

async function changeOnce({ all, roll, marker }) {
  await all(() => ({ step: 'expect', marker }));
  const held = all(() => ({ step: 'collect' }));
  const startMs = monotonicMs();
  const [answers] = await Promise.all([held, roll.change(marker)]);
  return {
    times: answers
      .flatMap(({ arrivals }) => arrivals.map((at) => at - startMs))
      .sort((a, b) => a - b),
    generatorCpu: Math.max(...answers.map((answer) => answer.generatorCpu)),
  };
}
