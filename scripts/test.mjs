/**
 * The one gate: format and lint, types of sources and tests, generated code, then every test. Ends
 * with one line "N passed, N failed, N skipped" that counts all of them. Arguments go to vitest.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './staleness.mjs';

const bin = (name) => join(root, 'node_modules', ...name.split('/'));

const CHECKS = [
  ['format and lint', [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']],
  ['types', [bin('typescript/bin/tsc'), '-p', join(root, 'test', 'tsconfig.json')]],
  ['generated code is current', [join(root, 'scripts', 'proto.mjs'), '--check']],
];

function run(args, env = {}) {
  const result = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return result.status === 0;
}

function runChecks(total) {
  for (const [name, args] of CHECKS) {
    const passed = run(args);
    process.stdout.write(`${passed ? 'ok    ' : 'FAILED'} ${name}\n`);
    total[passed ? 'passed' : 'failed']++;
  }
}

function runTests(total, vitestArguments) {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
  const file = join(folder, 'summary.json');
  const reporters = ['--reporter=default', '--reporter=./scripts/summary-reporter.mjs'];
  const passed = run([bin('vitest/vitest.mjs'), 'run', ...reporters, ...vitestArguments], {
    ROLLCALL_TEST_SUMMARY: file,
  });
  const summary = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  rmSync(folder, { recursive: true });
  add(total, summary ?? { passed: 0, failed: 1, skipped: 0, skips: [] });
  if (!passed && total.failed === 0) total.failed++;
}

function add(total, part) {
  total.passed += part.passed;
  total.failed += part.failed;
  total.skipped += part.skipped;
  total.skips.push(...part.skips);
}

const total = { passed: 0, failed: 0, skipped: 0, skips: [] };
runChecks(total);
runTests(total, process.argv.slice(2));
for (const skip of total.skips) process.stdout.write(`SKIPPED ${skip}\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = total.failed === 0 ? 0 : 1;
