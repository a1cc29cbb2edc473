/**
 * Goal: what Prometheus reads of a running member is clean by Prometheus' own judge: names, help, types,
 * units. Needs `promtool` (Debian's package `prometheus`).
 */
import { spawnSync } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/client/index.js';
import { TestCluster } from '../support/cluster.js';

function promtool(args: readonly string[], input = '') {
  return spawnSync('promtool', args, { input, encoding: 'utf8' });
}

test('promtool finds nothing to say about the metrics of a member in use', async (context) => {
  if (promtool(['--version']).error !== undefined) context.skip('promtool is not installed');
  const cluster = await TestCluster.start({ members: 1 });
  const roll = connect(cluster.endpoints);
  onTestFinished(() => roll.close());
  await roll.register('web', { address: '10.0.0.1', port: 80 });
  await roll.discover('web').ready();
  await roll.create('/a', 'x');
  await expect(roll.create('/a', 'x')).rejects.toMatchObject({ code: 'NODE_EXISTS' });
  const response = await fetch(`http://${cluster.members[0]!.httpAddress}/metrics`);
  const text = await response.text();
  expect(text).toContain('rollcall_instances{');
  const { status, stdout, stderr } = promtool(['check', 'metrics'], text);
  expect(`${stdout}${stderr}`).toBe('');
  expect(status).toBe(0);
}, 30_000);

test('promtool does object to a metric that is not clean', (context) => {
  if (promtool(['--version']).error !== undefined) context.skip('promtool is not installed');
  const { status, stderr } = promtool(['check', 'metrics'], '# TYPE badName counter\nbadName 1\n');
  expect(status).not.toBe(0);
  expect(stderr).toContain('badName');
});
