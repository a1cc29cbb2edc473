/** Streams that break because one side cannot take what the other sent: found, and never in a tight circle. */
import { describe, expect, test } from 'vitest';
import { A, B, failure, setUp } from './connection-setup.js';

function garbling(path: string) {
  const parts = setUp();
  for (const member of parts.cluster.members.values()) member.garbles = path;
  const connections = () =>
    [...parts.cluster.members.values()].reduce((sum, member) => sum + member.connections, 0);
  return { ...parts, connections };
}

describe('an operation that breaks every stream', () => {
  test('fails alone, with a reason, after a few attempts; what was sent with it succeeds', async () => {
    const { cluster, time, tree, connections } = garbling('/bad');
    const before = Array.from({ length: 20 }, (_, i) => tree.set('/x', `a${i}`));
    const bad = failure(tree.set('/bad', 'poison'));
    const after = Array.from({ length: 20 }, (_, i) => tree.set('/x', `b${i}`));
    await time.advance(4_000);
    expect(await bad).toMatchObject({ code: 'PROTOCOL', outcome: 'unknown' });
    await Promise.all([...before, ...after]);
    expect(cluster.applied.length).toBe(41);
    expect(new Set(cluster.applied).size).toBe(41);
    expect(connections()).toBeLessThan(10);
  });

  test('that only reads fails the same way', async () => {
    const { time, tree } = garbling('/bad');
    const bad = failure(tree.get('/bad'));
    const good = tree.get('/x');
    await time.advance(4_000);
    expect(await bad).toMatchObject({ code: 'PROTOCOL', outcome: 'not-applied' });
    expect(await good).toBeUndefined();
  });

  test('does not come back when its caller has left long ago', async () => {
    const { time, tree, connections } = garbling('/bad');
    const bad = failure(tree.set('/bad', 'poison', { timeoutMs: 30 }));
    await time.advance(10_000);
    expect(['TIMEOUT', 'PROTOCOL']).toContain((await bad).code);
    const sofar = connections();
    await Promise.all([tree.set('/x', 'well'), time.advance(60)]);
    expect(connections()).toBeLessThan(sofar + 3);
  });
});

describe('members of which nothing can be understood', () => {
  test('are asked again ever more seldom, and the call says why it failed', async () => {
    const { time, tree, connections } = garbling('*');
    const call = failure(tree.set('/x', 'new', { timeoutMs: 60_000 }));
    await time.advance(10_000);
    const first = connections();
    expect(first).toBeLessThan(60);
    await time.advance(10_000);
    expect(connections() - first).toBeLessThan(35);
    await time.advance(50_000);
    expect((await call).message).toContain('no message');
  });
});

describe('a session that may not be opened', () => {
  test('fails the changes that wait for it, and is not asked for in a tight circle', async () => {
    const { cluster, time, tree } = setUp({ endpoints: [A, B] });
    cluster.member(A).refusesSessions = 'DENIED';
    const refused = [failure(tree.set('/x', '1')), failure(tree.set('/x', '2'))];
    await time.advance(1_000);
    for (const error of refused) expect((await error).code).toBe('DENIED');
    expect(cluster.member(A).frames.length).toBeLessThan(3);
    cluster.member(A).refusesSessions = undefined;
    await Promise.all([tree.set('/x', '3'), time.advance(600)]);
    expect(cluster.applied).toEqual(['/x=3']);
  });
});
