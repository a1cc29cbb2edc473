/**
 * A connection against members in memory, on a clock that moves only when told: what is sent again, how
 * often a change is applied, and what callers learn.
 */
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { Connection, type ConnectionOptions } from '../../src/client/core/connection.js';
import { Endpoints } from '../../src/client/core/endpoints.js';
import { Links } from '../../src/client/core/links.js';
import { TreeCalls } from '../../src/client/core/tree-calls.js';
import type { RollcallError } from '../../src/types/errors.js';
import { firstChoice, TestTime, TwinCluster } from './twin.js';

const A = 'a:1';
const B = 'b:1';

interface Setup extends Partial<Pick<ConnectionOptions, 'session' | 'failFast' | 'timeoutMs'>> {
  readonly endpoints?: readonly string[];
}

function setUp({ endpoints = [A, B], ...options }: Setup = {}) {
  const cluster = new TwinCluster(endpoints);
  const time = new TestTime();
  const random = firstChoice;
  const links = new Links({
    endpoints: new Endpoints(endpoints, random),
    open: cluster.open,
    time,
    random,
    learnMembers: false,
  });
  const session = { timeoutMs: 10_000, graceMs: 0, isLazy: true };
  const connection = new Connection({
    ...{ links, time, random, seen: { revision: 0 } },
    ...{ session, timeoutMs: 5_000, failFast: false },
    ...options,
  });
  return { cluster, time, links, connection, tree: new TreeCalls(connection) };
}

function failure(call: Promise<unknown>): Promise<RollcallError> {
  return call.then(
    () => {
      throw new Error('it was expected to fail');
    },
    (error) => error,
  );
}

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

describe('the session of a client', () => {
  test('is replaced when it is lost: changes under way are unknown, later ones succeed', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', 'first'), time.advance(10)]);
    cluster.member(A).isHung = true;
    const second = failure(tree.set('/x', 'second'));
    await time.advance(10);
    cluster.expireSessions();
    cluster.member(A).crash();
    const third = tree.set('/x', 'third');
    await time.advance(1_000);
    expect(await second).toMatchObject({ code: 'SESSION_EXPIRED', outcome: 'unknown' });
    await third;
    expect(cluster.applied).toEqual(['/x=first', '/x=third']);
  });

  test('is touched while it is used, and left alone when nobody uses it', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', 'first'), time.advance(10)]);
    await time.advance(8_000);
    expect(cluster.member(A).frames.filter(({ touch }) => touch! > 0).length).toBe(2);
    await time.advance(60_000);
    expect(cluster.serving).toBeUndefined();
    const again = tree.set('/x', 'again');
    await time.advance(10);
    await again;
  });

  test('moved by nobody attaches once more; moved again it is another process', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', 'first'), time.advance(10)]);
    const steal = () => {
      for (const session of cluster.sessions.values()) session.epoch++;
    };
    steal();
    const second = tree.set('/x', 'second');
    await time.advance(200);
    await second;
    steal();
    const third = failure(tree.set('/x', 'third'));
    await time.advance(200);
    expect((await third).code).toBe('SESSION_EXPIRED');
  });
});

describe('a session of its own', () => {
  const session = { timeoutMs: 10_000, graceMs: 0, isLazy: false };

  test('is opened at once and survives the loss of its member', async () => {
    const { cluster, time, connection } = setUp({ session });
    await time.advance(10);
    expect(connection.keeper.state.value).toBe('CONNECTED');
    const { id } = connection.keeper;
    cluster.member(A).crash();
    await time.advance(10);
    expect(connection.keeper.state.value).toBe('CONNECTED');
    expect(connection.keeper.id).toBe(id);
    expect(cluster.serving!.endpoint).toBe(B);
  });

  test('is lost for good, by its own clock, when no member answers', async () => {
    const { cluster, time, connection, tree } = setUp({ session });
    await time.advance(10);
    for (const member of cluster.members.values()) member.isHung = true;
    await time.advance(9_000);
    expect(connection.keeper.state.value).toBe('CONNECTED');
    await time.advance(4_000);
    expect(connection.keeper.state.value).toBe('LOST');
    expect((await failure(tree.get('/x'))).code).toBe('SESSION_EXPIRED');
  });

  test('is lost at once when the cluster says that it has ended', async () => {
    const { cluster, time, connection } = setUp({ session });
    await time.advance(10);
    for (const stream of cluster.member(A).streams)
      stream.deliver([{ ended: { cause: 'expired' } }]);
    expect(connection.keeper.state.value).toBe('LOST');
    expect(connection.end!.code).toBe('SESSION_EXPIRED');
  });

  test('that may not be opened fails with the reason', async () => {
    const { cluster, time, connection } = setUp({ session });
    cluster.member(A).refusesSessions = 'INVALID_ARGUMENT';
    await time.advance(10);
    expect(connection.end!.code).toBe('INVALID_ARGUMENT');
  });
});

describe('a watch', () => {
  test('goes on at the next member with what came after, and misses and repeats nothing', async () => {
    const { cluster, time, tree } = setUp();
    cluster.change('/s/a', '1');
    const seen: string[] = [];
    const watch = tree.watch('/s', { scope: 'children' });
    const done = (async () => {
      for await (const event of watch) {
        if (event.type === 'snapshot') seen.push(`snapshot ${event.nodes.map(({ path }) => path)}`);
        if (event.type === 'change') seen.push(...event.changes.map(({ path }) => path));
      }
    })();
    await time.advance(10);
    cluster.change('/s/b', '1');
    await time.advance(10);
    cluster.member(A).crash();
    await time.advance(10);
    cluster.change('/s/c', '1');
    await time.advance(10);
    await watch.close();
    await done;
    expect(seen).toEqual(['snapshot /s/a', '/s/b', '/s/c']);
  });

  test('that is idle finds out that its member hangs', async () => {
    const { cluster, time, tree } = setUp();
    const watch = tree.watch('/s', { scope: 'children' });
    await time.advance(10);
    cluster.member(A).isHung = true;
    await time.advance(2_000);
    expect(cluster.serving!.endpoint).toBe(B);
    await watch.close();
  });

  test('says that it may be stale when no leader is confirmed, and when it is live again', async () => {
    const { cluster, time, tree } = setUp();
    const watch = tree.watch('/s', { scope: 'children' });
    const types: string[] = [];
    const done = (async () => {
      for await (const { type } of watch) types.push(type);
    })();
    await time.advance(10);
    await time.advance(3_000);
    for (const stream of cluster.serving!.streams) stream.deliver([{ bookmark: 10 }]);
    await time.advance(10);
    await watch.close();
    await done;
    expect(types).toEqual(['snapshot', 'stale', 'live']);
  });

  test('ends, and lets go of its signal, when it is aborted', async () => {
    const { time, tree, cluster } = setUp();
    const controller = new AbortController();
    const listeners = countListeners(controller.signal);
    const watch = tree.watch('/s', { signal: controller.signal });
    const done = (async () => {
      for await (const _ of watch);
    })();
    await time.advance(10);
    controller.abort();
    await done;
    await time.advance(10);
    expect(listeners()).toBe(0);
    expect(cluster.member(A).frames.at(-1)!.operations![0]!.unwatch).toBeDefined();
  });
});

test('closing ends every call and every watch, and holds nothing', async () => {
  const { cluster, time, tree, connection, links } = setUp();
  await Promise.all([tree.set('/x', 'first'), time.advance(10)]);
  const watch = tree.watch('/s');
  const ended = (async () => {
    for await (const _ of watch);
  })();
  cluster.member(A).isHung = true;
  const set = failure(tree.set('/x', 'second'));
  const closed = connection.close();
  await time.advance(2_000);
  await Promise.all([closed, ended]);
  expect((await set).code).toBe('CLOSED');
  links.close();
  expect(cluster.serving).toBeUndefined();
});

function countListeners(signal: AbortSignal): () => number {
  return () => getEventListeners(signal, 'abort').length;
}
