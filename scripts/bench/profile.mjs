/**
 * Where the time of a process went, from the profile that `node --cpu-prof` writes: self time by function
 * and by file, within a span if one is given. Waiting is left out of the shares. Runs by itself too:
 * `node scripts/bench/profile.mjs FILE…`.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../staleness.mjs';

const FUNCTIONS_SHOWN = 25;
const FILES_SHOWN = 25;
const NATIVE = '(native)';
const WAITING = new Set(['(idle)', '(root)']);

export function readProfile(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** `span`: by the monotonic clock; by default all of it, with start and end. */
export function describeProfile(profile, span = { fromMs: 0, toMs: Number.POSITIVE_INFINITY }) {
  const { usById, totalUs } = timesWithin(profile, span);
  const times = selfTimes(profile, usById);
  const busyUs = sum(times.map(({ us }) => us));
  const share = ((busyUs / totalUs) * 100).toFixed(0);
  const functions = grouped(times, ({ name, file, line }) =>
    file === NATIVE ? name : `${name}  ${file}:${line}`,
  );
  const files = grouped(times, ({ name, file }) => (file === NATIVE ? name : file));
  return [
    `busy ${(busyUs / 1e6).toFixed(1)} s of ${(totalUs / 1e6).toFixed(1)} s (${share} %)`,
    'self time by function',
    ...topOf(functions, busyUs, FUNCTIONS_SHOWN),
    'self time by file',
    ...topOf(files, busyUs, FILES_SHOWN),
  ].join('\n');
}

/** Microseconds on top, for each node of the call tree. */
function timesWithin({ startTime, samples, timeDeltas }, { fromMs, toMs }) {
  const usById = new Map();
  let atUs = startTime;
  let totalUs = 0;
  for (const [i, id] of samples.entries()) {
    atUs += timeDeltas[i];
    if (atUs < fromMs * 1000 || atUs > toMs * 1000) continue;
    usById.set(id, (usById.get(id) ?? 0) + timeDeltas[i]);
    totalUs += timeDeltas[i];
  }
  return { usById, totalUs };
}

/** Functions in native code have no file of their own. */
function selfTimes({ nodes }, usById) {
  return nodes
    .filter(({ id, callFrame }) => usById.has(id) && !WAITING.has(callFrame.functionName))
    .map(({ id, callFrame }) => ({
      name: callFrame.functionName || '(anonymous)',
      file: fileOf(callFrame.url),
      line: callFrame.lineNumber + 1,
      us: usById.get(id),
    }));
}

/** Relative to the repository; packages by their own path. */
function fileOf(url) {
  if (url === '') return NATIVE;
  if (!url.startsWith('file:')) return url;
  return relative(root, fileURLToPath(url)).replace(/^.*node_modules\//, '');
}

function grouped(times, keyOf) {
  const groups = new Map();
  for (const time of times) {
    const key = keyOf(time);
    groups.set(key, (groups.get(key) ?? 0) + time.us);
  }
  return [...groups].sort(([, a], [, b]) => b - a);
}

function topOf(groups, busyUs, count) {
  return groups.slice(0, count).map(([key, us]) => {
    const share = ((us / busyUs) * 100).toFixed(1).padStart(6);
    return `${share} %  ${(us / 1e6).toFixed(2).padStart(7)} s  ${key}`;
  });
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of process.argv.slice(2)) {
    process.stdout.write(`${describeProfile(readProfile(file))}\n`);
  }
}
