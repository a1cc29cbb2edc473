/**
 * How long nothing is acknowledged when the leader is killed, or hangs. One writer, 200 writes a second,
 * one at a time; a figure is the longest pause after a blow. That nothing is lost meanwhile is for the
 * tests to say.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../processes.mjs';

const PACE_MS = 5;
/** Before a blow, so that everybody is in step again. */
const REST_MS = 2_000;
const AFTERMATH_MS = 2_000;

const BLOWS = [
  { label: 'leader killed -9', signal: 'SIGKILL', goal: 'median ≤ 150 ms' },
  { label: 'leader hung', signal: 'SIGSTOP', goal: 'median ≤ 900 ms' },
];

export const failover = {
  name: 'failover',
  systems: ['rollcall', 'etcd'],
  cases: () =>
    BLOWS.map((blow) => ({
      label: blow.label,
      unit: 'ms',
      better: 'lower',
      goal: blow.goal,
      run: (context) => run({ ...context, blow }),
    })),
};

async function run({ system, settings, metered, progress, blow }) {
  const load = startLoad(await system.openWriter());
  const gaps = [];
  try {
    const found = await metered(async () => {
      for (let i = 0; i < settings.kills; i++) {
        gaps.push(await strike({ system, load, blow }));
        progress(`${system.name}, ${blow.label}: ${gaps.at(-1).toFixed(0)} ms`);
      }
    });
    return { ...found, values: gaps, details: {} };
  } finally {
    await load.stop();
  }
}

async function strike({ system, load, blow }) {
  await sleep(REST_MS);
  const leader = await system.leader();
  const startMs = performance.now();
  system.signal(leader, blow.signal);
  await until(() => load.lastMs() > startMs + AFTERMATH_MS, 'writes are acknowledged again');
  const gapMs = load.longestGapMs(startMs);
  await system.restart(leader);
  return gapMs;
}

function startLoad(writer) {
  let stopping = false;
  let times = [];
  const work = (async () => {
    while (!stopping) {
      const nextMs = performance.now() + PACE_MS;
      // The pause shows in the times; what an attempt ran into does not matter here.
      await writer.write().then(
        () => times.push(performance.now()),
        () => {},
      );
      await sleep(Math.max(0, nextMs - performance.now()));
    }
  })();
  return {
    lastMs: () => times.at(-1) ?? 0,
    longestGapMs: (fromMs) => {
      const gaps = times.slice(1).map((at, i) => (at > fromMs ? at - times[i] : 0));
      times = times.slice(-1);
      return Math.max(...gaps);
    },
    stop: async () => {
      stopping = true;
      await work;
      await writer.close();
    },
  };
}
