/** Goal: figures are what was measured. The arithmetic of the benchmark, on samples made by hand. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeProfile } from '../../scripts/bench/profile.mjs';
import { describeFigures, writeMarkdown } from '../../scripts/bench/report.mjs';
import { median, summarize } from '../../scripts/bench/summary.mjs';

function sample(system: string, values: number[], more: object = {}) {
  const named = { workload: 'w', case: 'c', unit: '/s', better: 'higher', system };
  const costs = [{ name: 'r1', isLeader: true, cpuSeconds: 1, residentMb: 100 }];
  return { ...named, values, details: { p50Ms: values[0] }, seconds: 1, costs, notes: [], ...more };
}

const ABOUT = {
  command: 'npm run bench --',
  date: '2026-01-01',
  node: '20.20.2',
  cores: 2,
  cpu: 'some processor',
  load: 0,
  versions: [],
};

test('the median lies in the middle, or between the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

test('rounds of one case become one figure with its spread, and the costs of a typical round', () => {
  const [found] = summarize([
    sample('rollcall', [10]),
    sample('rollcall', [30]),
    sample('rollcall', [20]),
  ]);
  expect(found?.systems.rollcall).toMatchObject({ median: 20, lowest: 10, highest: 30 });
  expect(found?.systems.rollcall.details).toEqual({ p50Ms: 20 });
});

test.each([
  ['higher', 2],
  ['lower', 0.5],
])('times better than the peer, where %s is better', (better, ratio) => {
  const [found] = summarize([
    sample('etcd', [10], { better }),
    sample('rollcall', [20], { better }),
  ]);
  expect(found?.ratio).toBe(ratio);
  expect(Object.keys(found?.systems)).toEqual(['rollcall', 'etcd']);
});

test('a generator that takes a whole core is named, a failed case leaves its reason', () => {
  const busy = sample('rollcall', [1], { generatorCpu: 0.97 });
  const failed = sample('etcd', [], { costs: [], notes: ['failed: gone'] });
  const cases = summarize([busy, failed]);
  const text = describeFigures({ cases, about: ABOUT });
  expect(text).toContain('the generator is the limit: it took 97 % of a core');
  expect(text).toContain('w, c, etcd: failed: gone');
  expect(cases[0]?.ratio).toBeUndefined();
});

test('tables replace what stands between the marks, and nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-figures-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'page.md');
  writeFileSync(file, '# Title\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nend\n');
  writeMarkdown(file, { cases: summarize([sample('rollcall', [1])]), about: ABOUT });
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(/^# Title\n<!-- figures: begin -->\n/);
  expect(text).toMatch(/<!-- figures: end -->\nend\n$/);
  expect(text).not.toContain('old');
  expect(text).toContain('| w | c | /s | 1.00 |');
});

test('a profile is read within a span, and waiting is no work', () => {
  const frame = (functionName: string) => ({ functionName, url: '', lineNumber: 0 });
  const profile = {
    nodes: ['(idle)', 'early', 'within'].map((name, id) => ({ id, callFrame: frame(name) })),
    startTime: 0,
    samples: [1, 2, 0, 2],
    timeDeltas: [1000, 1000, 1000, 1000],
  };
  const text = describeProfile(profile, { fromMs: 1.5, toMs: 4 });
  expect(text).toContain('(67 %)');
  expect(text).toContain('100.0 %');
  expect(text).not.toContain('early');
});
