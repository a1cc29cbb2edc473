/**
 * The house rules as tests. Each check is a function of text, tried here on text that breaks it, and
 * then on the repository.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { listFiles } from '../scripts/staleness.mjs';
import { importProblems, LAYERS, purityProblems } from './support/tidy/layers.js';
import {
  deadFiles,
  defaultExportProblems,
  documentProblems,
  fileNameProblems,
  focusProblems,
  headerProblems,
  sizeProblems,
  wordProblems,
} from './support/tidy/rules.js';
import { codeOnly, functionsOf, importsOf } from './support/tidy/source.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CODE = /\.(ts|mjs|js)$/;
const ENTRIES = [
  'src/cli/main.ts',
  'src/client/index.ts',
  'src/testing/index.ts',
  'src/cli/demo/web-server.ts',
];
/** Ports have a twin in memory that only tests use. */
const TWIN = /^src\/\w+\/memory-[\w-]+\.ts$/;
const TOP_DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'DECISIONS.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
];

function read(folder: string): Map<string, string> {
  const paths: string[] = existsSync(join(ROOT, folder)) ? listFiles(folder) : [];
  const code = paths.filter((path) => CODE.test(path));
  return new Map(code.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]));
}

const src = new Map([...read('src')].filter(([path]) => !path.startsWith('src/gen/')));
const tests = read('test');
const all = new Map([...src, ...tests, ...read('scripts')]);

type Check = (path: string, source: string) => string[];
const over = (files: ReadonlyMap<string, string>, check: Check) =>
  [...files].flatMap(([path, source]) => check(path, source));
const belowSrc =
  (check: Check): Check =>
  (path, source) =>
    check(path.slice('src/'.length), source);

describe('the repository', () => {
  test('imports in one direction only', () => {
    expect(over(src, belowSrc(importProblems))).toEqual([]);
  });

  test('keeps its pure layers pure', () => {
    expect(over(src, belowSrc(purityProblems))).toEqual([]);
  });

  test('keeps files and functions short', () => {
    expect(over(new Map([...src, ...read('scripts')]), sizeProblems)).toEqual([]);
    const long = over(tests, sizeProblems).filter((problem) => problem.includes('allowed'));
    expect(long).toEqual([]);
  });

  test('uses its own words', () => {
    const spoken = new Map([...all].filter(([path]) => !path.startsWith('test/support/tidy/')));
    spoken.delete('test/tidy.test.ts');
    expect(over(spoken, wordProblems)).toEqual([]);
  });

  test('names its files', () => {
    expect([...all.keys()].flatMap(fileNameProblems)).toEqual([]);
  });

  test('says at the top of each source what it owns', () => {
    expect(over(new Map([...src, ...read('scripts')]), headerProblems)).toEqual([]);
  });

  test('focuses and mutes no test', () => {
    expect(over(tests, focusProblems)).toEqual([]);
  });

  test('exports by name', () => {
    expect(over(src, defaultExportProblems)).toEqual([]);
  });

  test('has no forgotten files', () => {
    const twins = [...src.keys()].filter((path) => TWIN.test(path));
    expect(deadFiles(src, [...ENTRIES, ...twins])).toEqual([]);
    const runs = [...tests.keys()].filter((path) => /\.test(-d)?\.ts$/.test(path));
    const started = [...tests.keys()].filter((path) => path.startsWith('test/support/programs/'));
    expect(deadFiles(tests, [...runs, ...started])).toEqual([]);
    const unusedByTests = new Set(deadFiles(new Map([...src, ...tests]), runs));
    expect(twins.filter((path) => unusedByTests.has(`${path}: unused`))).toEqual([]);
  });

  test('has documents with titles, and links that lead somewhere', () => {
    const documents = [...TOP_DOCUMENTS, ...listFiles('docs')].filter((p) => p.endsWith('.md'));
    const problems = documents.flatMap((path) =>
      documentProblems(path, readFileSync(join(ROOT, path), 'utf8'), (target) =>
        existsSync(join(ROOT, target)),
      ),
    );
    expect(problems).toEqual([]);
  });
});

describe('the checks', () => {
  test('code is told from comments, strings, templates and regular expressions', () => {
    const source = `a('Date'); // Date\n/* Date\n */ b(/[/]'Date/.test(\`\${\`Date\`} Date\`)); c`;
    const code = codeOnly(source);
    expect(code).not.toContain('Date');
    expect(code).toHaveLength(source.length);
    expect(code.split('\n')[2]).toMatch(/b\(.*\.test\(.*\)\); c$/);
    expect(codeOnly('const half = a / b; const c = d / e;')).toContain('a / b; const c = d / e');
  });

  test('imports are found in all their forms', () => {
    const source = [
      "import type { A } from './a.js';",
      "import './b.js';",
      "import {\n  c,\n} from './c.js';",
      "export * from './d.js';",
      "const e = await import('./e.js');",
      "export { f } from './f.js';",
    ].join('\n');
    const names = importsOf(source).map(({ specifier }) => specifier);
    expect(names.sort().join()).toBe('./a.js,./b.js,./c.js,./d.js,./e.js,./f.js');
    expect(importsOf(source)[0]!.typeOnly).toBe(true);
  });

  test.each([
    ['tree/apply.ts', "import { z } from '../raft/node.js';"],
    ['types/ids.ts', "import { z } from '../codec/run.js';"],
    ['raft/node.ts', "import fs from 'node:fs';"],
    ['server/member.ts', "import { z } from '../faces/grpc/server.js';"],
    ['server/member.ts', "import { z } from '../client/index.js';"],
    ['faces/http/server.ts', "import { z } from '../grpc/server.js';"],
    ['faces/http/server.ts', "import { z } from '../../server/metrics/metrics.js';"],
    ['faces/http/server.ts', "import type { z } from '../../server/gate.js';"],
    ['client/index.ts', "import type { z } from '../server/service.js';"],
    ['client/index.ts', "import { Level } from 'level';"],
    ['cli/commands/status.ts', "import { z } from '../../server/main.js';"],
    ['client/balancers/p2c.ts', "import { z } from '../core/session.js';"],
    ['loose.ts', "import { z } from './types/ids.js';"],
  ])('%s may not: %s', (path, source) => {
    expect(importProblems(path, source)).not.toEqual([]);
  });

  test.each([
    ['faces/http/server.ts', "import type { z } from '../../server/metrics/metrics.js';"],
    ['faces/http/server.ts', "import { serve } from '@hono/node-server';"],
    ['storage/log.ts', "import { open } from 'node:fs/promises';"],
    ['client/balancers/p2c.ts', "import { z } from './balancer.js';"],
  ])('%s may: %s', (path, source) => {
    expect(importProblems(path, source)).toEqual([]);
  });

  test('every layer of the table has a folder', () => {
    const missing = LAYERS.filter(({ folder }) => !existsSync(join(ROOT, 'src', folder)));
    expect(missing.map(({ folder }) => folder)).toEqual([]);
  });

  test.each([
    'async function f() {}',
    'setTimeout(f)',
    'Date.now()',
    'Math.random()',
    'process.exit()',
  ])('a pure layer may not hold %s', (source) => {
    expect(purityProblems('tree/apply.ts', source)).toHaveLength(1);
    expect(purityProblems('server/member.ts', source)).toEqual([]);
    expect(purityProblems('tree/apply.ts', `// ${source}`)).toEqual([]);
  });

  test('functions are measured by their indentation', () => {
    const body = '    work();\n'.repeat(80);
    const method = `class A {\n  async run<T>(a: T): Promise<void> {\n${body}  }\n}\n`;
    expect(functionsOf(method).map(({ line, length }) => [line, length])).toEqual([[2, 82]]);
    expect(sizeProblems('a.ts', method)).toHaveLength(1);
    const wide = `function f(\n  a: number,\n): void {\n${body}}\n`;
    expect(sizeProblems('a.ts', wide)).toHaveLength(1);
    expect(sizeProblems('a.ts', `const f = (a) => {\n${body}};\n`)).toHaveLength(1);
    expect(sizeProblems('a.ts', `if (a) {\n${body}}\n`)).toEqual([]);
    expect(sizeProblems('a.ts', 'a();\n'.repeat(401))).toHaveLength(1);
  });

  test('banned words name their replacement, and part of another word is free', () => {
    expect(wordProblems('a.ts', 'const leaseId = 1;')[0]).toContain('use session');
    expect(wordProblems('a.ts', 'release(); const isReleased = 1; // a lease')).toEqual([]);
    expect(wordProblems('a.ts', '// TODO: later')).toHaveLength(1);
    expect(wordProblems('a.ts', "open('/home/me/data')")).toHaveLength(1);
    expect(wordProblems('src/a.ts', 'console.log(1)')).toHaveLength(1);
  });

  test('vague file names and missing headers are found', () => {
    expect(fileNameProblems('src/tree/utils.ts')).toHaveLength(1);
    expect(fileNameProblems('src/tree/Apply.ts')).toHaveLength(1);
    expect(fileNameProblems('src/tree/apply.ts')).toEqual([]);
    expect(headerProblems('a.ts', "import 'b';")).toHaveLength(1);
    expect(headerProblems('a.ts', '#!/usr/bin/env node\n/** Owns a. */')).toEqual([]);
  });

  test('focused and muted tests are found, a reasoned skip is free', () => {
    expect(focusProblems('a.test.ts', "test.only('a')")).toHaveLength(1);
    expect(focusProblems('a.test.ts', "describe.concurrent.skip('a')")).toHaveLength(1);
    expect(focusProblems('a.test.ts', "context.skip('no python here')")).toEqual([]);
    expect(defaultExportProblems('a.ts', 'export default 1;')).toHaveLength(1);
  });

  test('a file that nothing imports is dead, and so is a circle of such', () => {
    const files = new Map([
      ['src/main.ts', "import { a } from './a.js';"],
      ['src/a.ts', ''],
      ['src/b.ts', "import { c } from './c.js';"],
      ['src/c.ts', "import { b } from './b.js';"],
    ]);
    expect(deadFiles(files, ['src/main.ts'])).toEqual(['src/b.ts: unused', 'src/c.ts: unused']);
  });

  test('documents need a title, and their links a target', () => {
    const exists = (path: string) => path === 'docs/b.md';
    expect(documentProblems('docs/a.md', 'text', exists)).toHaveLength(1);
    expect(documentProblems('docs/a.md', '# A\n[b](b.md#part) [c](https://c)', exists)).toEqual([]);
    expect(documentProblems('docs/a.md', '# A\n[d](../d.md)', exists)).toHaveLength(1);
  });
});
