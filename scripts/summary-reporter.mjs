/**
 * Counts what vitest ran and says aloud what it did not: a skipped test is a promise not checked.
 * The counts go to the file named by ROLLCALL_TEST_SUMMARY, for `scripts/test.mjs`.
 */
import { writeFileSync } from 'node:fs';

export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const summary = { passed: 0, failed: unhandledErrors.length, skipped: 0, skips: [] };
    for (const module of modules) countModule(module, summary);
    const file = process.env.ROLLCALL_TEST_SUMMARY;
    if (file) writeFileSync(file, JSON.stringify(summary));
  }
}

function countModule(module, summary) {
  // A file that does not load has no tests to fail.
  summary.failed += module.errors().length;
  for (const suite of module.children.allSuites()) summary.failed += suite.errors().length;
  for (const test of module.children.allTests()) countTest(module, test, summary);
}

function countTest(module, test, summary) {
  const { state, note } = test.result();
  if (state === 'passed') summary.passed++;
  else if (state === 'failed') summary.failed++;
  else {
    summary.skipped++;
    const why = note ?? 'no reason given';
    summary.skips.push(`${module.relativeModuleId} > ${test.fullName}: ${why}`);
  }
}
