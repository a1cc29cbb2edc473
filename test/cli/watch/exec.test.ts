/** Goal: a command is told everything and its end is reported, whatever kind of end. Method: real commands. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { instanceRow } from '../../../src/cli/rows.js';
import { runHook } from '../../../src/cli/watch/exec.js';
import type { Notice } from '../../../src/cli/watch/notice.js';
import { instance } from '../instances.js';

const NOTICE: Notice = {
  type: 'join',
  time: '2026-01-01T00:00:00.000Z',
  revision: 7,
  service: 'web',
  instance: instanceRow(instance()),
  instances: [instanceRow(instance())],
};

function outputFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-exec-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'out');
}

it('hands the notice over on standard input, complete', async () => {
  const out = outputFile();
  expect(await runHook(['sh', '-c', 'cat > "$0"', out], NOTICE)).toBe(0);
  expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual(NOTICE);
});

it('hands the words of a command over untouched, and a text to the shell', async () => {
  const out = outputFile();
  await runHook(['sh', '-c', 'printf %s "$1" > "$0"', out, '$ROLLCALL_ID; "'], NOTICE);
  expect(readFileSync(out, 'utf8')).toBe('$ROLLCALL_ID; "');
  await runHook(`printf %s "$ROLLCALL_ID $ROLLCALL_REVISION" > ${out}`, NOTICE);
  expect(readFileSync(out, 'utf8')).toBe('blue 7');
});

it.each([
  ['exit 3', 3],
  ['kill -9 $$', 137],
])('tells the end of `%s` as %i', async (text, code) => {
  expect(await runHook(text, NOTICE)).toBe(code);
});

it('tells a command that is not there as a shell would', async () => {
  expect(await runHook(['/nonexistent/command'], NOTICE)).toBe(127);
  expect(await runHook(['/'], NOTICE)).toBe(126);
});

it('bears a command that reads nothing of a long list', async () => {
  const many = Array.from({ length: 20_000 }, (_, i) => instanceRow(instance({ id: `i-${i}` })));
  expect(await runHook(['true'], { ...NOTICE, instances: many })).toBe(0);
  expect(await runHook(['sh', '-c', 'wc -c > /dev/null'], { ...NOTICE, instances: many })).toBe(0);
});
