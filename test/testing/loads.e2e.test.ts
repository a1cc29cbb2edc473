/** What the package loads for a cluster in memory, seen by a program that uses the built package. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../support/programs/loads.mjs', import.meta.url));
/** What only a member on a disk, the command line or a scrape needs. */
const UNWANTED =
  /\/node_modules\/(level|classic-level|commander|prom-client|pino|yaml|valibot|hono|@hono)\//;

test('a cluster for tests starts without LevelDB, metrics, the logger and the command line', async () => {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [PROGRAM, 'testing', 'start']);
  const loaded = stdout.split('\n');
  expect(loaded.some((url) => url.includes('/dist/server/core.js'))).toBe(true);
  expect(loaded.filter((url) => UNWANTED.test(url) || url.includes('/dist/cli/'))).toEqual([]);
});
