/** Rows of a checkpoint: they come back equal, in an order that lets them be linked as they come. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../src/codec/cursor.js';
import {
  decodeRow,
  type Row,
  type StateRow,
  writeRowKey,
  writeRowValue,
} from '../../src/codec/row.js';
import { asMemberId, asRevision, asSessionId } from '../../src/types/ids.js';
import { comparePaths, isWithin } from '../../src/types/path.js';
import { AUDIT_ACTIONS } from '../../src/types/record.js';
import { anyAcl, anyData, anyName, anyOutcome, anyPath, anyStat } from './command-arbitraries.js';

const count = fc.maxSafeNat();
const nodeRow = (path: string): fc.Arbitrary<StateRow> =>
  fc.tuple(anyStat, anyAcl, anyData).map(([stat, acl, data]) => {
    const { childCount: _children, dataLength: _length, ...fields } = stat;
    return { table: 'node', path, acl, data, ...fields };
  });
const anyMember = fc.stringMatching(/^[0-9a-f]{16}$/).map(asMemberId);
const anyRow: fc.Arbitrary<StateRow> = fc.oneof(
  anyPath.chain(nodeRow),
  fc.record({
    table: fc.constant('session' as const),
    id: count.map(asSessionId),
    secretHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    epoch: count,
    timeoutMs: count,
    graceMs: count,
    detached: fc.boolean(),
    lastSeq: count,
    lastRevision: count.map(asRevision),
    label: fc.string({ maxLength: 40 }),
    openedTime: count,
    member: anyMember,
    window: fc.array(
      fc.record({
        seq: count,
        bodyHash: fc.nat(2 ** 32 - 1),
        revision: count.map(asRevision),
        outcome: anyOutcome,
      }),
      { maxLength: 4 },
    ),
  }),
  fc.record({
    table: fc.constant('origin' as const),
    member: anyMember,
    boot: count,
    number: count,
  }),
  fc.record({
    table: fc.constant('override' as const),
    service: anyName,
    id: anyName,
    override: fc.record({
      action: fc.constantFrom('drain', 'deregister' as const),
      who: fc.string(),
      reason: fc.string(),
      until: count,
      revision: count.map(asRevision),
    }),
  }),
  fc.record({
    table: fc.constant('quota' as const),
    path: anyPath,
    limits: fc.record({ nodes: count, bytes: count }),
  }),
  fc.record({
    table: fc.constant('departure' as const),
    service: anyName,
    id: anyName,
    revision: count.map(asRevision),
    ordinal: count,
    time: count,
    reason: fc.constantFrom('closed', 'expired', 'replaced', 'restored' as const),
    address: fc.string(),
    port: fc.nat(65_535),
    sequence: count,
    createRevision: count.map(asRevision),
    incarnation: count.map(asRevision),
    session: count.map(asSessionId),
    timeoutMs: count,
    graceMs: count,
    member: fc.oneof(fc.constant('' as const), anyMember),
    who: fc.string(),
    why: fc.string(),
  }),
  fc.record({
    table: fc.constant('audit' as const),
    revision: count.map(asRevision),
    time: count,
    action: fc.constantFrom(...AUDIT_ACTIONS),
    subject: fc.string(),
    who: fc.string(),
    why: fc.string(),
  }),
);

function encoded(row: StateRow): Row {
  const key = new ByteWriter();
  const value = new ByteWriter();
  writeRowKey(row, key);
  writeRowValue(row, value);
  return { key: key.finish().slice(), value: value.finish().slice() };
}

describe('a row', () => {
  it('comes back equal', () => {
    fc.assert(
      fc.property(anyRow, (row) => {
        expect(decodeRow(encoded(row))).toEqual(row);
      }),
    );
  });

  it('cut or flipped anywhere never throws', () => {
    fc.assert(
      fc.property(anyRow, fc.nat(), fc.nat(255), (row, at, byte) => {
        const { key, value } = encoded(row);
        expect(decodeRow({ key, value: value.subarray(0, at % value.length) })).toBeUndefined();
        const flipped = value.slice();
        flipped[at % value.length] = byte;
        decodeRow({ key, value: flipped });
        decodeRow({ key: key.subarray(0, at % key.length), value });
      }),
    );
  });

  it('of random bytes never throws', () => {
    const bytes = fc.uint8Array({ maxLength: 60 });
    fc.assert(fc.property(bytes, bytes, (key, value) => void decodeRow({ key, value })));
  });
});

describe('the order of keys', () => {
  const key = (row: StateRow) => Buffer.from(encoded(row).key);

  it('puts a node before those below it', () => {
    fc.assert(
      fc.property(anyPath, anyPath, (a, b) => {
        const [x, y] = [fc.sample(nodeRow(a), 1)[0]!, fc.sample(nodeRow(b), 1)[0]!];
        if (a !== b && isWithin(b, a)) expect(Buffer.compare(key(x), key(y))).toBeLessThan(0);
        expect(Buffer.compare(key(x), key(y)) === 0).toBe(comparePaths(a, b) === 0);
      }),
    );
  });

  it('puts sessions before nodes and in the order of their ids', () => {
    const session = (id: number): StateRow => ({
      table: 'session',
      id: asSessionId(id),
      secretHash: new Uint8Array(32),
      epoch: 1,
      timeoutMs: 1,
      graceMs: 0,
      detached: false,
      lastSeq: 0,
      lastRevision: asRevision(0),
      label: '',
      openedTime: 0,
      member: asMemberId('00000000000000aa'),
      window: [],
    });
    const ids = [1, 255, 256, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
    const keys = [...ids.map((id) => key(session(id))), key(fc.sample(nodeRow('/'), 1)[0]!)];
    expect([...keys].sort(Buffer.compare)).toEqual(keys);
  });
});
