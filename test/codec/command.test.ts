/** Commands as bytes: they come back equal, and nothing else gets in. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeCommand,
  encodeBody,
  encodeCommand,
  peekEnvelope,
  validateBody,
} from '../../src/codec/command.js';
import { ByteWriter } from '../../src/codec/cursor.js';
import type { CommandBody, Envelope } from '../../src/types/command.js';
import { asMemberId, asSessionId } from '../../src/types/ids.js';
import { anyBody } from './command-arbitraries.js';

const count = fc.oneof(fc.nat(), fc.maxSafeNat());
const envelopeFor = (kind: Envelope['kind']): fc.Arbitrary<Envelope> =>
  fc.record({
    kind: fc.constant(kind),
    origin: fc.record({
      member: fc.stringMatching(/^[0-9a-f]{16}$/).map(asMemberId),
      boot: count,
      number: count,
    }),
    session: count.map(asSessionId),
    epoch: count,
    seq: count,
    ackedSeq: count,
    identities: fc.array(fc.string({ maxLength: 20 }), { maxLength: 4 }),
  });
const anyCommand = anyBody.chain((body) => fc.tuple(envelopeFor(body.kind), fc.constant(body)));

function encoded(envelope: Envelope, body: CommandBody): Uint8Array {
  const writer = new ByteWriter();
  encodeCommand(envelope, encodeBody(body), writer);
  return writer.finish().slice();
}

describe('a command', () => {
  it('comes back equal', () => {
    fc.assert(
      fc.property(anyCommand, ([envelope, body]) => {
        const decoded = decodeCommand(encoded(envelope, body));
        expect(decoded?.envelope).toEqual(envelope);
        expect(decoded?.body).toEqual(body);
      }),
    );
  });

  it('lets its envelope be read even when its body cannot', () => {
    fc.assert(
      fc.property(anyCommand, ([envelope, body]) => {
        const bytes = encoded(envelope, body);
        const more = new Uint8Array([...bytes, 0]);
        expect(peekEnvelope(more)).toEqual(envelope);
        expect(decodeCommand(more)).toBeUndefined();
      }),
    );
  });

  it('has the same hash for the same body and another for another', () => {
    const envelope = fc.sample(envelopeFor('set'), 1)[0]!;
    const body = { kind: 'set', path: '/a', data: new Uint8Array([1]), version: 1 } as const;
    const hash = (b: CommandBody, e = envelope) => decodeCommand(encoded(e, b))!.bodyHash;
    expect(hash(body, { ...envelope, seq: 7 })).toBe(hash(body, { ...envelope, seq: 8 }));
    expect(hash({ ...body, version: 2 })).not.toBe(hash(body));
    expect(hash({ ...body, path: '/b' })).not.toBe(hash(body));
  });

  it('cut anywhere is no command', () => {
    fc.assert(
      fc.property(anyCommand, fc.nat(), ([envelope, body], at) => {
        const bytes = encoded(envelope, body);
        expect(decodeCommand(bytes.subarray(0, at % bytes.length))).toBeUndefined();
      }),
    );
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeCommand(bytes);
        peekEnvelope(bytes);
      }),
    );
    fc.assert(
      fc.property(anyCommand, fc.nat(), fc.nat(255), ([envelope, body], at, value) => {
        const bytes = encoded(envelope, body);
        bytes[at % bytes.length] = value;
        const decoded = decodeCommand(bytes);
        if (decoded !== undefined) expect(validateBody(decoded.body)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});

describe('a body is turned away before it is proposed', () => {
  const create = {
    kind: 'create',
    path: '/a',
    data: new Uint8Array(),
    nodeKind: 'persistent',
    sequential: false,
    ttlMs: 0,
    acl: [],
  } as const;
  const register = {
    kind: 'register',
    service: 's',
    id: 'i',
    address: 'h',
    port: 1,
    data: new Uint8Array(),
    isStatic: false,
    takeover: false,
  } as const;
  const open = {
    kind: 'openSession',
    secretHash: new Uint8Array(32),
    timeoutMs: 10_000,
    graceMs: 0,
    label: '',
  } as const;
  const quota = {
    kind: 'setQuota',
    path: '/a',
    limits: { nodes: 1, bytes: 0 },
    who: 'ann',
    why: '',
  } as const;
  const settings = {
    kind: 'setSettings',
    service: 's',
    data: new Uint8Array(),
    version: 0,
    who: 'ann',
    why: '',
  } as const;
  const large = new Uint8Array(1024 * 1024 + 1);
  const set = { kind: 'set', path: '/a', data: new Uint8Array(), version: -1 } as const;
  const many = Array.from({ length: 1025 }, () => set);
  const rows: [string, CommandBody, string][] = [
    ['relative path', { ...create, path: 'a' }, 'INVALID_ARGUMENT'],
    [
      'path of an operation',
      { kind: 'transact', guards: [], operations: [{ ...set, path: '' }] },
      'INVALID_ARGUMENT',
    ],
    [
      'path of a guard',
      { kind: 'transact', guards: [{ path: '//' }], operations: [] },
      'INVALID_ARGUMENT',
    ],
    ['too many operations', { kind: 'transact', guards: [], operations: many }, 'TOO_LARGE'],
    ['data beyond 1 MiB', { ...create, data: large }, 'TOO_LARGE'],
    ['data beyond 1 MiB in a set', { ...set, data: large }, 'TOO_LARGE'],
    ['version below any', { ...set, version: -2 }, 'INVALID_ARGUMENT'],
    ['fractional version', { ...set, version: 0.5 }, 'INVALID_ARGUMENT'],
    ['ttl on a persistent node', { ...create, ttlMs: 5 }, 'INVALID_ARGUMENT'],
    ['ttl node without ttl', { ...create, nodeKind: 'ttl' }, 'INVALID_ARGUMENT'],
    [
      'permissions beyond all',
      { ...create, acl: [{ scheme: 'x', id: '', permissions: 32 }] },
      'INVALID_ARGUMENT',
    ],
    [
      'scheme with a colon',
      { ...create, acl: [{ scheme: 'x:y', id: '', permissions: 1 }] },
      'INVALID_ARGUMENT',
    ],
    ['slash in an id', { ...register, id: 'a/b' }, 'INVALID_ARGUMENT'],
    ['empty service', { ...register, service: '' }, 'INVALID_ARGUMENT'],
    ['no address', { ...register, address: '' }, 'INVALID_ARGUMENT'],
    ['port beyond 16 bits', { ...register, port: 65_536 }, 'INVALID_ARGUMENT'],
    ['timeout below its bound', { ...open, timeoutMs: 1999 }, 'INVALID_ARGUMENT'],
    ['timeout above its bound', { ...open, timeoutMs: 600_001 }, 'INVALID_ARGUMENT'],
    ['timeout that is no number', { ...open, timeoutMs: Number.NaN }, 'INVALID_ARGUMENT'],
    ['grace longer than the timeout', { ...open, graceMs: 10_001 }, 'INVALID_ARGUMENT'],
    ['grace too short to report', { ...open, graceMs: 249 }, 'INVALID_ARGUMENT'],
    ['label beyond its bytes', { ...open, label: 'é'.repeat(129) }, 'TOO_LARGE'],
    ['quota below zero', { ...quota, limits: { nodes: -1, bytes: 0 } }, 'INVALID_ARGUMENT'],
    ['reason beyond its bytes', { ...quota, why: 'x'.repeat(1025) }, 'TOO_LARGE'],
    ['settings beyond their bytes', { ...settings, data: large }, 'TOO_LARGE'],
    ['settings of no version', { ...settings, version: -2 }, 'INVALID_ARGUMENT'],
    ['path of a subtree', { kind: 'deleteTree', path: '/a/' }, 'INVALID_ARGUMENT'],
    [
      'guard on more data than a node holds',
      { kind: 'transact', guards: [{ path: '/a', data: large }], operations: [] },
      'TOO_LARGE',
    ],
    [
      'secret hash of another length',
      { ...open, secretHash: new Uint8Array(16) },
      'INVALID_ARGUMENT',
    ],
  ];
  it.each(rows)('%s', (_, body, code) => {
    expect(validateBody(body)?.code).toBe(code);
  });

  it('and a good one is not', () => {
    for (const body of [create, register, open, set, quota, settings])
      expect(validateBody(body)).toBeUndefined();
    expect(validateBody({ ...create, path: '/', sequential: true })).toBeUndefined();
  });
});
