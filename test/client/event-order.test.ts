/** No answer shows a revision before the events up to it were told, also after a move to another member. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Client, WatchEvent } from '../../src/client/index.js';
import { startTestCluster } from '../../src/testing/index.js';
import { until } from '../support/drill.js';
import { A, B, setUp } from './connection-setup.js';

describe('on the way to another member', () => {
  test('watches are started before reads are sent again', async () => {
    const { cluster, time, tree } = setUp();
    cluster.change('/s/a', '1');
    const told: WatchEvent[] = [];
    tree.watch('/s', { scope: 'children' }).subscribe((event) => told.push(event));
    await time.advance(10);
    cluster.member(A).isHung = true;
    const read = tree.get('/s/a', { consistency: 'session' });
    cluster.change('/s/a', '2');
    await time.advance(2_000);
    expect(String((await read)!.data)).toBe('2');
    const [first] = cluster.member(B).frames;
    const kinds = first!.operations!.map(({ watch }) => (watch === undefined ? 'read' : 'watch'));
    expect(kinds).toEqual(['watch', 'read']);
    expect(told.at(-1)).toMatchObject({ revision: cluster.revision });
  });

  test('session reads carry what any watch or answer of the client has shown', async () => {
    const { cluster, time, tree } = setUp();
    tree.watch('/s', { scope: 'children' }).subscribe(() => undefined);
    await time.advance(10);
    const seen = cluster.change('/s/a', '1');
    await time.advance(10);
    cluster.member(A).crash();
    const read = tree.get('/s/a', { consistency: 'session' });
    await time.advance(100);
    await read;
    const sent = cluster.member(B).frames.flatMap(({ operations = [] }) => operations);
    expect(sent.find(({ get }) => get !== undefined)!.get).toMatchObject({ floor: seen });
  });

  test('a watch that is turned away passes for live no longer', async () => {
    const { cluster, time, tree } = setUp();
    const watch = tree.watch('/s', { scope: 'children' });
    watch.subscribe(() => undefined);
    await time.advance(10);
    for (const stream of cluster.serving!.streams) stream.deliver([{ bookmark: 10 }]);
    expect(watch.isLive).toBe(true);
    cluster.member(B).refusesWatches = 'OVERLOADED';
    cluster.member(A).crash();
    await time.advance(10);
    expect(watch.isLive).toBe(false);
    cluster.member(B).refusesWatches = undefined;
    await time.advance(500);
    for (const stream of cluster.serving!.streams) stream.deliver([{ bookmark: 11 }]);
    expect(watch.isLive).toBe(true);
  });
});

class Along {
  reads = 0;
  /** What was shown before it was told. */
  readonly early: number[] = [];

  /** Reads as fast as it can until it is over. */
  async run(client: Client, told: () => number, signal: AbortSignal): Promise<void> {
    for (let i = 0; !signal.aborted; i++) {
      const consistency = i % 2 === 0 ? 'session' : 'linearizable';
      const node = await client.get('/n', { consistency, timeoutMs: 2_000 }).catch(() => undefined);
      if (node === undefined) continue;
      this.reads++;
      if (node.stat.modifyRevision > told()) this.early.push(node.stat.modifyRevision);
    }
  }

  async untilMore(count: number): Promise<void> {
    const before = this.reads;
    await until(() => this.reads >= before + count, `${count} more reads`);
  }
}

test('members that are killed and started again let no answer overtake an event', async () => {
  const cluster = await startTestCluster();
  onTestFinished(() => cluster.close());
  const [writer, reader] = [cluster.connect(), cluster.connect()];
  await writer.create('/n');
  let told = 0;
  const revisions: number[] = [];
  reader.watch('/n').subscribe((event) => {
    if (event.type === 'snapshot' || event.type === 'change') told = event.revision;
    if (event.type === 'change') revisions.push(event.revision);
  });
  await until(() => told > 0, 'the first snapshot');
  const over = new AbortController();
  const along = new Along();
  const reading = Promise.all([1, 2, 3].map(() => along.run(reader, () => told, over.signal)));
  const writing = (async () => {
    for (let i = 0; !over.signal.aborted; i++) {
      await writer.set('/n', `${i}`).catch(() => undefined);
      await sleep(1);
    }
  })();
  for (let round = 0; round < 4; round++) {
    await along.untilMore(50);
    const { endpoint } = reader.describe().endpoints.find(({ use }) => use === 'current')!;
    const { name } = cluster.members.find((member) => member.endpoint === endpoint)!;
    await cluster.kill(name);
    await along.untilMore(50);
    await cluster.restart(name);
  }
  over.abort();
  await Promise.all([reading, writing]);
  expect(along.early).toEqual([]);
  expect(revisions.length).toBeGreaterThan(0);
  expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
}, 60_000);
