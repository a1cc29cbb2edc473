/** Locks on a real cluster: one holder at a time, in the order of coming, and nothing left behind. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Client, HeldLock, Session } from '../../src/client/index.js';
import { connect } from '../../src/client/index.js';
import { createLock } from '../../src/client/recipes/lock.js';
import { join } from '../../src/client/recipes/seat.js';
import { startTestCluster, type TestCluster } from '../../src/testing/index.js';
import { RollcallError } from '../../src/types/errors.js';
import { LinkProxy } from '../support/proxy.js';
import { hostOf, lineOf, SHORT_MS, untilInLine } from './recipes-setup.js';

let cluster: TestCluster;
let paths = 0;

beforeAll(async () => {
  cluster = await startTestCluster();
});

afterAll(() => cluster.close());

function client(options = {}): Client {
  const made = cluster.connect(options);
  onTestFinished(() => made.close());
  return made;
}

const fresh = (): string => `/locks/${paths++}`;

/** A client that reaches one member through a proxy, and knows no other. */
async function behindProxy(name: string) {
  const { endpoint } = cluster.members.find((member) => member.name === name)!;
  const proxy = await LinkProxy.start({ target: endpoint });
  const made = connect(proxy.address, { learnMembers: false, timeoutMs: 1_000 });
  onTestFinished(async () => {
    await Promise.all([made.close(), proxy.close()]);
  });
  return { client: made, proxy };
}

describe('a lock', () => {
  test('is granted in the order of coming, to one at a time, with tokens that rise', async () => {
    const clients = Array.from({ length: 4 }, () => client());
    const path = fresh();
    const first = await clients[0]!.lock(path).acquire();
    const order: number[] = [];
    const tokens = [first.fencingToken];
    let holders = 1;
    const waiters: Promise<void>[] = [];
    for (let i = 0; i < 20; i++) {
      const waiter = clients[i % 4]!.lock(path).run(async ({ fencingToken, signal }) => {
        expect([++holders, signal.aborted]).toEqual([1, false]);
        order.push(i);
        tokens.push(fencingToken);
        await sleep(1);
        holders--;
      });
      waiters.push(waiter);
      await untilInLine(clients[0]!, path, i + 2);
    }
    holders--;
    await first.release();
    await Promise.all(waiters);
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
    expect(await lineOf(clients[0]!, path)).toEqual([]);
  });

  test('lets each waiter watch its own node and the one in front, and nobody else', async () => {
    const [holder, waiter] = [client(), client()];
    const path = fresh();
    await using _held = await holder.lock(path).acquire();
    const second = holder.lock(path).acquire();
    await untilInLine(holder, path, 2);
    const third = waiter.lock(path).acquire();
    await untilInLine(holder, path, 3);
    const line = [...(await holder.list(path)).nodes].sort(
      (a, b) => a.stat.createRevision - b.stat.createRevision,
    );
    const watched = () => waiter.describe().watches.map((watch) => watch.path);
    const expected = line.slice(1).map((node) => node.path);
    await expect.poll(() => watched().sort()).toEqual(expected.sort());
    await _held.release();
    await (await second).release();
    await (await third).release();
    expect(watched()).toEqual([]);
  });

  test('outlives the one in front of a waiter leaving the line', async () => {
    const one = client();
    const path = fresh();
    const held = await one.lock(path).acquire();
    const leaving = new AbortController();
    const second = one.lock(path).acquire({ signal: leaving.signal });
    await untilInLine(one, path, 2);
    let isGranted = false;
    const third = one.lock(path).acquire();
    void third.then(() => {
      isGranted = true;
    });
    await untilInLine(one, path, 3);
    leaving.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    await untilInLine(one, path, 2);
    await one.get('/');
    expect(isGranted).toBe(false);
    await held.release();
    await (await third).release();
  });

  test('is tried without waiting, and a try leaves no trace', async () => {
    const [one, other] = [client(), client()];
    const path = fresh();
    const held = await one.lock(path).acquire({ timeoutMs: 0 });
    const { createCount } = (await one.get(path))!.stat;
    const tried = other.lock(path).acquire({ timeoutMs: 0 });
    await expect(tried).rejects.toMatchObject({ code: 'TIMEOUT', outcome: 'not-applied' });
    expect((await one.get(path))!.stat.createCount).toBe(createCount);
    expect(other.describe().sessions).toEqual([]);
    await held.release();
    await (await other.lock(path).acquire({ timeoutMs: 0 })).release();
  });

  test('says who holds it, below containers that go with the last', async () => {
    const one = client({ label: 'the one' });
    const path = `/made/as/needed${fresh()}`;
    await using _held = await one.lock(path).acquire();
    const { nodes } = await one.list(path, { withData: true });
    expect(nodes.map(({ data, stat }) => [String(data), stat.kind])).toEqual([
      ['the one', 'ephemeral'],
    ]);
    for (const parent of ['/made', '/made/as', path])
      expect((await one.get(parent))!.stat.kind).toBe('container');
  });

  test('stands below the namespace of its client', async () => {
    const plain = client();
    await plain.create('/apart');
    const path = fresh();
    await using _held = await client({ namespace: '/apart' }).lock(path).acquire();
    expect(await lineOf(plain, path)).toEqual([]);
    expect((await lineOf(plain, `/apart${path}`)).length).toBe(1);
    await (await plain.lock(path).acquire({ timeoutMs: 0 })).release();
  });

  test('shares one session with the others of its client, closed with the last', async () => {
    const one = client();
    const held = await Promise.all([fresh(), fresh()].map((path) => one.lock(path).acquire()));
    expect(one.describe().sessions.map(({ graceMs }) => graceMs)).toEqual([0]);
    await held[0]!.release();
    expect(one.describe().sessions.length).toBe(1);
    await held[1]!.release();
    await expect.poll(() => one.describe().sessions).toEqual([]);
  });

  test('needs a path below the root', () => {
    const one = client();
    for (const path of ['/', 'relative', '/ends/', ''])
      expect(() => one.lock(path)).toThrow('INVALID_ARGUMENT');
  });
});

describe('a waiter', () => {
  test('that aborts or runs out of time is told at once and leaves no node', async () => {
    const [one, other] = [client(), client()];
    const path = fresh();
    await using _held = await one.lock(path).acquire();
    const abort = new AbortController();
    const aborted = other.lock(path).acquire({ signal: abort.signal });
    await untilInLine(one, path, 2);
    const beganMs = performance.now();
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED', cause: abort.signal.reason });
    expect(performance.now() - beganMs).toBeLessThan(50);
    const late = other.lock(path).acquire({ timeoutMs: 100 });
    await expect(late).rejects.toMatchObject({ code: 'TIMEOUT', outcome: 'not-applied' });
    await untilInLine(one, path, 1);
    expect(other.describe().watches).toEqual([]);
    await expect(other.lock(path).acquire({ signal: abort.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  test('that has left before its node was made leaves none either', async () => {
    const [one, other] = [client(), client()];
    const path = fresh();
    await using _held = await one.lock(path).acquire();
    await other.ready();
    for (let i = 0; i < 30; i++) {
      const abort = new AbortController();
      const gone = other.lock(path).acquire({ signal: abort.signal });
      setTimeout(() => abort.abort(), i / 4);
      await expect(gone).rejects.toMatchObject({ code: 'ABORTED' });
    }
    await untilInLine(one, path, 1);
    await expect.poll(() => other.describe().sessions).toEqual([]);
  });

  test('whose node somebody removed is told so', async () => {
    const [one, other] = [client(), client()];
    const path = fresh();
    const held = await one.lock(path).acquire();
    const waiting = other.lock(path).acquire();
    waiting.catch(() => undefined);
    await untilInLine(one, path, 2);
    const { nodes } = await one.list(path);
    const newest = [...nodes].sort((a, b) => b.stat.createRevision - a.stat.createRevision)[0]!;
    await one.delete(newest.path);
    await expect(waiting).rejects.toMatchObject({ code: 'NO_NODE' });
    await held.release();
  });

  test('whose session is lost waits on, from the end of the line', async () => {
    const [one, other] = [client(), client()];
    const path = fresh();
    const held = await one.lock(path).acquire();
    const waiting = other.lock(path).acquire();
    await untilInLine(one, path, 2);
    const [session] = other.describe().sessions;
    await one.admin.revokeSession(session!.id);
    await untilInLine(one, path, 1);
    await untilInLine(one, path, 2);
    await held.release();
    await (await waiting).release();
  });

  test('ends with its client', async () => {
    const [one, other] = [client(), client()];
    const path = fresh();
    await using _held = await one.lock(path).acquire();
    const waiting = other.lock(path).acquire();
    waiting.catch(() => undefined);
    await untilInLine(one, path, 2);
    await other.close();
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
    expect((await lineOf(one, path)).length).toBe(1);
  });
});

describe('a holder', () => {
  test('runs its work and releases whatever happens', async () => {
    const lock = client().lock(fresh());
    const failure = new Error('of the work');
    await expect(lock.run(() => Promise.reject(failure))).rejects.toBe(failure);
    let signal: AbortSignal | undefined;
    const result = await lock.run(async (held) => {
      signal = held.signal;
      return held.fencingToken;
    });
    expect(result).toBeGreaterThan(0);
    expect(signal).toMatchObject({ aborted: true, reason: { code: 'CLOSED' } });
    await (await lock.acquire({ timeoutMs: 0 })).release();
  });

  test('may release twice, and after it was lost', async () => {
    const one = client();
    const path = fresh();
    const held = await one.lock(path).acquire();
    await Promise.all([held.release(), held.release()]);
    await held.release();
    const again = await one.lock(path).acquire();
    await one.close();
    expect(again.signal.reason).toMatchObject({ code: 'CLOSED' });
    await again.release();
  });

  test('whose client is closed is followed at once, and has been told before', async () => {
    const [one, other] = [client(), client()];
    const path = fresh();
    const held = await one.lock(path).acquire();
    const toldMs = momentOf(held);
    const next = other.lock(path).acquire();
    await untilInLine(other, path, 2);
    const beganMs = performance.now();
    await one.close();
    const granted = await next;
    expect(performance.now() - beganMs).toBeLessThan(1_000);
    expect(toldMs()).toBeLessThanOrEqual(performance.now());
    expect(granted.fencingToken).toBeGreaterThan(held.fencingToken);
    await granted.release();
  });

  test('whose node somebody removed is told', async () => {
    const one = client();
    const path = fresh();
    const held = await one.lock(path).acquire();
    const [node] = await lineOf(one, path);
    await one.delete(node!);
    await expect.poll(() => held.signal.aborted).toBe(true);
    expect(held.signal.reason).toMatchObject({ code: 'NO_NODE' });
    await held.release();
  });

  test('that is cut off is told before the next can have it, after its session timeout', async () => {
    const other = client();
    const path = fresh();
    const { client: one, proxy } = await behindProxy('r1');
    const held = await createLock(hostOf(one), path).acquire();
    const toldMs = momentOf(held);
    let grantedMs = 0;
    const next = createLock(hostOf(other), path).acquire();
    void next.then(() => {
      grantedMs = performance.now();
    });
    await untilInLine(other, path, 2);
    const cutMs = performance.now();
    proxy.blackhole();
    const granted = await next;
    expect(toldMs()).toBeLessThan(grantedMs);
    expect(held.signal.reason).toMatchObject({ code: 'SESSION_EXPIRED' });
    // A third of the timeout may have passed since the last touch.
    expect(grantedMs - cutMs).toBeGreaterThan(SHORT_MS * 0.6);
    expect(grantedMs - cutMs).toBeLessThan(SHORT_MS * 2);
    expect(granted.fencingToken).toBeGreaterThan(held.fencingToken);
    await granted.release();
  }, 15_000);

  test('that dies keeps it until its session timeout: there is no grace to be short', async () => {
    const other = client();
    const path = fresh();
    const { client: one, proxy } = await behindProxy('r2');
    await createLock(hostOf(one), path).acquire();
    const next = createLock(hostOf(other), path).acquire();
    await untilInLine(other, path, 2);
    const diedMs = performance.now();
    proxy.refuse();
    proxy.closeConnections('reset');
    await (await next).release();
    expect(performance.now() - diedMs).toBeGreaterThan(SHORT_MS * 0.6);
    expect(performance.now() - diedMs).toBeLessThan(SHORT_MS * 2);
  }, 15_000);

  test('that cannot release in time is told the truth, and the node goes all the same', async () => {
    const other = client();
    const path = fresh();
    const { client: one, proxy } = await behindProxy('r3');
    const held = await createLock(hostOf(one, { timeoutMs: 10_000 }), path).acquire();
    proxy.blackhole();
    const beganMs = performance.now();
    await expect(held.release()).rejects.toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
    expect(performance.now() - beganMs).toBeLessThan(1_500);
    expect(held.signal.aborted).toBe(true);
    expect((await lineOf(other, path)).length).toBe(1);
    proxy.heal();
    await untilInLine(other, path, 0);
  }, 15_000);

  test('of a create whose result is not known leaves no ghost', async () => {
    const one = client();
    const path = fresh();
    const session = await one.session();
    const forgetful = {
      create: async (...asked: Parameters<Session['create']>) => {
        const done = await session.create(...asked);
        if (done.stat.kind === 'container') return done;
        throw new RollcallError('RESULT_DROPPED', 'as told', { outcome: 'unknown' });
      },
      list: session.list.bind(session),
      delete: session.delete.bind(session),
      signal: session.signal,
    } as unknown as Session;
    const joining = join(forgetful, { path, kind: 'lock', data: '' });
    await expect(joining).rejects.toMatchObject({ code: 'RESULT_DROPPED' });
    expect((await one.get(path))!.stat).toMatchObject({ childCount: 0, createCount: 1 });
  });
});

/** When the loss was told. */
function momentOf({ signal }: HeldLock): () => number {
  let atMs = Number.POSITIVE_INFINITY;
  signal.addEventListener('abort', () => {
    atMs = performance.now();
  });
  return () => atMs;
}
