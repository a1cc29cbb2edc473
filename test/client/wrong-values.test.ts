/** What an application gets wrong hurts its own call, at once and by name, and nobody else's. */
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/types.js';
import { startTestCluster, type TestCluster } from '../../src/testing/index.js';

let cluster: TestCluster;
let client: Client;
const refusal = (message: RegExp) =>
  expect.objectContaining({
    code: 'INVALID_ARGUMENT',
    outcome: 'not-applied',
    message: expect.stringMatching(message),
  });
const wrong = <T>(value: unknown): T => value as T;
const PLACE = { address: '10.0.0.1', port: 80 };

beforeAll(async () => {
  cluster = await startTestCluster({ members: 1 });
  client = cluster.connect({ timeoutMs: 2_000 });
  await client.create('/a', 'x');
});

afterAll(() => cluster.close());

/** The connection it would have broken is the one that everyone uses. */
async function isUnharmed(): Promise<void> {
  expect(client.state).toBe('READY');
  expect(client.describe().endpoints.map(({ use }) => use)).toEqual(['current']);
}

describe('A call with a value that is none', () => {
  const calls: readonly (readonly [string, RegExp, (it: Client) => Promise<unknown>])[] = [
    ['a path', /get\.path: text/, (it) => it.get(wrong(5))],
    ['no path', /get\.path: text/, (it) => it.get(wrong(null))],
    ['data', /data/, (it) => it.set('/a', wrong({ a: 1 }))],
    ['no data', /data/, (it) => it.set('/a', wrong(undefined))],
    ['a version', /set\.version: .*null/, (it) => it.set('/a', '', { version: wrong(null) })],
    ['half a version', /set\.version/, (it) => it.set('/a', '', { version: 1.5 })],
    ['a kind', /create\.kind/, (it) => it.create('/b', '', { kind: wrong('bogus') })],
    ['a time to live', /create\.ttlMs/, (it) => it.create('/b', '', { kind: 'ttl', ttlMs: -1 })],
    ['an access list', /create\.acl: a list/, (it) => it.create('/b', '', { acl: wrong(5) })],
    [
      'a permission',
      /acl\[0\]\.permissions/,
      (it) => it.setAcl('/a', [{ scheme: 'world', id: 'anyone', permissions: wrong('rw') }]),
    ],
    ['a limit', /list\.limit/, (it) => it.list('/', { limit: -1 })],
    ['a place to go on', /list\.after/, (it) => it.list('/', { after: wrong(5) })],
    ['a consistency', /consistency/, (it) => it.get('/a', { consistency: wrong('bogus') })],
    ['a deadline', /timeoutMs/, (it) => it.get('/a', { timeoutMs: wrong(null) })],
    ['a signal', /signal/, (it) => it.set('/a', '', { signal: wrong({}) })],
    ['a guard', /owner/, (it) => it.transact((t) => t.check('/a', { owner: wrong('x') }))],
    [
      'a guard that is misspelt',
      /no such field/,
      (it) => it.transact((t) => t.check('/a', wrong({ verson: 3 })).set('/a', 'y')),
    ],
    [
      'a function that goes on later',
      /async/,
      (it) => it.transact(wrong(async () => Promise.reject(new Error('unheard')))),
    ],
    [
      'a number for text in a tag',
      /tags\.v: text/,
      (it) => it.register('web', { ...PLACE, tags: wrong({ v: 7 }) }),
    ],
    ['a target', /target/, (it) => it.register('web', wrong(8080))],
    ['a port', /register\.port/, (it) => it.register('web', { port: wrong('80') })],
    ['a weight', /register\.weight/, (it) => it.register('web', { ...PLACE, weight: -1 })],
    ['a state', /state/, (it) => it.register('web', { ...PLACE, state: wrong('bogus') })],
    ['an empty id', /id/, (it) => it.register('web', PLACE, { id: '' })],
    ['a service', /service/, (it) => it.register(wrong(5), PLACE)],
    ['a grace', /graceMs/, (it) => it.register('web', PLACE, { graceMs: Number.NaN })],
    ['a timeout of a session', /timeoutMs/, (it) => it.session({ timeoutMs: Number.NaN })],
    [
      'a filter',
      /filter\.tags\.a/,
      (it) => it.instances('web', { filter: { tags: wrong({ a: 1 }) } }),
    ],
    [
      'a state to filter by',
      /states/,
      (it) => it.instances('web', { filter: { states: wrong('UP') } }),
    ],
    ['a claim', /incarnation/, (it) => it.deregister('web', 'x', { incarnation: -1 })],
    ['a session', /session/, (it) => it.admin.revokeSession(wrong('x'))],
    [
      'an end of a drain',
      /until/,
      (it) => it.admin.drain('web', 'x', { until: wrong(new Date()) }),
    ],
    ['a quota', /nodesMax/, (it) => it.admin.setQuota('/a', { nodesMax: Number.NaN })],
    [
      'a field of settings',
      /fields\.a/,
      (it) => it.admin.setService('web', { fields: wrong({ a: 5 }) }),
    ],
  ];

  test.each(calls)('is refused by its name: %s', async (_what, message, call) => {
    await expect(call(client)).rejects.toEqual(refusal(message));
    await isUnharmed();
  });

  test('changes nothing', async () => {
    const node = await client.get('/a');
    expect(node?.stat.version).toBe(0);
    expect(await client.get('/b')).toBeUndefined();
    expect(await client.services()).toEqual([]);
  });
});

describe('A watch with a value that is none', () => {
  test.each([
    [/path/, 5, {}],
    [/scope/, '/a', { scope: 'bogus' }],
    [/from/, '/a', { from: -1 }],
    [/from/, '/a', { from: 'then' }],
    [/buffer/, '/a', { buffer: Number.NaN }],
    [/onOverflow/, '/a', { onOverflow: 'bogus' }],
    [/signal/, '/a', { signal: {} }],
  ])('is refused by its name: %s', async (message, path, options) => {
    expect(() => client.watch(wrong(path), wrong(options))).toThrow(refusal(message));
    await isUnharmed();
  });

  test('is refused when its listener is no function', () => {
    const watch = client.watch('/a');
    expect(() => watch.subscribe(wrong(undefined))).toThrow(refusal(/listener/));
    void watch.close();
  });
});

describe('A registration that is given nonsense later', () => {
  test('refuses it, stands as it was, and takes what makes sense', async () => {
    const mine = await client.register('steady', PLACE);
    for (const patch of [{ tags: { a: 5 } }, { id: 'other' }, { service: 'x' }, { bogus: 1 }]) {
      await expect(mine.set(wrong(patch))).rejects.toEqual(refusal(/./));
    }
    await expect(mine.set({ state: wrong('bogus') })).rejects.toEqual(refusal(/state/));
    await expect(mine.set({ weight: 7 })).resolves.toMatchObject({ weight: 7, tags: {} });
    expect(mine.state).toBe('REGISTERED');
    await expect(mine.drain({ waitMs: Number.NaN })).rejects.toEqual(refusal(/waitMs/));
    await mine.close();
  });

  test('a server that never listens is waited for as long as its caller says', async () => {
    const server = createServer();
    const before = server.listenerCount('listening');
    const late = client.register('never', server, { timeoutMs: 50 });
    await expect(late).rejects.toMatchObject({ code: 'TIMEOUT', outcome: 'not-applied' });
    const abort = new AbortController();
    const left = client.register('never', server, { signal: abort.signal });
    abort.abort();
    await expect(left).rejects.toMatchObject({ code: 'ABORTED' });
    expect(server.listenerCount('listening')).toBe(before);
    expect(server.listenerCount('error')).toBe(0);
  });
});

describe('A view that is asked for nonsense', () => {
  test('says which option it was', async () => {
    const view = client.discover('viewed');
    const mine = await client.register('viewed', PLACE);
    await view.ready();
    const never = Number.POSITIVE_INFINITY;
    await expect(view.ready({ timeoutMs: never })).rejects.toEqual(refusal(/timeoutMs/));
    await expect(view.ready({ min: Number.NaN })).rejects.toEqual(refusal(/min/));
    const call = view.run(async () => 1, { timeoutMs: never });
    await expect(call).rejects.toEqual(refusal(/timeoutMs/));
    expect(() => view.subscribe(wrong(undefined))).toThrow(refusal(/listener/));
    expect(() => client.discover('web', wrong({ filter: { states: 'UP' } }))).toThrow(
      refusal(/states/),
    );
    await mine.close();
  });

  test('runs what answers without waiting', async () => {
    const view = client.discover('quick');
    const mine = await client.register('quick', PLACE);
    await view.ready();
    await expect(view.run(wrong(() => 5))).resolves.toBe(5);
    expect(view.describe().instances[0]?.active).toBe(0);
    await mine.close();
  });
});
