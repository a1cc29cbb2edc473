/**
 * What the golden files hold: one example of everything that a member writes to its disk, built by the
 * production code from fixed values.
 */
import { encodeCheckpointMeta } from '../../src/codec/checkpoint.js';
import { ByteWriter } from '../../src/codec/cursor.js';
import { type Row, type StateRow, writeRowKey, writeRowValue } from '../../src/codec/row.js';
import { openCheckpointStore } from '../../src/storage/checkpoint-store.js';
import { writeIdentity } from '../../src/storage/identity.js';
import { MemoryDisk } from '../../src/storage/memory-disk.js';
import { MemoryStateDatabases } from '../../src/storage/memory-state-database.js';
import { openWal } from '../../src/storage/wal.js';
import {
  asClusterId,
  asIndex,
  asMemberId,
  asRevision,
  asSessionId,
  asTerm,
} from '../../src/types/ids.js';
import type { CheckpointMeta, HardState, SnapshotMeta } from '../../src/types/log.js';
import { createRandom, runOf } from '../storage/wal-support.js';
import { create, entryBytes } from '../tree/driver.js';

const MEMBER = asMemberId('1111111122222222');
export const OWNER = { clusterId: asClusterId('c'.repeat(32)), memberId: MEMBER };
const TIME = 1_790_000_000_000;
export const FOUNDERS = {
  voters: [
    { id: MEMBER, name: 'r1', peerAddress: '10.0.0.1:8656' },
    { id: asMemberId('3333333344444444'), name: 'r2', peerAddress: '10.0.0.2:8656' },
  ],
  learners: [],
};

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const rev = (n: number) => asRevision(n);

const NODE = {
  table: 'node',
  createRevision: rev(3),
  modifyRevision: rev(7),
  childrenRevision: rev(9),
  createTime: TIME,
  modifyTime: TIME + 1_000,
  version: 2,
  createCount: 5,
  aclVersion: 1,
  owner: asSessionId(0),
  ttlMs: 0,
  ordinal: 0,
  sequence: 0,
  incarnation: rev(0),
  acl: [],
} as const;

export const ROWS: Readonly<Record<string, StateRow>> = {
  'a quota': { table: 'quota', path: '/jobs', limits: { nodes: 1_000, bytes: 65_536 } },
  'an origin': { table: 'origin', member: MEMBER, boot: 4, number: 300 },
  'a session': {
    table: 'session',
    id: asSessionId(40),
    secretHash: new Uint8Array(32).fill(0xab),
    epoch: 2,
    timeoutMs: 10_000,
    graceMs: 2_000,
    detached: true,
    lastSeq: 2,
    lastRevision: rev(51),
    label: 'vm-1',
    openedTime: TIME,
    member: MEMBER,
    window: [
      { seq: 1, bodyHash: 0xdeadbeef, revision: rev(50), outcome: { type: 'deleted' } },
      {
        seq: 2,
        bodyHash: 0x01020304,
        revision: rev(51),
        outcome: { type: 'refused', code: 'NODE_EXISTS', position: -1, detail: '/a' },
      },
    ],
  },
  'an override': {
    table: 'override',
    service: 'web',
    id: 'vm-1-80',
    override: { action: 'drain', who: 'ann', reason: 'disk', until: TIME, revision: rev(12) },
  },
  'the root': { ...NODE, path: '/', kind: 'persistent', data: bytes('') },
  'a node with an access list': {
    ...NODE,
    path: '/jobs/ä',
    kind: 'ttl',
    ttlMs: 60_000,
    data: bytes('hello'),
    acl: [{ scheme: 'world', id: 'anyone', permissions: 31 }],
  },
  'an instance': {
    ...NODE,
    path: '/services/web/vm-1-80',
    kind: 'ephemeral',
    owner: asSessionId(40),
    ordinal: 1,
    sequence: 4,
    incarnation: rev(7),
    data: bytes('{"name":"web"}'),
  },
  'a departure': {
    table: 'departure',
    service: 'web',
    id: 'vm-1-80',
    revision: rev(60),
    ordinal: 1,
    time: TIME,
    reason: 'expired',
    address: '10.0.0.1',
    port: 80,
    sequence: 4,
    createRevision: rev(3),
    incarnation: rev(7),
    session: asSessionId(40),
    timeoutMs: 10_000,
    graceMs: 2_000,
    member: MEMBER,
    who: '',
    why: '',
  },
  'an audit entry': {
    table: 'audit',
    revision: rev(61),
    time: TIME,
    action: 'drain',
    subject: 'web/vm-1-80',
    who: 'ann',
    why: 'disk',
  },
};

export function encodeRow(row: StateRow): Row {
  const [key, value] = [new ByteWriter(), new ByteWriter()];
  writeRowKey(row, key);
  writeRowValue(row, value);
  return { key: key.finish().slice(), value: value.finish().slice() };
}

const SNAPSHOT: SnapshotMeta = { index: asIndex(2), term: asTerm(1), configuration: FOUNDERS };

export const CHECKPOINT: CheckpointMeta = {
  formatVersion: 1,
  snapshot: SNAPSHOT,
  time: TIME,
  digest: '0123456789abcdef',
};

const ENTRIES = ['/a', '/b', '/c'].map((path) =>
  entryBytes(create(path, { data: bytes(path) }), { number: 1 }),
);
export const RUNS = [runOf(1, ENTRIES.slice(0, 2), 1), runOf(3, ENTRIES.slice(2), 2)];
export const HARD_STATE: HardState = {
  term: asTerm(2),
  votedFor: MEMBER,
  commitIndex: asIndex(2),
};

/** Preamble, a mark, two entries, a third in another term, trimmed behind the second, a payload that is masked. */
export async function exampleDisk(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await writeIdentity(disk, { ...OWNER, founders: FOUNDERS, boot: 4 });
  const options = { ...OWNER, founders: FOUNDERS, random: createRandom(1), allocateBytes: 512 };
  const { log } = await openWal(disk, options);
  await log.append({ runs: [RUNS[0]!], hardState: { ...HARD_STATE, term: asTerm(1) } });
  await log.append({ runs: [RUNS[1]!], hardState: HARD_STATE });
  await log.append({ runs: [MASKED], hardState: HARD_STATE });
  await log.trim(SNAPSHOT);
  await log.quarantine('no frame at 4096', { hardStateIntact: true });
  await openCheckpointStore(disk, new MemoryStateDatabases(), undefined);
  return disk;
}

/** A kilobyte of zeros would be two sectors that look never written. */
export const MASKED = runOf(4, [entryBytes(create('/zeros', { data: new Uint8Array(1_024) }))], 2);

export const SEGMENT = 'log-000000000001.wal';
export const JSON_FILES = ['identity.json', 'current-state.json', 'quarantine.json'];

export function checkpointDescription(): Uint8Array {
  return encodeCheckpointMeta(CHECKPOINT).slice();
}
