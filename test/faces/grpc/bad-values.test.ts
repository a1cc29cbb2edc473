/**
 * Goal: whatever a client says in well-formed messages, by mistake or by malice, it gets the error that says
 * what was wrong, nothing is stored that was not meant, and the member serves on. Rows are named as in the
 * fault table.
 */
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { services } from '../../../src/rpc/definitions.js';
import { bytesField as field, numberField as number, varint } from '../../support/protobuf.js';
import { expectAnswers, useThrower } from './thrower.js';

const { Tree, Catalog, Sessions } = services;
const thrower = useThrower();
const of = thrower.of.bind(thrower);
const raw = thrower.raw.bind(thrower);
const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');

describe('requests that make no sense', () => {
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
    for (const path of twins) await thrower.harness.call(Tree.Create, { path, data: utf8(path) });
    for (const path of twins) {
      const { node } = await thrower.harness.call(Tree.Get, { path });
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
    const talk = thrower.harness.stream();
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
    const talk = thrower.harness.stream();
    talk.send({ operations: [{ id: 1, timeoutMs: 300, get: floor }] });
    expect((await talk.response(1)).error?.code).toBe('BEHIND');
    talk.cancel();
  });
});

describe('a session that is misused', () => {
  async function attached(secret: Buffer) {
    const talk = thrower.harness.stream();
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
    await thrower.harness.call(Tree.Create, { path: '/kept2' });
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
    const again = thrower.harness.stream();
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
    const thief = thrower.harness.stream();
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
