/** Sessions and watches over a connection, while members come and go. */
import { describe, expect, test } from 'vitest';
import { A, B, countListeners, failure, setUp } from './connection-setup.js';

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
    const again = failure(tree.set('/x', 'again')).catch(() => 'applied');
    await time.advance(10);
    expect([...cluster.applied]).toEqual(['/x=first', '/x=again']);
    expect(await again).toBe('applied');
  });

  test('whose seqs the cluster does not know is replaced, not asked for ever', async () => {
    const { cluster, time, tree } = setUp();
    await Promise.all([tree.set('/x', 'first'), tree.set('/x', 'second'), time.advance(10)]);
    for (const session of cluster.sessions.values()) session.results.clear();
    const lost = failure(tree.set('/x', 'third'));
    await time.advance(4_000);
    expect((await lost).code).toBe('SESSION_EXPIRED');
    await Promise.all([tree.set('/x', 'fourth'), time.advance(10)]);
    expect(cluster.applied.at(-1)).toBe('/x=fourth');
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

describe('a watch that a member turns away', () => {
  test('is started again, also when the member has not seen its revision yet', async () => {
    const { cluster, time, tree } = setUp();
    cluster.change('/s/a', '1');
    await Promise.all([tree.get('/s/a'), time.advance(10)]);
    const member = cluster.member(A);
    member.refusesWatches = 'FUTURE_REVISION';
    const watch = tree.watch('/s', { scope: 'children', from: cluster.revision });
    const next = watch[Symbol.asyncIterator]().next();
    await time.advance(1_000);
    expect(member.frames.length).toBeLessThan(20);
    member.refusesWatches = undefined;
    await time.advance(400);
    cluster.change('/s/b', '1');
    await time.advance(10);
    expect((await next).value).toMatchObject({ type: 'change', revision: cluster.revision });
  });

  test('fails when it wants a revision that nobody has heard of', async () => {
    const { cluster, time, tree } = setUp();
    cluster.member(A).refusesWatches = 'FUTURE_REVISION';
    const watch = tree.watch('/s', { from: 1_000_000 });
    const next = failure(watch[Symbol.asyncIterator]().next());
    await time.advance(10);
    expect((await next).code).toBe('FUTURE_REVISION');
  });

  test('ends without an error when it is closed while it waits', async () => {
    const { cluster, time, tree, connection } = setUp();
    cluster.member(A).refusesWatches = 'OVERLOADED';
    const next = tree.watch('/s')[Symbol.asyncIterator]().next();
    await time.advance(10);
    await connection.close();
    expect(await next).toEqual({ value: undefined, done: true });
  });
});

describe('while a connection closes', () => {
  test('watches that come too late end, too', async () => {
    const { cluster, time, tree, connection } = setUp();
    await Promise.all([tree.set('/x', '1'), time.advance(10)]);
    for (const member of cluster.members.values()) member.isHung = true;
    const closing = connection.close();
    const next = failure(tree.watch('/s')[Symbol.asyncIterator]().next());
    expect(connection.close()).toBe(closing);
    await time.advance(1_100);
    expect((await next).code).toBe('CLOSED');
    await closing;
  });
});
