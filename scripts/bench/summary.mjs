/** Samples into figures: one summary a case and system, over all rounds. Pure. */

/** Above this share of a core a generator measures itself. */
const GENERATOR_CPU_MAX = 0.9;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `{ workload, case, unit, better, goal, systems: { [name]: summary }, ratio }`, in order of running. */
export function summarize(samples) {
  const cases = new Map();
  for (const sample of samples) {
    const key = `${sample.workload} ${sample.case}`;
    if (!cases.has(key)) cases.set(key, []);
    cases.get(key).push(sample);
  }
  return [...cases.values()].map(summarizeCase);
}

function summarizeCase(samples) {
  const { workload, case: label, unit, better, goal } = samples[0];
  const names = [...new Set(samples.map(({ system }) => system))].sort(oursFirst);
  const summaries = names.map((name) => {
    return [name, summarizeSystem(samples.filter(({ system }) => system === name))];
  });
  const systems = Object.fromEntries(summaries);
  return { workload, case: label, unit, better, goal, systems, ratio: ratioOf(systems, better) };
}

function oursFirst(a, b) {
  return Number(b === 'rollcall') - Number(a === 'rollcall') || a.localeCompare(b);
}

function summarizeSystem(samples) {
  const values = samples.flatMap((sample) => sample.values);
  const notes = new Set(samples.flatMap((sample) => sample.notes));
  const generatorCpu = Math.max(...samples.map((sample) => sample.generatorCpu ?? 0));
  if (generatorCpu > GENERATOR_CPU_MAX) {
    notes.add(`the generator is the limit: it took ${Math.round(generatorCpu * 100)} % of a core`);
  }
  if (values.length === 0) return { values, notes: [...notes] };
  const typical = typicalOf(samples.filter((sample) => sample.values.length > 0));
  return {
    values,
    median: median(values),
    lowest: Math.min(...values),
    highest: Math.max(...values),
    generatorCpu,
    notes: [...notes],
    ...typical,
  };
}

/** What the round in the middle cost: costs of different rounds do not mix. */
function typicalOf(samples) {
  const sorted = [...samples].sort((a, b) => median(a.values) - median(b.values));
  const { details, seconds, costs } = sorted[sorted.length >> 1];
  return { details, seconds, costs };
}

/** How many times better than the peer. */
function ratioOf(systems, better) {
  const ours = systems.rollcall?.median;
  const peer = systems.etcd?.median;
  if (ours === undefined || peer === undefined) return undefined;
  return better === 'higher' ? ours / peer : peer / ours;
}
