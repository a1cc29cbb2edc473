/**
 * Goal: whatever a client sends, by mistake or by malice, it gets the error that says what was wrong, nothing
 * is stored that was not meant, the member serves on, and its memory stays as it was. Rows are named as in the
 * fault table.
 */
import { randomBytes } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { services } from '../../../src/rpc/definitions.js';
import type { Method } from '../../../src/rpc/shapes.js';
import { REQUEST_BYTES_MAX } from '../../../src/types/limits.js';
import { bytesField as field, numberField as number } from '../../support/protobuf.js';
import { compressed, expectAnswers, useThrower } from './thrower.js';

const { Tree, Catalog, Sessions } = services;
const thrower = useThrower();
const of = thrower.of.bind(thrower);
const raw = thrower.raw.bind(thrower);
const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');

describe('bytes that are no request', () => {
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
      const tries = Array.from({ length: 12 }, (_, i) =>
        thrower.send(method, randomBytes(3 + i * 9)),
      );
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
    const talk = thrower.harness.stream();
    talk.send(large);
    expect((await talk.items.end())?.code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('F3: nothing that is compressed is taken, and nothing is inflated', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const session = connectHttp2(`http://${thrower.harness.address}`);
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
    let deep: Buffer = Buffer.alloc(0);
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
      await thrower.harness.call(Tree.Create, { path: `/${name}`, data: utf8(name) });
      const { node } = await thrower.harness.call(Tree.Get, { path: `/${name}` });
      expect([node?.path, node?.data.toString()]).toEqual([`/${name}`, name]);
      await thrower.harness.call(Catalog.Register, { ...instance, service: name, id: name });
      const { instances } = await thrower.harness.call(Catalog.Instances, { service: name });
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
        thrower.send(Tree.Get, field(1, utf8('/kept')), { __proto__x: '1', constructor: '2' }),
        'OK',
      ],
    ]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
    const { instances } = await thrower.harness.call(Catalog.Instances, { service: 'f5' });
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
    await thrower.harness.call(Catalog.Register, { service: bom, id: bom, port: 1, static: true });
    const { services: known } = await thrower.harness.call(Catalog.Services, { after: 'web' });
    expect(known.map(({ service }) => service)).toContain(bom);
    const plain = await thrower.harness.call(Catalog.Instances, { service: 'web' });
    expect(plain.instances).toEqual([]);
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
