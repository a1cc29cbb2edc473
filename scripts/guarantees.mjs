/**
 * `npm run guarantees`: runs every test that docs/guarantees.md names and prints its table, promise by
 * promise, with what came of them. Exit code 1 when a promise has no test or a test failed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { root } from './staleness.mjs';

const DOCS = join(root, 'docs');
const ROW = /^\| (\w+) \| (.*?) \| (.*?) ?\|$/;
const LINK = /\]\(([^)]+)\)/g;
const WIDTH = 78;

function readPromises() {
  const lines = readFileSync(join(DOCS, 'guarantees.md'), 'utf8').split('\n');
  const rows = lines.map((line) => ROW.exec(line)).filter((row) => row !== null);
  return rows
    .filter(([, code]) => /\d$/.test(code))
    .map(([, code, promise, links]) => ({ code, promise, files: filesOf(links) }));
}

const filesOf = (links) =>
  [...links.matchAll(LINK)].map(([, link]) => relative(root, resolve(DOCS, link)));

/** By file: how many tests passed, failed and were skipped. */
function runTests(files) {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-guarantees-'));
  const output = join(folder, 'results.json');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const args = ['run', ...files, '--reporter=default', '--reporter=json', `--outputFile=${output}`];
  // All that it says is progress; only the table is the result.
  spawnSync(process.execPath, [vitest, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
  const { testResults } = JSON.parse(readFileSync(output, 'utf8'));
  rmSync(folder, { recursive: true });
  return new Map(testResults.map((result) => [relative(root, result.name), countOf(result)]));
}

function countOf({ status, assertionResults }) {
  const count = (wanted) => assertionResults.filter((one) => one.status === wanted).length;
  // A file that cannot be loaded has no tests to fail.
  const failed = status === 'failed' ? Math.max(1, count('failed')) : count('failed');
  return { passed: count('passed'), failed, skipped: count('pending') + count('skipped') };
}

function resultOf({ files }, counts) {
  const found = files.map((file) => counts.get(file) ?? { passed: 0, failed: 1, skipped: 0 });
  const sum = (what) => found.reduce((all, one) => all + one[what], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

const isKept = ({ passed, failed }) => passed > 0 && failed === 0;

function lineOf({ code, promise }, { passed, failed, skipped }) {
  const short = promise.length > WIDTH ? `${promise.slice(0, WIDTH - 1)}…` : promise;
  const extra = skipped > 0 ? `, ${skipped} skipped` : '';
  const verdict = isKept({ passed, failed }) ? 'kept  ' : 'BROKEN';
  return `${code.padEnd(4)} ${verdict} ${String(passed).padStart(4)} passed, ${failed} failed${extra.padEnd(12)} ${short}`;
}

const promises = readPromises();
const counts = runTests([...new Set(promises.flatMap(({ files }) => files))]);
const results = promises.map((promise) => resultOf(promise, counts));
for (const [i, promise] of promises.entries())
  process.stdout.write(`${lineOf(promise, results[i])}\n`);
const kept = results.filter(isKept).length;
process.stdout.write(`\n${kept} of ${promises.length} promises kept, ${counts.size} test files\n`);
process.exitCode = kept === promises.length ? 0 : 1;
