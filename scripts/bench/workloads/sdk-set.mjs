/** Writes through the SDK, pipelined: what an application in this language gets. */
import { fileURLToPath } from 'node:url';
import { startGenerator } from '../generators/generator.mjs';

const WRITER = fileURLToPath(new URL('../generators/sdk-writer.mjs', import.meta.url));
const BYTES = 100;

const SHAPES = [
  { label: 'window 100', clients: 1, window: 100 },
  { label: 'window 1000', clients: 1, window: 1000, goal: '≥ 60 k/s' },
  { label: 'window 1000, at a follower', clients: 1, window: 1000, atFollower: true },
  { label: '4 clients, window 250', clients: 4, window: 250 },
];

export const sdkSet = {
  name: 'sdk-set',
  systems: ['rollcall'],
  cases: () =>
    SHAPES.map((shape) => ({
      label: shape.label,
      unit: '/s',
      better: 'higher',
      goal: shape.goal,
      run: (context) => run({ ...context, shape }),
    })),
};

async function run({ system, settings, metered, shape, caseId }) {
  const leader = await system.leader();
  const follower = system.members.find(({ name }) => name !== leader.name);
  const { address } = shape.atFollower ? follower : leader;
  const writers = Array.from({ length: shape.clients }, () => startGenerator(WRITER));
  const all = (request) => Promise.all(writers.map((writer, i) => writer.ask(request(i))));
  try {
    await all((i) => ({ step: 'open', endpoints: [address], id: `${caseId}-${i}`, bytes: BYTES }));
    await all(() => ({ window: shape.window, seconds: settings.warmUpSeconds }));
    const write = () => all(() => ({ window: shape.window, seconds: settings.seconds }));
    return await metered(async () => summaryOf(await write()));
  } finally {
    await Promise.all(writers.map((writer) => writer.end()));
  }
}

function summaryOf(answers) {
  const worst = (pick) => Math.max(...answers.map((answer) => pick(answer) ?? 0));
  const failed = answers.reduce((sum, answer) => sum + answer.failed, 0);
  return {
    value: answers.reduce((sum, answer) => sum + answer.perSecond, 0),
    details: { p50Ms: worst(({ p50Ms }) => p50Ms), p99Ms: worst(({ p99Ms }) => p99Ms) },
    generatorCpu: worst(({ generatorCpu }) => generatorCpu),
    notes: failed > 0 ? [`${failed} writes failed`] : [],
  };
}
