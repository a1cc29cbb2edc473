/**
 * Goal: a language with gRPC and none of our code has everything: it registers with one call, reads,
 * and is told. When it dies it leaves within its grace, by the connection that it lost.
 */
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { connect } from '../../src/client/index.js';
import { TestCluster } from '../support/cluster.js';
import { figure, seconds } from '../support/drill.js';
import { findPython, type Line, Python } from '../support/python.js';

/** The process stays on the roll for a minute if only its silence tells. */
const SILENCE_MS = 60_000;

function prepare(context: TestContext): Python {
  const found = findPython();
  if (found === undefined) {
    context.skip('no Python with grpcio and grpcio-tools: apt install python3-grpc-tools');
    throw new Error('unreachable');
  }
  const python = new Python(found);
  onTestFinished(() => python.close());
  return python;
}

test('Python holds a place, reads, is told, and leaves within its grace when killed', async (context) => {
  const python = prepare(context);
  const cluster = await TestCluster.start();
  const [first, second, third] = cluster.endpoints as [string, string, string];

  const watcher = python.start(second, 'subscribe', 'web');
  await watcher.until((line) => 'snapshot' in line);
  const holder = python.start(first, 'hold', 'web', '8080');
  const held = await holder.until(({ hold }) => hold === 'HELD');
  expect(held).toEqual({ hold: 'HELD', id: '127.0.0.1-8080', url: 'http://127.0.0.1:8080' });
  const id = held.id as string;
  const isOf = (change: string) => (line: Line) => line.change === change && line.id === id;
  await watcher.until(isOf('JOIN'));

  const read = await python.start(third, 'read', 'web').until(({ ids }) => ids !== undefined);
  expect(read.ids).toEqual([id]);
  const tree = await python.start(third, 'tree', '/p').until((line) => 'data' in line);
  expect(tree).toMatchObject({ data: 'from python', again: 'ALREADY_EXISTS' });
  expect(tree.paths).toContain('/p');

  const client = connect(cluster.endpoints);
  onTestFinished(() => client.close());
  const [seen] = (await client.instances('web')).instances;
  expect(seen).toMatchObject({ id, state: 'UP', tags: { language: 'python' } });

  const killedMs = performance.now();
  holder.child.kill('SIGKILL');
  const left = await watcher.until(isOf('LEAVE'));
  const tookMs = performance.now() - killedMs;
  expect(left.reason).toBe('disconnected');
  expect(tookMs).toBeLessThan(SILENCE_MS / 2);
  expect((await client.instances('web')).instances).toEqual([]);
  figure('kill -9 of a Python on Hold, grace 2 s: gone from the roll after', seconds(tookMs));
}, 60_000);
