/**
 * Runs drills at full length, those that `npm test` runs short, and prints their figures as a table.
 * Progress goes to stderr. A drill that finds something wrong makes the exit code 1.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './staleness.mjs';

const FOLDER = join('test', 'e2e');
const ENDING = '.test.ts';
/** Only these measure; the others have no full length. */
const REPORTS = /\bfigure\(/;

function listDrills() {
  const names = readdirSync(join(root, FOLDER)).filter((name) => name.endsWith(ENDING));
  const drills = names.filter((name) =>
    REPORTS.test(readFileSync(join(root, FOLDER, name), 'utf8')),
  );
  return drills.map((name) => name.slice(0, -ENDING.length));
}

function printUsage(drills) {
  process.stdout.write(
    `usage: npm run drill -- DRILL|all [part of a test's name]\n  ${drills.join('\n  ')}\n` +
      'ROLLCALL_DRILL_SEED=N repeats the chances of an earlier run.\n',
  );
}

/** One after the other, never side by side: they measure. */
function run(drill, part) {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-drill-'));
  const file = join(folder, 'figures');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const filter = part === undefined ? [] : ['--testNamePattern', part];
  process.stderr.write(`\n${drill}\n`);
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', join(FOLDER, drill + ENDING), '--no-file-parallelism', ...filter],
    {
      cwd: root,
      // All of it is progress; only the table is the result.
      stdio: ['ignore', 2, 2],
      env: { ...process.env, ROLLCALL_DRILL_FIGURES: file },
    },
  );
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  rmSync(folder, { recursive: true });
  return { drill, isPassed: status === 0, figures: text.split('\n').filter(Boolean).map(parse) };
}

const parse = (line) => JSON.parse(line);

function printTable(results) {
  const rows = results.flatMap(({ drill, isPassed, figures }) => [
    [drill, isPassed ? 'passed' : 'FAILED'],
    ...figures.map(({ name, value }) => [`  ${name}`, String(value)]),
  ]);
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(width)}  ${value}\n`);
  const load = loadavg()[0].toFixed(1);
  process.stdout.write(`\n${cpus().length} cores, load average at the end ${load}\n`);
}

const drills = listDrills();
const [wanted, part] = process.argv.slice(2);
const chosen = wanted === 'all' ? drills : drills.filter((drill) => drill === wanted);
if (chosen.length === 0) {
  printUsage(drills);
  process.exitCode = 2;
} else {
  const results = chosen.map((drill) => run(drill, part));
  printTable(results);
  process.exitCode = results.every(({ isPassed }) => isPassed) ? 0 : 1;
}
