/** Everything that the package's entries export says what it is, in a comment that editors and typedoc show. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { publicNames } from './support/tidy/public.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ENTRIES = ['src/client/index.ts', 'src/testing/index.ts'];
const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');

test.each(ENTRIES)('every export of %s is documented', (entry) => {
  const names = publicNames(entry, read);
  expect(names.length).toBeGreaterThan(4);
  const silent = names.filter(({ isDocumented }) => !isDocumented);
  expect(silent.map(({ name, path }) => `${path}: ${name}`)).toEqual([]);
});

test('exports are followed, and a comment about the file is none about its first export', () => {
  const files: Readonly<Record<string, string>> = {
    'a/index.ts':
      "/** Entry. */\nexport { b, type C } from './b.js';\nexport type * from './d.js';\n",
    'a/b.ts': '/** File. */\nexport function b() {}\n\n/** Known. */\nexport interface C {}\n',
    'a/d.ts':
      '/** File. */\n\n/** One. */\n\nexport type D = 1;\n/**\n * Two.\n */\nexport const e = 1;\n',
  };
  const found = publicNames('a/index.ts', (path) => files[path]!);
  expect(found.map(({ name, isDocumented }) => [name, isDocumented])).toEqual([
    ['b', false],
    ['C', true],
    ['D', false],
    ['e', true],
  ]);
});
