/**
 * Runs the rounds. Each system is started afresh for each workload of each round, alone on the machine,
 * and the order of systems turns from round to round, so that drift of the machine hits all alike.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeProfile, readProfile } from './profile.mjs';
import { startSystem } from './systems/index.mjs';
import { metered } from './usage.mjs';

/** One sample a case, system and round: `{ workload, case, system, values, … }`. */
export async function runRounds(options, { progress, print }) {
  const samples = [];
  for (let round = 0; round < options.rounds; round++) {
    for (const workload of options.workloads) {
      for (const name of systemsOf(workload, options.beside, round)) {
        progress(`round ${round + 1} of ${options.rounds}: ${workload.name}, ${name}`);
        samples.push(...(await runSystem({ name, workload, round, options, progress, print })));
      }
    }
  }
  return samples;
}

function systemsOf({ systems }, beside, round) {
  const asked = systems.filter((name, i) => i === 0 || beside.includes(name));
  return round % 2 === 0 ? asked : asked.reverse();
}

async function runSystem({ name, workload, round, options, progress, print }) {
  const cases = casesOf(workload, options);
  if (cases.length === 0) return [];
  const profile = profileFor({ name, workload, round, options });
  let samples = [];
  let system;
  try {
    system = await startSystem(name, { dir: options.dir, profile });
    await workload.prepare?.(system);
    for (const [i, one] of cases.entries()) {
      samples.push(await runCase({ system, one, caseId: i, workload, options, progress }));
    }
  } catch (error) {
    progress(`  ${name} does not start: ${error.message}`);
    samples = cases.map((one) => failedSample(sampleHead({ one, workload, name }), error));
  } finally {
    await system?.stop();
  }
  if (profile !== undefined) printProfiles(samples, profile, print);
  return samples;
}

/** Of the leader of each case, while it was measured. */
function printProfiles(samples, { folder, prefix }, print) {
  for (const { workload, case: label, span, costs } of samples) {
    const leader = costs.find(({ isLeader }) => isLeader)?.name;
    const file = join(folder, `${prefix}-${leader}.cpuprofile`);
    if (leader === undefined || !existsSync(file)) continue;
    print(`\n${workload}, ${label}: ${leader}\n${describeProfile(readProfile(file), span)}`);
  }
}

function casesOf(workload, options) {
  const cases = workload.cases(options.settings);
  return cases.filter(({ label }) => options.case === undefined || label.includes(options.case));
}

/** Only what runs in this language writes profiles. */
function profileFor({ name, workload, round, options }) {
  if (options.profile === undefined || name === 'etcd') return undefined;
  return { folder: options.profile, prefix: `${workload.name}-${name}-${round + 1}` };
}

function sampleHead({ one, workload, name }) {
  const { label, unit, better, goal } = one;
  return { workload: workload.name, case: label, unit, better, goal, system: name };
}

/** A case that fails is a finding, not the end of the run. */
function failedSample(head, error) {
  return { ...head, values: [], details: {}, costs: [], notes: [`failed: ${error.message}`] };
}

async function runCase({ system, one, caseId, workload, options, progress }) {
  const { label, unit } = one;
  const head = sampleHead({ one, workload, name: system.name });
  const measure = (work) => metered(() => system.members, work);
  const context = { system, settings: options.settings, caseId, progress, metered: measure };
  try {
    const { value, values = [value], ...found } = await one.run(context);
    progress(`  ${label}: ${values.map((each) => Number(each.toPrecision(4))).join(', ')} ${unit}`);
    const leader = await system.leader();
    const costs = found.costs.map((cost) => ({ ...cost, isLeader: cost.name === leader.name }));
    return { notes: [], details: {}, ...found, ...head, values, costs };
  } catch (error) {
    progress(`  ${label}: failed: ${error.message}`);
    return failedSample(head, error);
  }
}
