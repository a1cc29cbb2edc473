import { connect, constants } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { services } from '../../../src/rpc/definitions.js';
import { type CallFailure, Harness } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

const { Tree, Sessions, Catalog, Cluster } = services;
const failure = (call: Promise<unknown>): Promise<CallFailure> =>
  call.then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => error,
  );

describe('the Tree service', () => {
  it('creates, reads, changes and deletes nodes at rising revisions', async () => {
    const created = await harness.call(Tree.Create, { path: '/t', data: Buffer.from('one') });
    expect(created).toMatchObject({ path: '/t', stat: { version: 0, dataLength: 3 } });
    const set = await harness.call(Tree.Set, { path: '/t', data: Buffer.from('two'), version: 0 });
    expect(set.stat?.version).toBe(1);
    expect(set.revision).toBeGreaterThan(created.revision);
    const got = await harness.call(Tree.Get, { path: '/t' });
    expect(Buffer.from(got.node!.data).toString()).toBe('two');
    expect(got.revision).toBeGreaterThanOrEqual(set.revision);
    await harness.call(Tree.Delete, { path: '/t' });
    expect((await harness.call(Tree.Get, { path: '/t' })).node).toBeUndefined();
  });

  it('says why it refuses, in the status and in the trailer', async () => {
    const missing = await failure(harness.call(Tree.Set, { path: '/nowhere' }));
    expect(missing.code).toBe(status.NOT_FOUND);
    expect(missing.detail).toMatchObject({ code: 'NO_NODE', retryable: false, outcome: 0 });
    const bad = await failure(harness.call(Tree.Create, { path: 'no-slash' }));
    expect(bad.code).toBe(status.INVALID_ARGUMENT);
    expect(bad.detail?.code).toBe('INVALID_ARGUMENT');
    const kind = await failure(harness.call(Tree.Create, { path: '/k', kind: 77 }));
    expect(kind.detail?.code).toBe('INVALID_ARGUMENT');
    const ephemeral = await failure(harness.call(Tree.Create, { path: '/e', kind: 1 }));
    expect(ephemeral.detail?.code).toBe('NO_SESSION');
  });

  it('tells which part of a transaction refused, and applies none of it', async () => {
    const refused = await failure(
      harness.call(Tree.Transact, {
        guards: [{ path: '/', exists: true }],
        operations: [{ create: { path: '/x1' } }, { set: { path: '/x2' } }],
      }),
    );
    expect(refused.detail).toMatchObject({ code: 'NO_NODE', position: 1 });
    const guarded = await failure(
      harness.call(Tree.Transact, { guards: [{ path: '/', exists: false }] }),
    );
    expect(guarded.detail).toMatchObject({ code: 'GUARD_FAILED', position: -1 });
    expect((await harness.call(Tree.Get, { path: '/x1' })).node).toBeUndefined();
    const empty = await failure(harness.call(Tree.Transact, { operations: [{}] }));
    expect(empty.detail?.code).toBe('INVALID_ARGUMENT');
  });

  it('lists children in pages', async () => {
    await harness.call(Tree.Create, { path: '/pages' });
    for (const name of ['c', 'a', 'b']) {
      await harness.call(Tree.Create, { path: `/pages/${name}` });
    }
    const first = await harness.call(Tree.List, { path: '/pages', limit: 2 });
    expect(first.nodes.map(({ path }) => path)).toEqual(['/pages/a', '/pages/b']);
    expect(first.nextAfter).toBe('b');
    const second = await harness.call(Tree.List, { path: '/pages', limit: 2, after: 'b' });
    expect(second.nodes.map(({ path }) => path)).toEqual(['/pages/c']);
    expect(second.nextAfter).toBe('');
    const gone = await failure(harness.call(Tree.List, { path: '/nowhere' }));
    expect(gone.detail?.code).toBe('NO_NODE');
  });

  it('keeps a hostile text in an error from harming the member', async () => {
    const path = `/${'\u{1F600}'.repeat(800)}`;
    const refused = await failure(harness.call(Tree.Create, { path: `/a${path}` }));
    expect(refused.detail?.code).toBe('INVALID_ARGUMENT');
    expect((await harness.call(Cluster.Status, {})).hasQuorum).toBe(true);
  });

  it('answers bytes that are no message with INVALID_ARGUMENT', async () => {
    const garbage = Buffer.from([0x0a, 0xff, 0xff, 0xff]);
    const refused = await failure(harness.call(Tree.Set, garbage));
    expect(refused.code).toBe(status.INVALID_ARGUMENT);
    expect(refused.detail?.code).toBe('PROTOCOL');
  });

  it('refuses what is larger than a request may be', async () => {
    const data = Buffer.alloc(1024 * 1024 + 1);
    const large = await failure(harness.call(Tree.Create, { path: '/large', data }));
    expect(large.detail?.code).toBe('TOO_LARGE');
    const huge = Buffer.alloc(4 * 1024 * 1024);
    const refused = await failure(harness.call(Tree.Create, { path: '/huge', data: huge }));
    expect(refused.code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('refuses compressed requests without inflating them', async () => {
    const session = connect(`http://${harness.address}`);
    const call = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/rollcall.v1.Tree/Get',
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-encoding': 'gzip',
    });
    const body = gzipSync(Buffer.alloc(1_000_000));
    const head = Buffer.from([1, 0, 0, 0, 0]);
    head.writeUInt32BE(body.length, 1);
    call.end(Buffer.concat([head, body]));
    const headers = await new Promise<Record<string, unknown>>((resolve) => {
      call.on('response', resolve);
    });
    expect(headers['grpc-status']).toBe(String(status.UNIMPLEMENTED));
    session.destroy();
  });
});

describe('the other unary services', () => {
  it('opens one session for one secret, touches it, and closes it', async () => {
    const secret = Buffer.alloc(16, 7);
    const opened = await harness.call(Sessions.Open, { secret, timeoutMs: 30_000 });
    expect(opened).toMatchObject({ timeoutMs: 30_000, graceMs: 0, lastSeq: 0 });
    const again = await harness.call(Sessions.Open, { secret, timeoutMs: 30_000 });
    expect(again.session).toBe(opened.session);
    const { session } = opened;
    await harness.call(Sessions.Touch, { session, secret });
    const wrong = await failure(
      harness.call(Sessions.Touch, { session, secret: Buffer.alloc(16) }),
    );
    expect(wrong.code).toBe(status.PERMISSION_DENIED);
    await harness.call(Sessions.Close, { session, secret });
    const gone = await failure(harness.call(Sessions.Touch, { session, secret }));
    expect(gone.detail?.code).toBe('SESSION_EXPIRED');
  });

  it('refuses secrets and timeouts outside their bounds', async () => {
    const short = await failure(harness.call(Sessions.Open, { secret: Buffer.alloc(15) }));
    expect(short.detail?.code).toBe('INVALID_ARGUMENT');
    const secret = Buffer.alloc(16, 9);
    const brief = await failure(harness.call(Sessions.Open, { secret, timeoutMs: 1 }));
    expect(brief.detail?.code).toBe('INVALID_ARGUMENT');
  });

  it('registers static instances and shows them with their filter', async () => {
    const port = 8080;
    const registered = await harness.call(Catalog.Register, {
      service: 'web',
      port,
      zone: 'z1',
      tags: { role: 'a' },
      static: true,
    });
    expect(registered.instance).toMatchObject({
      id: '127.0.0.1-8080',
      address: '127.0.0.1',
      url: 'http://127.0.0.1:8080',
      weight: 100,
      state: 2,
    });
    const all = await harness.call(Catalog.Instances, { service: 'web' });
    expect(all.instances).toHaveLength(1);
    expect(all.instances[0]).toMatchObject({
      tags: { role: 'a' },
      incarnation: all.instances[0]!.createRevision,
    });
    const other = { tags: { role: 'b' } };
    const none = await harness.call(Catalog.Instances, { service: 'web', filter: other });
    expect(none.instances).toEqual([]);
    const listed = await harness.call(Catalog.Services, {});
    expect(listed.services).toContainEqual({ service: 'web', instances: 1 });
    const { id } = registered.instance!;
    await harness.call(Catalog.Deregister, { service: 'web', id });
    expect((await harness.call(Catalog.Instances, { service: 'web' })).instances).toEqual([]);
  });

  it('sends who wants a living registration to Hold or the stream', async () => {
    const refused = await failure(harness.call(Catalog.Register, { service: 'web', port: 1 }));
    expect(refused.detail?.code).toBe('INVALID_ARGUMENT');
    expect(refused.details).toContain('Hold');
  });

  it('shows the member its own view of itself', async () => {
    const own = await harness.call(Cluster.Status, {});
    expect(own).toMatchObject({ name: 'a', leader: 'a', hasQuorum: true });
    expect(own.clusterId).toMatch(/^[0-9a-f]{32}$/);
    const { members } = await harness.call(Cluster.Members, {});
    expect(members.map(({ name, role }) => [name, role])).toEqual([['a', 'leader']]);
  });

  it('counts calls by method and code', async () => {
    await failure(harness.call(Tree.Set, { path: '/counted' }));
    const text = await harness.member.metrics.registry.metrics();
    expect(text).toMatch(/rollcall_requests?_\w*\{[^}]*method="Tree\/Set"[^}]*code="NO_NODE"/);
  });
});
