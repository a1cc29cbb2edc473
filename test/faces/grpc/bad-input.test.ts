/**
 * Goal: whatever a client sends, by mistake or by malice, it gets the error that says what was wrong, nothing
 * is stored that was not meant, the member serves on, and its memory stays as it was. Rows are named as in the
 * fault table.
 */
import { randomBytes } from 'node:crypto';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type IncomingHttpHeaders,
} from 'node:http2';
import { gzipSync } from 'node:zlib';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { codec, ERROR_TRAILER, services } from '../../../src/rpc/definitions.js';
import type { Method, Outgoing } from '../../../src/rpc/shapes.js';
import { REQUEST_BYTES_MAX } from '../../../src/types/limits.js';
import { bytesField as field, numberField as number, varint } from '../../support/protobuf.js';
import { Harness } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
  await harness.call(services.Tree.Create, { path: '/kept', data: Buffer.from('kept') });
});
afterAll(() => harness.stop());
afterEach(async () => {
  const { node } = await harness.call(services.Tree.Get, { path: '/kept' });
  expect(node?.data.toString()).toBe('kept');
});

const { Tree, Catalog, Sessions } = services;
const same = (bytes: Buffer): Buffer => bytes;
const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');

/** "OK", or the name of the error; of the gRPC status where there is no error of ours. */
function send(
  method: Method<never, never>,
  body: Buffer,
  headers: Record<string, string> = {},
): Promise<string> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const deadline = Date.now() + 5_000;
  return new Promise((resolve) => {
    const answered = (error: ServiceError | null) => resolve(nameOf(error));
    if (!method.responseStream) {
      const { client } = harness;
      client.makeUnaryRequest(method.path, same, same, body, metadata, { deadline }, answered);
      return;
    }
    const call = harness.client.makeServerStreamRequest(method.path, same, same, body, metadata);
    call.on('data', () => {
      resolve('OK');
      call.cancel();
    });
    call.on('error', (error: ServiceError) => answered(error));
  });
}

function nameOf(error: ServiceError | null): string {
  if (error === null) return 'OK';
  const [bytes] = error.metadata.get(ERROR_TRAILER);
  return bytes === undefined
    ? status[error.code]
    : codec('ErrorDetail').decode(bytes as Buffer).code;
}

/** A call as no client of grpc-js makes it: one frame with the flag that says "compressed". */
function compressed(session: ClientHttp2Session, encoding: string, body: Buffer): Promise<string> {
  const head = Buffer.from([1, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length, 1);
  const call = session.request({
    ':method': 'POST',
    ':path': Tree.Get.path,
    'content-type': 'application/grpc',
    'grpc-encoding': encoding,
    te: 'trailers',
  });
  call.on('error', () => {});
  call.resume();
  call.end(Buffer.concat([head, body]));
  return new Promise((resolve) => {
    const answered = (headers: IncomingHttpHeaders) => {
      const code = headers['grpc-status'];
      if (code !== undefined) resolve(status[Number(code)]!);
    };
    call.on('response', answered);
    call.on('trailers', answered);
  });
}

type Case = readonly [what: string, answer: Promise<string>, want: string];

const of = <Req, Res>(method: Method<Req, Res>, message: Outgoing<Req>) =>
  send(method as never, method.requestSerialize(message));
const raw = <Req, Res>(method: Method<Req, Res>, ...parts: Buffer[]) =>
  send(method as never, Buffer.concat(parts));

/** One row of the fault table: every case at once, each by its exact answer. */
async function expectAnswers(cases: readonly Case[]) {
  const got = await Promise.all(cases.map(async ([what, answer]) => [what, await answer]));
  expect(got).toEqual(cases.map(([what, , want]) => [what, want]));
}

describe('bad input', () => {
  it('F1: bytes that are no message of their type are PROTOCOL errors', async () => {
    const create = Tree.Create.requestSerialize({ path: '/f1', data: Buffer.alloc(50) });
    await expectAnswers([
      ['cut in a text', raw(Tree.Create, field(1, utf8('/f1')).subarray(0, 3)), 'PROTOCOL'],
      ['cut in the data', raw(Tree.Create, create.subarray(0, 20)), 'PROTOCOL'],
      ['a number for a text', raw(Tree.Get, number(1, 3), utf8('/ab')), 'PROTOCOL'],
      ['a text for a number', raw(Tree.Get, field(1, utf8('/')), field(3, utf8('7'))), 'PROTOCOL'],
      ['a text for a message', raw(Tree.Transact, field(2, utf8('create'))), 'PROTOCOL'],
      ['a number for a message', raw(Tree.Transact, number(1, 1)), 'PROTOCOL'],
      ['field 0', raw(Tree.Get, number(0, 1)), 'PROTOCOL'],
      ['wire type 7', raw(Tree.Get, Buffer.from([0x0f, 1])), 'PROTOCOL'],
      ['an endless number', raw(Tree.Get, Buffer.alloc(50, 0x80)), 'PROTOCOL'],
      ['nothing at all', raw(Tree.Get), 'INVALID_ARGUMENT'],
      [
        'another message',
        raw(Tree.Create, Catalog.Register.requestSerialize({ address: 'b' })),
        'PROTOCOL',
      ],
    ]);
  });

  it('F1: random bytes never get further than an error of theirs', async () => {
    const allowed = new Set(['PROTOCOL', 'INVALID_ARGUMENT', 'OK', 'NO_NODE', 'SESSION_EXPIRED']);
    const methods = [Tree, Sessions, Catalog, services.Cluster].flatMap(
      (service) => Object.values(service) as Method<never, never>[],
    );
    for (const method of methods.filter(({ requestStream }) => !requestStream)) {
      const tries = Array.from({ length: 12 }, (_, i) => send(method, randomBytes(3 + i * 9)));
      for (const answer of await Promise.all(tries)) expect(allowed).toContain(answer);
    }
  });

  it('F2: a message above the limit is refused, on a stream too', async () => {
    const large = Buffer.alloc(REQUEST_BYTES_MAX + 128 * 1024);
    await expectAnswers([
      ['unary', raw(Tree.Create, large), 'RESOURCE_EXHAUSTED'],
      ['8 MiB', raw(Tree.Create, Buffer.alloc(8 * 1024 * 1024)), 'RESOURCE_EXHAUSTED'],
      ['streaming', raw(Tree.Watch, large), 'RESOURCE_EXHAUSTED'],
      ['a path', of(Tree.Create, { path: `/${'x'.repeat(5_000)}` }), 'INVALID_ARGUMENT'],
      ['a node', of(Tree.Create, { path: '/f2', data: Buffer.alloc(1_048_577) }), 'TOO_LARGE'],
    ]);
    const talk = harness.stream();
    talk.send(large);
    expect((await talk.items.end())?.code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('F3: nothing that is compressed is taken, and nothing is inflated', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const session = connectHttp2(`http://${harness.address}`);
    const claiming = (encoding: string, body: Buffer) => compressed(session, encoding, body);
    await expectAnswers([
      ['gzip', claiming('gzip', gzipSync(field(1, utf8('/kept')))), 'UNIMPLEMENTED'],
      ['deflate', claiming('deflate', bomb), 'UNIMPLEMENTED'],
      ['a bomb', claiming('gzip', bomb), 'UNIMPLEMENTED'],
      ['a broken one', claiming('gzip', randomBytes(500)), 'UNIMPLEMENTED'],
      ['of no kind known', claiming('zstd', bomb), 'UNIMPLEMENTED'],
      ['flagged, and named plain', claiming('identity', bomb), 'INVALID_ARGUMENT'],
    ]);
    session.destroy();
  });

  it('F4: messages nested without end, groups, and groups within groups', async () => {
    let deep = Buffer.alloc(0);
    for (let i = 0; i < 5_000; i++) deep = field(2, deep);
    const group = (n: number) => Buffer.alloc(n, (15 << 3) | 3);
    await expectAnswers([
      ['known fields', raw(Tree.Transact, deep), 'INVALID_ARGUMENT'],
      ['unknown fields', raw(Tree.Get, field(99, deep)), 'INVALID_ARGUMENT'],
      ['a group', raw(Tree.Get, field(1, utf8('/kept')), group(1)), 'PROTOCOL'],
      ['100 000 groups', raw(Tree.Get, group(100_000)), 'PROTOCOL'],
      ['a closed group', raw(Tree.Get, group(1), Buffer.from([(15 << 3) | 4])), 'PROTOCOL'],
    ]);
  });

  it('F5: names that mean something to JavaScript are plain data, or refused by name', async () => {
    const instance = { service: 'f5', id: 'x', port: 1, static: true };
    const proto = Object.fromEntries([['__proto__', 'x']]);
    const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
    for (const name of names) {
      await harness.call(Tree.Create, { path: `/${name}`, data: utf8(name) });
      const { node } = await harness.call(Tree.Get, { path: `/${name}` });
      expect([node?.path, node?.data.toString()]).toEqual([`/${name}`, name]);
      await harness.call(Catalog.Register, { ...instance, service: name, id: name });
      const { instances } = await harness.call(Catalog.Instances, { service: name });
      expect(instances.map(({ id }) => id)).toEqual([name]);
    }
    await expectAnswers([
      ['a tag', of(Catalog.Register, { ...instance, tags: proto }), 'INVALID_ARGUMENT'],
      ['a tag', of(Catalog.Register, { ...instance, tags: { constructor: 'x' } }), 'OK'],
      [
        'a port',
        of(Catalog.Register, { ...instance, ports: Object.fromEntries([['__proto__', 1]]) }),
        'INVALID_ARGUMENT',
      ],
      [
        'a field',
        of(Catalog.SetService, { service: 'f5', settings: { fields: proto } }),
        'INVALID_ARGUMENT',
      ],
      ['a filter', of(Catalog.Instances, { service: 'f5', filter: { tags: proto } }), 'OK'],
      [
        'a header',
        send(Tree.Get as never, field(1, utf8('/kept')), { __proto__x: '1', constructor: '2' }),
        'OK',
      ],
    ]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
    const { instances } = await harness.call(Catalog.Instances, { service: 'f5' });
    expect(Object.entries(instances[0]!.tags)).toEqual([['constructor', 'x']]);
  });

  it('F6: texts that are no UTF-8 are refused as bytes; a BOM is a character like any other', async () => {
    const path = (...bytes: number[]) => field(1, Buffer.from([0x2f, ...bytes]));
    const name = (...bytes: number[]) => [
      field(1, Buffer.from(bytes)),
      number(4, 1),
      number(13, 1),
    ];
    await expectAnswers([
      ['a lone byte', raw(Tree.Create, path(0xc3, 0x28)), 'PROTOCOL'],
      ['a cut sequence', raw(Tree.Create, path(0xe2, 0x82)), 'PROTOCOL'],
      ['overlong', raw(Tree.Create, path(0xc0, 0xaf)), 'PROTOCOL'],
      ['overlong NUL', raw(Tree.Create, path(0xc0, 0x80)), 'PROTOCOL'],
      ['a lone surrogate', raw(Tree.Create, path(0xed, 0xa0, 0x80)), 'PROTOCOL'],
      [
        'a pair of surrogates',
        raw(Tree.Create, path(0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80)),
        'PROTOCOL',
      ],
      ['above U+10FFFF', raw(Tree.Create, path(0xf4, 0x90, 0x80, 0x80)), 'PROTOCOL'],
      ['0xff', raw(Tree.Create, path(0xff)), 'PROTOCOL'],
      ['in a name', raw(Catalog.Register, ...name(0x61, 0xc0, 0xaf)), 'PROTOCOL'],
      ['in a tag', raw(Catalog.Register, field(8, field(1, Buffer.from([0xff])))), 'PROTOCOL'],
      ['beyond the BMP', of(Tree.Create, { path: '/\u{1f600}' }), 'INVALID_ARGUMENT'],
      ['a BOM before a path', of(Tree.Create, { path: '\ufeff/f6' }), 'INVALID_ARGUMENT'],
    ]);
    const bom = '\ufeffweb';
    await harness.call(Catalog.Register, { service: bom, id: bom, port: 1, static: true });
    const { services: known } = await harness.call(Catalog.Services, { after: 'web' });
    expect(known.map(({ service }) => service)).toContain(bom);
    const plain = await harness.call(Catalog.Instances, { service: 'web' });
    expect(plain.instances).toEqual([]);
  });

  it('F7: paths that are not in their one form', async () => {
    const paths = ['', 'x', '//', '/a/', '/a//b', '/.', '/..', '/a/./b', '/a/../b', '/\0', '/a\nb'];
    const rest = ['/\x7f', '/\x9f', '/\ue000', '/\uf8ff', '/\ufff0', '/\uffff', ' /a', '/a\r'];
    const cases = [...paths, ...rest].flatMap((path) => [
      [`create ${path}`, of(Tree.Create, { path }), 'INVALID_ARGUMENT'] as const,
      [`get ${path}`, of(Tree.Get, { path }), 'INVALID_ARGUMENT'] as const,
      [`watch ${path}`, of(Tree.Watch, { path }), 'INVALID_ARGUMENT'] as const,
      [`acl ${path}`, of(Tree.SetAcl, { path }), 'INVALID_ARGUMENT'] as const,
    ]);
    const names = ['', '.', '..', 'a/b', '\0', 'x'.repeat(256)];
    const named = names.flatMap((service) => [
      [
        `service ${service}`,
        of(Catalog.Register, { service, id: 'x', port: 1, static: true }),
        'INVALID_ARGUMENT',
      ] as const,
      [`subscribe ${service}`, of(Catalog.Subscribe, { service }), 'INVALID_ARGUMENT'] as const,
      [`settings ${service}`, of(Catalog.SetService, { service }), 'INVALID_ARGUMENT'] as const,
    ]);
    await expectAnswers([
      ...cases,
      ...named,
      ['the root again', of(Tree.Create, { path: '/' }), 'NODE_EXISTS'],
      ['without the root', of(Tree.Delete, { path: '/' }), 'INVALID_ARGUMENT'],
      ['without all', of(Tree.Delete, { path: '/', recursive: true }), 'INVALID_ARGUMENT'],
    ]);
  });

  it('F8: twins that look the same are two nodes, each found by its own bytes', async () => {
    const twins = ['/caf\u00e9', '/cafe\u0301'];
    for (const path of twins) await harness.call(Tree.Create, { path, data: utf8(path) });
    for (const path of twins) {
      const { node } = await harness.call(Tree.Get, { path });
      expect(node?.data.toString()).toBe(path);
    }
  });

  it('F9: numbers that are no counts, too large, or nonsense where they stand', async () => {
    const above = [
      varint(2n ** 53n),
      varint(2n ** 53n + 1n),
      varint(2n ** 63n),
      varint(2n ** 64n - 1n),
    ];
    const sized = above.flatMap((value) => [
      ['floor', raw(Tree.Get, field(1, utf8('/kept')), number(3, value)), 'PROTOCOL'] as const,
      ['revision', raw(Tree.Watch, field(1, utf8('/')), number(4, value)), 'PROTOCOL'] as const,
      [
        'ttl',
        raw(Tree.Create, field(1, utf8('/t')), number(3, 3), number(5, value)),
        'PROTOCOL',
      ] as const,
      [
        'session',
        raw(Sessions.Touch, number(1, value), field(2, Buffer.alloc(16))),
        'PROTOCOL',
      ] as const,
      ['version', raw(Tree.Set, field(1, utf8('/kept')), number(3, value)), 'PROTOCOL'] as const,
      ['limit', raw(Tree.List, field(1, utf8('/')), number(4, value)), 'PROTOCOL'] as const,
    ]);
    const most = Number.MAX_SAFE_INTEGER;
    const secret = Buffer.alloc(16, 1);
    await expectAnswers([
      ...sized,
      [
        'version 2^32',
        raw(Tree.Set, field(1, utf8('/kept')), number(3, varint(2n ** 32n))),
        'PROTOCOL',
      ],
      ['version 2^31', of(Tree.Set, { path: '/kept', version: 2 ** 31 }), 'INVALID_ARGUMENT'],
      ['ttl 0', of(Tree.Create, { path: '/t', kind: 3 }), 'INVALID_ARGUMENT'],
      ['ttl of another kind', of(Tree.Create, { path: '/t', ttlMs: 5 }), 'INVALID_ARGUMENT'],
      ['timeout 1', of(Sessions.Open, { secret, timeoutMs: 1 }), 'INVALID_ARGUMENT'],
      ['timeout 2^32−1', of(Sessions.Open, { secret, timeoutMs: 2 ** 32 - 1 }), 'INVALID_ARGUMENT'],
      ['grace 1', of(Sessions.Open, { secret, graceMs: 1 }), 'INVALID_ARGUMENT'],
      ['no secret', of(Sessions.Open, {}), 'INVALID_ARGUMENT'],
      ['session 0', of(Sessions.Touch, { secret }), 'SESSION_EXPIRED'],
      ['session 2^53−1', of(Sessions.Touch, { session: most, secret }), 'SESSION_EXPIRED'],
      ['revoke 2^53−1', of(Sessions.Revoke, { session: most }), 'SESSION_EXPIRED'],
      ['port 0', of(Catalog.Hold, { service: 'f9' }), 'INVALID_ARGUMENT'],
      ['port 65536', of(Catalog.Hold, { service: 'f9', port: 65_536 }), 'INVALID_ARGUMENT'],
      [
        'percent 101',
        of(Catalog.SetService, { service: 'f9', settings: { minimumHealthy: 101 } }),
        'INVALID_ARGUMENT',
      ],
      [
        'no permission known',
        of(Tree.SetAcl, {
          path: '/kept',
          acl: [{ scheme: 'world', id: 'anyone', permissions: 32 }],
        }),
        'INVALID_ARGUMENT',
      ],
    ]);
  });

  it('F10: empty oneofs, unknown enums, and messages that are not there', async () => {
    const set = { service: 'f10', id: 'x', who: 'a' };
    await expectAnswers([
      ['kind 9', of(Tree.Create, { path: '/f10', kind: 9 }), 'INVALID_ARGUMENT'],
      ['consistency 9', of(Tree.Get, { path: '/', consistency: 9 }), 'INVALID_ARGUMENT'],
      ['scope 9', of(Tree.Watch, { path: '/', scope: 9 }), 'INVALID_ARGUMENT'],
      ['state 9', of(Catalog.Hold, { service: 'f10', port: 1, state: 9 }), 'INVALID_ARGUMENT'],
      [
        'filter 9',
        of(Catalog.Subscribe, { service: 'f10', filter: { states: [9] } }),
        'INVALID_ARGUMENT',
      ],
      [
        'kind −1',
        raw(Tree.Create, field(1, utf8('/f10')), number(3, varint(2n ** 64n - 1n))),
        'PROTOCOL',
      ],
      ['no operation', of(Tree.Transact, { operations: [{}] }), 'INVALID_ARGUMENT'],
      ['no action', of(Catalog.SetOverride, set), 'INVALID_ARGUMENT'],
      ['another action', of(Catalog.SetOverride, { ...set, action: 'lift' }), 'INVALID_ARGUMENT'],
      [
        'an instance that nobody keeps',
        of(Catalog.Register, { service: 'f10', port: 1 }),
        'INVALID_ARGUMENT',
      ],
    ]);
    const talk = harness.stream();
    talk.send({ operations: [{ id: 1 }, { id: 2, updateInstance: {} }, { id: 3, create: {} }] });
    for (const id of [1, 2, 3])
      expect((await talk.response(id)).error?.code).toBe('INVALID_ARGUMENT');
    talk.send({ operations: [{ id: 4, get: { path: '/kept' } }] });
    expect((await talk.response(4)).get?.node?.path).toBe('/kept');
    talk.cancel();
  });

  it('F11: revisions that have not been, or were elsewhere', async () => {
    const ahead = 2 ** 40;
    await expectAnswers([
      ['watch', of(Tree.Watch, { path: '/', afterRevision: ahead }), 'FUTURE_REVISION'],
      [
        'subscribe',
        of(Catalog.Subscribe, { service: 'f11', afterRevision: ahead }),
        'FUTURE_REVISION',
      ],
      [
        'subscribe',
        of(Catalog.Subscribe, { service: 'f11', afterRevision: Number.MAX_SAFE_INTEGER }),
        'FUTURE_REVISION',
      ],
    ]);
    const floor = { path: '/kept', consistency: 1, floor: ahead };
    const talk = harness.stream();
    talk.send({ operations: [{ id: 1, timeoutMs: 300, get: floor }] });
    expect((await talk.response(1)).error?.code).toBe('BEHIND');
    talk.cancel();
  });
});

describe('a session that is misused', () => {
  async function attached(secret: Buffer) {
    const talk = harness.stream();
    talk.send({ operations: [{ id: 1, open: { secret } }] });
    const { session } = (await talk.response(1)).open!;
    return { talk, session };
  }
  const change = (seq: number, text: string) => ({
    id: 100 + seq,
    seq,
    set: { path: '/kept2', data: utf8(text) },
  });
  const SECRET = Buffer.alloc(20, 3);

  it('F12: another request under the same seq, a gap, and results that nobody can have', async () => {
    await harness.call(Tree.Create, { path: '/kept2' });
    const { talk, session } = await attached(SECRET);
    talk.send({ operations: [change(1, 'first')] });
    const first = await talk.response(101);
    talk.send({ operations: [change(1, 'first')] });
    expect((await talk.response(101)).set?.revision).toBe(first.set!.revision);
    talk.send({ operations: [change(1, 'other')] });
    expect((await talk.response(101)).error?.code).toBe('SEQ_REUSED');
    talk.send({ operations: [change(3, 'ahead')] });
    expect((await talk.response(103)).error?.code).toMatch(/SEQ_GAP|OVERLOADED/);
    talk.send({ operations: [change(2, 'second')], ackedSeq: 2 });
    await talk.response(102);
    talk.send({ operations: [], ackedSeq: 99 });
    const failure = await talk.items.end();
    expect([failure?.code, failure?.detail?.code]).toEqual([status.INVALID_ARGUMENT, 'PROTOCOL']);
    const again = harness.stream();
    const attach = { session, secret: SECRET };
    again.send({ operations: [{ id: 1, attach }], ackedSeq: 3 });
    expect((await again.response(1)).open?.lastSeq).toBe(2);
    again.send({ operations: [change(1, 'first')] });
    expect((await again.response(101)).error?.code).toBe('RESULT_DROPPED');
    again.send({ operations: [change(3, 'third')] });
    expect((await again.response(103)).set?.stat?.version).toBe(3);
    again.cancel();
  });

  it('F13: a wrong secret, and the session of somebody else', async () => {
    const { talk, session } = await attached(Buffer.alloc(20, 4));
    const wrong = { session, secret: Buffer.alloc(20, 5) };
    await expectAnswers([
      ['touch', of(Sessions.Touch, wrong), 'WRONG_SECRET'],
      ['close', of(Sessions.Close, wrong), 'WRONG_SECRET'],
    ]);
    const thief = harness.stream();
    thief.send({
      operations: [
        { id: 1, attach: wrong },
        { id: 2, seq: 1, close: {} },
      ],
    });
    expect((await thief.response(1)).error?.code).toBe('WRONG_SECRET');
    expect((await thief.response(2)).error?.code).toBe('NO_SESSION');
    talk.send({ operations: [], touch: 5 });
    expect((await talk.items.next((item) => item.touched !== undefined)).touched).toBe(5);
    thief.cancel();
    talk.cancel();
  });
});

describe('bad input without end', () => {
  it('leaves the memory as it was', async () => {
    const bodies = [
      Buffer.alloc(REQUEST_BYTES_MAX + 128 * 1024),
      randomBytes(1024 * 1024),
      Buffer.alloc(512 * 1024, (15 << 3) | 3),
      field(1, Buffer.alloc(1024 * 1024, 0xc0)),
    ];
    const round = () => Promise.all(bodies.map((body) => raw(Tree.Create, body)));
    for (let i = 0; i < 10; i++) await round();
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 30; i++) await round();
    expect(process.memoryUsage().rss - before).toBeLessThan(96 * 1024 * 1024);
  }, 30_000);
});
