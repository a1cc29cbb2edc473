/** Documents that list what the code defines must list all of it, and nothing else. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERROR_CODES, isRetryable } from '../src/types/errors.js';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const rows = (text: string) => [...text.matchAll(/^\| (\w+) \|(.*)\|$/gm)];

test('docs/errors.md lists every code, with whether it is retryable', () => {
  const listed = rows(read('docs/errors.md')).filter(([, code]) => code !== 'Code');
  expect(listed.map(([, code]) => code).sort()).toEqual([...ERROR_CODES].sort());
  for (const [, code, rest] of listed) {
    const known = ERROR_CODES.find((name) => name === code)!;
    expect([code, rest!.includes('| yes ')]).toEqual([code, isRetryable(known)]);
  }
});

test('docs/build-rules.md has the 28 rules, in order', () => {
  const rules = rows(read('docs/build-rules.md')).map(([, code]) => code);
  const wanted = Array.from({ length: 28 }, (_, i) => `R${i + 1}`);
  expect(rules.filter((code) => code !== 'Rule')).toEqual(wanted);
});

test('docs/guarantees.md names every promise once', () => {
  const codes = rows(read('docs/guarantees.md')).map(([, code]) => code);
  const promises = codes.filter((code) => code !== 'Code');
  expect(new Set(promises).size).toBe(promises.length);
});

test('every script of package.json runs a file that is there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const files = Object.values(scripts).flatMap((line) => line.match(/scripts\/\S+\.mjs/g) ?? []);
  const missing = files.filter((file) => !existsSync(new URL(`../${file}`, import.meta.url)));
  expect(missing).toEqual([]);
});
