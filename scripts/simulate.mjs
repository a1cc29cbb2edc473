/**
 * Runs the simulator: whole clusters in virtual time, each drawn from its seed. `--seeds N` seeds (1000)
 * from `--first N` (1), or `--seed N` alone, which with SIM_SHOW=1 also shows what the members log. Ends
 * with 1 when a seed breaks a promise.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './staleness.mjs';

function readNumber(text, name) {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--${name} wants a number from 1`);
  return number;
}

function readRange() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { seed: text, seeds: text, first: text } });
  if (values.seed !== undefined) return [readNumber(values.seed, 'seed'), 1];
  return [readNumber(values.first ?? '1', 'first'), readNumber(values.seeds ?? '1000', 'seeds')];
}

function run(args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

function main() {
  const range = readRange();
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const built = run([compiler, '-p', join(root, 'test', 'sim', 'tsconfig.json')]);
  if (built !== 0) return built;
  const program = [
    'node_modules',
    '.cache',
    'rollcall-sim',
    'test',
    'support',
    'programs',
    'simulate.js',
  ];
  return run(['--enable-source-maps', join(root, ...program), ...range.map(String)]);
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
