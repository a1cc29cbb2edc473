/**
 * A roll of the size that a large company has: 10 000 instances in 100 services, registered by 100
 * sessions. How long registering takes, what a member then weighs, and how long one join takes from the
 * call that registers to the callback of each of 1000 subscribers of its service.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect } from '../../../dist/client/index.js';
import { quantile, startGenerator } from '../generators/generator.mjs';
import { monotonicMs, residentMb } from '../usage.mjs';

const REGISTRARS = fileURLToPath(new URL('../generators/registrars.mjs', import.meta.url));
const DISCOVERERS = fileURLToPath(new URL('../generators/discoverers.mjs', import.meta.url));
const SESSIONS = 100;
const PROCESSES = 2;
const PER_CLIENT = 10;
const SETTLE_MS = 3_000;
const REST_MS = 50;

export const roll = {
  name: 'roll',
  systems: ['rollcall'],
  cases: ({ services, subscribers }) => [
    {
      label: `${services * SESSIONS} instances in ${services} services, all registered`,
      unit: 'ms',
      better: 'lower',
      run: (context) =>
        withRoll({ ...context, services }, async ({ tookMs }) => ({ value: tookMs })),
    },
    {
      label: `${services * SESSIONS} instances, largest member`,
      unit: 'MB',
      better: 'lower',
      run: (context) => withRoll({ ...context, services }, () => weigh(context)),
    },
    {
      label: `one join, ${subscribers} subscribers' callbacks`,
      unit: 'ms',
      better: 'lower',
      goal: subscribers === 1000 ? 'p50 ≤ 25 ms' : undefined,
      run: (context) =>
        withRoll({ ...context, services }, () => joins({ ...context, subscribers })),
    },
  ],
};

const serviceNames = (count) => Array.from({ length: count }, (_, i) => `service-${i}`);

/** Registered while `measure` runs, gone after it. */
async function withRoll({ system, services, metered }, measure) {
  const registrars = startGenerator(REGISTRARS);
  try {
    const { endpoints } = system;
    const request = {
      step: 'open',
      endpoints,
      clients: SESSIONS,
      services: serviceNames(services),
    };
    const registered = await registrars.ask(request);
    return await metered(async () => ({
      details: {},
      generatorCpu: registered.generatorCpu,
      ...(await measure(registered)),
    }));
  } finally {
    await registrars.end();
  }
}

async function weigh({ system }) {
  await sleep(SETTLE_MS);
  const sizes = system.members.map(({ pid }) => residentMb(pid)).sort((a, b) => a - b);
  return { value: sizes.at(-1), details: { middleMemberMb: sizes[1] } };
}

async function joins({ system, settings, subscribers }) {
  const generators = Array.from({ length: PROCESSES }, () => startGenerator(DISCOVERERS));
  const all = (request) => Promise.all(generators.map((one) => one.ask(request)));
  const clients = Math.ceil(subscribers / PROCESSES / PER_CLIENT);
  const { address } = await system.leader();
  const client = connect(address, { learnMembers: false });
  try {
    const [service] = serviceNames(1);
    const { endpoints } = system;
    await all({ step: 'open', endpoints, clients, perClient: PER_CLIENT, service });
    const times = [];
    const shares = [];
    for (let i = 0; i < settings.changes; i++) {
      await sleep(REST_MS);
      const joined = await joinOnce({ all, client, service, id: `late-${i}` });
      times.push(...joined.times);
      shares.push(joined.generatorCpu);
    }
    times.sort((a, b) => a - b);
    return {
      value: quantile(times, 0.5),
      details: { p99Ms: quantile(times, 0.99) },
      generatorCpu: Math.max(...shares),
    };
  } finally {
    await Promise.all(generators.map((one) => one.end()));
    await client.close();
  }
}

/** From before the call that registers, which is earlier than the commit. */
async function joinOnce({ all, client, service, id }) {
  await all({ step: 'expect', id });
  const held = all({ step: 'collect' });
  const startMs = monotonicMs();
  const registration = await client.register(service, { address: '127.0.0.1', port: 9000 }, { id });
  const answers = await held;
  await registration.close();
  return {
    times: answers.flatMap(({ arrivals }) => arrivals.map((at) => at - startMs)),
    generatorCpu: Math.max(...answers.map((answer) => answer.generatorCpu)),
  };
}
