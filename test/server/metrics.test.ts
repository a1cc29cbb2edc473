import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { boundServices } from '../../src/server/metrics/metric-table.js';
import { createMetrics } from '../../src/server/metrics/metrics.js';
import type { Reading } from '../../src/server/metrics/reading.js';

const FIGURES: Reading['figures'] = {
  attachments: 6,
  pendingRequests: 1,
  pendingBytes: 100,
  unconfirmedReads: 0,
  watches: 4,
  laggingWatches: 1,
  resyncs: 2,
  rounds: 30,
  forwarded: 8,
  reaps: 3,
  agreements: 5,
  mismatches: 1,
};
const SOURCE: Reading = {
  term: 7,
  commitIndex: 120,
  appliedIndex: 118,
  lastIndex: 121,
  role: 'leader',
  sessions: 3,
  nodes: 12,
  followers: [{ name: 'r2', lag: 5 }],
  instances: [{ service: 'web', state: 'UP', count: 2 }],
  confirmationAgeMs: 250,
  log: { bytes: 4096, segments: 1, firstIndex: 17, waitingMs: 3 },
  checkpoint: { taken: 2, tookMs: 40, bytes: 900, ageMs: 1_500, index: 100 },
  history: { floor: 90, events: 9, bytes: 4_000 },
  figures: FIGURES,
  connections: { current: 2, limit: 10, opened: 5, refused: 1, received: 70, sent: 80 },
  peers: [{ name: 'r2', isConnected: true, received: 11, sent: 12 }],
  disk: { freeBytes: 1_000, totalBytes: 2_000 },
};

test('a scrape shows what the member is at that moment', async () => {
  const metrics = createMetrics('0.1.0');
  let term = 7;
  metrics.setSource(() => ({ ...SOURCE, term }));
  const before = await metrics.registry.metrics();
  expect(before).toContain('rollcall_raft_term 7\n');
  expect(before).toContain('rollcall_raft_follower_lag_entries{member="r2"} 5\n');
  expect(before).toContain('rollcall_instances{service="web",state="UP"} 2\n');
  expect(before).toContain('rollcall_raft_role{role="leader"} 1\n');
  expect(before).toContain('rollcall_raft_role{role="follower"} 0\n');
  expect(before).toContain('rollcall_confirmation_age_seconds 0.25\n');
  expect(before).toContain('rollcall_build_info{version="0.1.0"} 1\n');
  term = 8;
  expect(await metrics.registry.metrics()).toContain('rollcall_raft_term 8\n');
});

test('a scrape asks the source once', async () => {
  const metrics = createMetrics();
  let asked = 0;
  metrics.setSource(() => {
    asked++;
    return SOURCE;
  });
  await metrics.registry.metrics();
  expect(asked).toBe(1);
});

test('a member that is gone from the leader keeps no series', async () => {
  const metrics = createMetrics();
  const series = 'raft_follower_lag_entries{member="r2"}';
  let followers = SOURCE.followers;
  metrics.setSource(() => ({ ...SOURCE, followers }));
  expect(await metrics.registry.metrics()).toContain(series);
  followers = [];
  expect(await metrics.registry.metrics()).not.toContain(series);
});

test('what is not known is left out', async () => {
  const metrics = createMetrics();
  metrics.setSource(() => ({ ...SOURCE, disk: undefined }));
  expect(await metrics.registry.metrics()).not.toContain('rollcall_disk_free_bytes 1000');
  metrics.setSource(() => SOURCE);
  expect(await metrics.registry.metrics()).toContain('rollcall_disk_free_bytes 1000');
});

test('a scrape works before the member runs', async () => {
  expect(await createMetrics().registry.metrics()).toContain('rollcall_build_info');
});

test('requests are counted by method and code, latencies in cumulative buckets', async () => {
  const metrics = createMetrics();
  metrics.request('Tree.Get', 'OK', 0.0004);
  metrics.request('Tree.Get', 'OK', 0.02);
  metrics.request('Tree.Get', 'NO_NODE', 60);
  const text = await metrics.registry.metrics();
  const lines = text.split('\n').filter((line) => line.includes('Tree.Get'));
  expect(lines).toContain('rollcall_requests_total{method="Tree.Get",code="OK"} 2');
  expect(lines).toContain('rollcall_requests_total{method="Tree.Get",code="NO_NODE"} 1');
  expect(lines).toContain('rollcall_request_seconds_bucket{method="Tree.Get",le="0.0005"} 1');
  expect(lines).toContain('rollcall_request_seconds_bucket{method="Tree.Get",le="0.025"} 2');
  expect(lines).toContain('rollcall_request_seconds_bucket{method="Tree.Get",le="10"} 2');
  expect(lines).toContain('rollcall_request_seconds_bucket{method="Tree.Get",le="+Inf"} 3');
  expect(lines).toContain('rollcall_request_seconds_count{method="Tree.Get"} 3');
  expect(text).toContain('# TYPE rollcall_request_seconds histogram');
});

test('methods and codes past the bound are summed under "other"', async () => {
  const metrics = createMetrics();
  for (let i = 0; i < 300; i++) metrics.request(`m${i}`, 'OK', 0);
  for (let i = 0; i < 100; i++) metrics.request('m0', `code${i}`, 0);
  const text = await metrics.registry.metrics();
  expect(text).toContain('rollcall_requests_total{method="other",code="OK"} 100\n');
  expect(text).not.toContain('"m200"');
  expect(text).not.toContain('"code99"');
});

test('the hundred services that come first by name keep series of their own', () => {
  const counts = Array.from({ length: 150 }, (_, i) => ({
    service: `s${String(i).padStart(3, '0')}`,
    state: 'UP',
    count: 1,
  }));
  const names = new Set(boundServices(counts.reverse()).map(({ service }) => service));
  expect(names.size).toBe(101);
  expect(names).toContain('s099');
  expect(names).not.toContain('s100');
  expect(names).toContain('(other)');
});

test('expiries are there with 0 before the first', async () => {
  const metrics = createMetrics();
  metrics.sessionExpired('grace');
  const text = await metrics.registry.metrics();
  expect(text).toContain('rollcall_sessions_expired_total{reason="timeout"} 0\n');
  expect(text).toContain('rollcall_sessions_expired_total{reason="grace"} 1\n');
});

test('promtool finds nothing to say about them', async () => {
  const metrics = createMetrics('0.1.0');
  metrics.setSource(() => SOURCE);
  metrics.request('Tree.Get', 'OK', 0.001);
  const text = await metrics.registry.metrics();
  try {
    execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: string; stdout?: string; stderr?: string };
    // Where Prometheus' tools are not installed there is nobody to ask.
    if (code !== 'ENOENT') throw new Error(`${stdout}${stderr}`);
  }
});

/** "name | type | labels | help" of every metric of our own. */
async function listed(): Promise<string[]> {
  const metrics = createMetrics();
  metrics.setSource(() => SOURCE);
  metrics.request('Tree.Get', 'OK', 0.001);
  const all = await metrics.registry.getMetricsAsJSON();
  const own = all.filter(({ name }) => !/^rollcall_(process|nodejs)_/.test(name));
  return own.map(({ name, type, help, values }) => {
    const labels = new Set(values.flatMap((value) => Object.keys(value.labels)));
    labels.delete('le');
    return `| \`${name}\` | ${type} | ${[...labels].join(', ')} | ${help} |`;
  });
}

test('the document lists every metric, with what it says, and no other', async () => {
  const text = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `rollcall_'));
  expect(rows.sort()).toEqual((await listed()).sort());
});
