/**
 * Calls over a connection, against members in memory, on a clock that moves only when told: what is
 * sent again, how often a change is applied, and what callers learn.
 */
import { describe, expect, test } from 'vitest';
import { A, B, countListeners, failure, setUp } from './connection-setup.js';

describe('calls', () => {
  test('of one turn go in one frame', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', '0'), time.advance(10)]);
    const { frames } = cluster.member(A);
    const before = frames.length;
    const sets = Array.from({ length: 100 }, (_, i) => tree.set('/x', `${i}`));
    await time.advance(1);
    await Promise.all(sets);
    expect(frames.length).toBe(before + 1);
    expect(frames.at(-1)!.operations!.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 100 }, (_, i) => i + 2),
    );
  });

  test('that only read go before a session that cannot attach now', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', 'first'), time.advance(10)]);
    cluster.member(B).refusesSessions = 'NO_QUORUM';
    cluster.member(A).crash();
    const got = tree.get('/x', { consistency: 'session' });
    await time.advance(100);
    expect(String((await got)!.data)).toBe('first');
  });

  test('that share a signal listen to it once, and no longer than they wait', async () => {
    const { time, tree } = setUp();
    const controller = new AbortController();
    const count = countListeners(controller.signal);
    const sets = Array.from({ length: 50 }, () =>
      tree.set('/x', '', { signal: controller.signal }),
    );
    expect(count()).toBe(1);
    await time.advance(10);
    await Promise.all(sets);
    expect(count()).toBe(0);
    const late = Array.from({ length: 3 }, () => tree.get('/x', { signal: controller.signal }));
    const failures = late.map(failure);
    controller.abort();
    for (const error of failures) expect((await error).code).toBe('ABORTED');
    expect(count()).toBe(0);
  });

  test('that find no member at all say so at their deadline, reads and changes alike', async () => {
    const { cluster, time, tree } = setUp();
    for (const member of cluster.members.values()) member.isDown = true;
    const calls = [tree.get('/x', { timeoutMs: 700 }), tree.set('/x', '', { timeoutMs: 700 })];
    const failures = calls.map(failure);
    await time.advance(700);
    for (const error of failures) {
      expect(await error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
    }
  });

  test('that only read open no session', async () => {
    const { cluster, time, tree } = setUp();
    const found = tree.get('/nowhere');
    await time.advance(1);
    expect(await found).toBeUndefined();
    expect(cluster.sessions.size).toBe(0);
  });

  test('keep their order: a read after a change sees it', async () => {
    const { time, tree } = setUp();
    const set = tree.set('/x', 'new');
    const got = tree.get('/x');
    await time.advance(1);
    await set;
    expect(String((await got)!.data)).toBe('new');
  });

  test('never have more than a window of unresolved changes under way', async () => {
    const { cluster, time, tree } = setUp();
    const sets = Array.from({ length: 3_000 }, (_, i) => tree.set('/x', `${i}`));
    await time.advance(1);
    await Promise.all(sets);
    for (const { operations, ackedSeq } of cluster.member(A).frames) {
      const seqs = operations!.map(({ seq }) => seq).filter((seq) => seq > 0);
      expect(Math.max(0, ...seqs)).toBeLessThan(Math.max(1, ackedSeq!) + 1_024);
    }
    expect(cluster.applied.length).toBe(3_000);
  });

  test('are refused when too many wait', async () => {
    const { tree, connection } = setUp();
    const waiting = Array.from({ length: 100_000 }, () => failure(tree.set('/x', '')));
    expect((await failure(tree.set('/x', ''))).code).toBe('OVERLOADED');
    await connection.close();
    expect((await waiting[0]!).code).toBe('CLOSED');
  });

  test('that are too large are refused before they are sent', async () => {
    const { tree } = setUp();
    const error = await failure(tree.set('/x', Buffer.alloc(2 * 1024 * 1024)));
    expect([error.code, error.outcome]).toEqual(['TOO_LARGE', 'not-applied']);
  });
});

describe('a member that is gone', () => {
  test('is left for the warm one, and every change is applied once, in order', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', 'first'), time.advance(10)]);
    cluster.member(A).isHung = true;
    const sets = Array.from({ length: 50 }, (_, i) => tree.set('/x', `${i}`));
    await time.advance(1);
    cluster.member(A).crash();
    await time.advance(1);
    await Promise.all(sets);
    expect(cluster.serving!.endpoint).toBe(B);
    expect(cluster.applied).toEqual(['/x=first', ...sets.map((_, i) => `/x=${i}`)]);
  });

  test('had applied what it did not answer: the retry gets the first result', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', 'first'), time.advance(10)]);
    const member = cluster.member(A);
    for (const stream of member.streams) stream.deliver = () => undefined;
    const set = tree.set('/x', 'second');
    await time.advance(1);
    expect(cluster.applied).toEqual(['/x=first', '/x=second']);
    member.crash();
    await time.advance(10);
    expect((await set).stat.version).toBe(1);
    expect(cluster.applied).toEqual(['/x=first', '/x=second']);
  });

  test('is left after 450 ms of silence while a request is open', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', 'first'), time.advance(10)]);
    cluster.member(A).isHung = true;
    const set = tree.set('/x', 'second');
    await time.advance(440);
    expect(cluster.applied).toEqual(['/x=first']);
    await time.advance(90);
    await set;
    expect(cluster.applied).toEqual(['/x=first', '/x=second']);
    expect(cluster.serving!.endpoint).toBe(B);
  });

  test('is outrun by another one when it takes long to connect', async () => {
    const { cluster, time, tree } = setUp();
    cluster.member(A).isHung = true;
    const set = tree.set('/x', 'first');
    await time.advance(240);
    expect(cluster.member(B).connections).toBe(0);
    await time.advance(20);
    await set;
    expect(cluster.serving!.endpoint).toBe(B);
  });

  test('is not blamed for what connecting took', async () => {
    const { cluster, time, tree } = setUp({ endpoints: [A] });
    const member = cluster.member(A);
    member.isHung = true;
    const set = tree.set('/x', 'first');
    await time.advance(1_000);
    const deliveries: (() => void)[] = [];
    for (const stream of member.streams) {
      const deliver = stream.deliver.bind(stream);
      stream.deliver = (items) => void deliveries.push(() => deliver(items));
    }
    member.isHung = false;
    await time.advance(300);
    expect(cluster.serving!.endpoint).toBe(A);
    for (const stream of member.streams) Reflect.deleteProperty(stream, 'deliver');
    for (const deliver of deliveries) deliver();
    await time.advance(10);
    await set;
    expect(cluster.serving!.endpoint).toBe(A);
  });

  test('is not blamed for a pause of the client itself', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', 'first'), time.advance(10)]);
    const member = cluster.member(A);
    const deliveries: (() => void)[] = [];
    for (const stream of member.streams) {
      const deliver = stream.deliver.bind(stream);
      stream.deliver = (items) => void deliveries.push(() => deliver(items));
    }
    const set = tree.set('/x', 'second');
    await time.advance(100);
    await time.stall(2_000);
    for (const deliver of deliveries) deliver();
    await time.advance(1);
    await set;
    expect(cluster.serving!.endpoint).toBe(A);
  });

  test('is not left while it shows progress', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', 'first'), time.advance(10)]);
    const [stream] = cluster.member(A).streams;
    const deliver = stream!.deliver.bind(stream);
    stream!.deliver = () => undefined;
    const set = failure(tree.set('/x', 'second'));
    for (let i = 0; i < 22; i++) {
      await time.advance(250);
      deliver([{ progress: true }]);
    }
    expect((await set).code).toBe('TIMEOUT');
    expect(cluster.serving!.endpoint).toBe(A);
  });
});

describe('a deadline', () => {
  test('ends a call that nobody answers, saying that it may have been applied', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', 'first'), time.advance(10)]);
    for (const member of cluster.members.values()) member.isHung = true;
    const set = failure(tree.set('/x', 'second', { timeoutMs: 1_000 }));
    const got = failure(tree.get('/x', { timeoutMs: 1_000 }));
    await time.advance(1_000);
    expect(await set).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
    expect(await got).toMatchObject({ outcome: 'not-applied' });
  });

  test('does not abandon a seq: the change is resolved later, and later ones follow it', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', 'first'), time.advance(10)]);
    for (const member of cluster.members.values()) member.isHung = true;
    const set = failure(tree.set('/x', 'second', { timeoutMs: 100 }));
    await time.advance(200);
    expect((await set).outcome).toBe('unknown');
    for (const member of cluster.members.values()) member.isHung = false;
    const third = tree.set('/x', 'third', { timeoutMs: 60_000 });
    await time.advance(10_000);
    await third;
    expect(cluster.applied).toEqual(['/x=first', '/x=second', '/x=third']);
  });

  test('of a change that was turned away and given up leaves nothing behind', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', 'first'), time.advance(10)]);
    cluster.member(A).turnsAway = 3;
    const second = failure(tree.set('/x', 'second', { timeoutMs: 1 }));
    const third = tree.set('/x', 'third');
    await time.advance(2_000);
    expect((await second).code).toBe('TIMEOUT');
    await third;
    expect(cluster.applied.filter((each) => each === '/x=second').length).toBeLessThanOrEqual(1);
    expect(cluster.applied.at(-1)).toBe('/x=third');
  });

  test('without any member says so, with the reason', async () => {
    const { cluster, time, tree } = setUp();
    for (const member of cluster.members.values()) member.isDown = true;
    const set = failure(tree.set('/x', ''));
    await time.advance(5_000);
    expect(await set).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
    expect(String(await set)).toContain('is gone');
  });

  test('is not waited for by whoever wants to fail fast', async () => {
    const { cluster, time, tree } = setUp({ failFast: true });
    for (const member of cluster.members.values()) member.isDown = true;
    const set = failure(tree.set('/x', ''));
    await time.advance(100);
    expect((await set).code).toBe('UNAVAILABLE');
  });
});

describe('an abort', () => {
  test('ends the call at once and leaves no listener behind', async () => {
    const { time, tree } = setUp();
    const controller = new AbortController();
    const listeners = countListeners(controller.signal);
    const set = tree.set('/x', 'one', { signal: controller.signal });
    await time.advance(1);
    await set;
    expect(listeners()).toBe(0);
    const second = failure(tree.set('/x', 'two', { signal: controller.signal }));
    expect(listeners()).toBe(1);
    controller.abort('enough');
    expect(await second).toMatchObject({
      code: 'ABORTED',
      outcome: 'not-applied',
      cause: 'enough',
    });
    expect(listeners()).toBe(0);
    expect((await failure(tree.get('/x', { signal: controller.signal }))).code).toBe('ABORTED');
  });

  test('of a change that was not sent takes it back', async () => {
    const { cluster, time, tree } = setUp();
    const controller = new AbortController();
    const set = failure(tree.set('/x', 'one', { signal: controller.signal }));
    controller.abort();
    await set;
    await time.advance(100);
    expect(cluster.applied).toEqual([]);
  });
});

describe('a change that is turned away', () => {
  test('goes again with its seq, and everything after it in order', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', 'first'), time.advance(10)]);
    cluster.member(A).turnsAway = 2;
    const sets = Array.from({ length: 20 }, (_, i) => tree.set('/x', `${i}`));
    await time.advance(2_000);
    await Promise.all(sets);
    expect(cluster.applied).toEqual(['/x=first', ...sets.map((_, i) => `/x=${i}`)]);
  });
});
