/**
 * Rows of a checkpoint: every table of the state machine as ordered key and value. The first byte of a key
 * is its table; sessions stand before nodes, and a node before its descendants, so that rows read in key
 * order can be linked as they come. Decoding is total.
 */
import type { MemberId, Revision, SessionId } from '../types/ids.js';
import { asRevision, asSessionId } from '../types/ids.js';
import { NODE_DATA_BYTES_MAX, SESSION_LABEL_BYTES_MAX } from '../types/limits.js';
import type { AclEntry, NodeKind } from '../types/node.js';
import type { Outcome } from '../types/outcome.js';
import { pathProblem } from '../types/path.js';
import { readMemberId, writeMemberId } from './command.js';
import { ByteReader, type ByteWriter, DecodeError } from './cursor.js';
import { NODE_KINDS, readAcl, readNodeKind, writeAcl } from './operation.js';
import { encodeOutcome, readOutcome } from './outcome.js';
import {
  type RecordRow,
  readAuditRow,
  readBigEndian,
  readDepartureRow,
  readOverrideRow,
  readQuotaRow,
  writeBigEndian,
  writeRecordKey,
  writeRecordValue,
} from './record-row.js';

export type { AuditRow, DepartureRow, OverrideRow, QuotaRow } from './record-row.js';

/** Tables by the first byte of the key. Quotas stand before nodes, which are counted as they come. */
const QUOTA_TABLE = 1;
const ORIGIN_TABLE = 2;
const SESSION_TABLE = 3;
const OVERRIDE_TABLE = 4;
const NODE_TABLE = 5;
const DEPARTURE_TABLE = 6;
const AUDIT_TABLE = 7;

const ROW_FORMAT = 1;
const SECRET_HASH_BYTES = 32;

/** A row as it is stored; both parts are the holder's to keep. */
export interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface NodeRow {
  readonly table: 'node';
  readonly path: string;
  readonly data: Uint8Array;
  readonly acl: readonly AclEntry[];
  readonly kind: NodeKind;
  readonly createRevision: Revision;
  readonly modifyRevision: Revision;
  readonly childrenRevision: Revision;
  readonly createTime: number;
  readonly modifyTime: number;
  readonly version: number;
  readonly createCount: number;
  readonly aclVersion: number;
  readonly owner: SessionId;
  readonly ttlMs: number;
  readonly ordinal: number;
  readonly sequence: number;
  readonly incarnation: Revision;
}

/** What a session did with one seq. */
export interface StoredOutcome {
  readonly seq: number;
  readonly bodyHash: number;
  readonly revision: Revision;
  readonly outcome: Outcome;
}

/** A session with the outcomes in its window, which have consecutive seqs and end at `lastSeq`. */
export interface SessionRow {
  readonly table: 'session';
  readonly id: SessionId;
  readonly secretHash: Uint8Array;
  readonly epoch: number;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly detached: boolean;
  readonly lastSeq: number;
  readonly lastRevision: Revision;
  readonly label: string;
  readonly openedTime: number;
  /** Through which it attached last. */
  readonly member: MemberId;
  readonly window: readonly StoredOutcome[];
}

export interface OriginRow {
  readonly table: 'origin';
  readonly member: MemberId;
  readonly boot: number;
  readonly number: number;
}

export type StateRow = NodeRow | SessionRow | OriginRow | RecordRow;

const RECORD_TABLES: Readonly<Record<RecordRow['table'], number>> = {
  override: OVERRIDE_TABLE,
  quota: QUOTA_TABLE,
  departure: DEPARTURE_TABLE,
  audit: AUDIT_TABLE,
};

export function writeRowKey(row: StateRow, writer: ByteWriter): void {
  switch (row.table) {
    case 'node':
      writer.u8(NODE_TABLE);
      writer.rawText(row.path);
      break;
    case 'session':
      writer.u8(SESSION_TABLE);
      writeBigEndian(row.id, writer);
      break;
    case 'origin':
      writer.u8(ORIGIN_TABLE);
      writeMemberId(row.member, writer);
      break;
    default:
      writer.u8(RECORD_TABLES[row.table]);
      writeRecordKey(row, writer);
      break;
  }
}

export function writeRowValue(row: StateRow, writer: ByteWriter): void {
  switch (row.table) {
    case 'node':
      writeNodeValue(row, writer);
      break;
    case 'session':
      writeSessionHeader(row, writer);
      writer.varint(row.window.length);
      for (const stored of row.window) writeStoredOutcome(stored, writer);
      break;
    case 'origin':
      writer.u8(ROW_FORMAT);
      writer.varint(row.boot);
      writer.varint(row.number);
      break;
    default:
      writer.u8(ROW_FORMAT);
      writeRecordValue(row, writer);
      break;
  }
}

/** The row that exactly fills key and value. Its bytes are views on them. */
export function decodeRow(row: Row): StateRow | undefined {
  try {
    const key = new ByteReader(row.key);
    const value = new ByteReader(row.value);
    const decoded = readRow(key, value);
    key.expectEnd();
    value.expectEnd();
    return decoded;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function readRow(key: ByteReader, value: ByteReader): StateRow {
  const table = key.u8();
  if (value.u8() !== ROW_FORMAT) value.fail('unknown format of row');
  switch (table) {
    case NODE_TABLE:
      return readNodeRow(key, value);
    case SESSION_TABLE:
      return readSessionRow(key, value);
    case ORIGIN_TABLE: {
      const member = readMemberId(key);
      const boot = value.varint();
      return { table: 'origin', member, boot, number: value.varint() };
    }
    case OVERRIDE_TABLE:
      return readOverrideRow(key, value);
    case QUOTA_TABLE:
      return readQuotaRow(key, value);
    case DEPARTURE_TABLE:
      return readDepartureRow(key, value);
    case AUDIT_TABLE:
      return readAuditRow(key, value);
    default:
      return key.fail('unknown table');
  }
}

function writeNodeValue(row: NodeRow, writer: ByteWriter): void {
  writer.u8(ROW_FORMAT);
  writer.u8(NODE_KINDS.indexOf(row.kind));
  writer.varint(row.createRevision);
  writer.varint(row.modifyRevision);
  writer.varint(row.childrenRevision);
  writer.varint(row.createTime);
  writer.varint(row.modifyTime);
  writer.varint(row.version);
  writer.varint(row.createCount);
  writer.varint(row.aclVersion);
  writer.varint(row.owner);
  writer.varint(row.ttlMs);
  writer.varint(row.ordinal);
  writer.varint(row.sequence);
  writer.varint(row.incarnation);
  writeAcl(row.acl, writer);
  writer.block(row.data);
}

/** Object literals evaluate in order, which is the order written above. */
function readNodeRow(key: ByteReader, value: ByteReader): NodeRow {
  const path = key.rawText(key.remaining);
  if (pathProblem(path) !== undefined) key.fail('row of no path');
  return {
    table: 'node',
    path,
    kind: readNodeKind(value),
    createRevision: asRevision(value.varint()),
    modifyRevision: asRevision(value.varint()),
    childrenRevision: asRevision(value.varint()),
    createTime: value.varint(),
    modifyTime: value.varint(),
    version: value.varint(),
    createCount: value.varint(),
    aclVersion: value.varint(),
    owner: asSessionId(value.varint()),
    ttlMs: value.varint(),
    ordinal: value.varint(),
    sequence: value.varint(),
    incarnation: asRevision(value.varint()),
    acl: readAcl(value),
    data: value.block(NODE_DATA_BYTES_MAX),
  };
}

/** All of a session but its window, whose rows are summed one by one in the digest. */
export function writeSessionHeader(row: Omit<SessionRow, 'window'>, writer: ByteWriter): void {
  writer.u8(ROW_FORMAT);
  writer.raw(row.secretHash);
  writer.varint(row.epoch);
  writer.varint(row.timeoutMs);
  writer.varint(row.graceMs);
  writer.bool(row.detached);
  writer.varint(row.lastSeq);
  writer.varint(row.lastRevision);
  writer.text(row.label);
  writer.varint(row.openedTime);
  writeMemberId(row.member, writer);
}

export function writeStoredOutcome(stored: StoredOutcome, writer: ByteWriter): void {
  writer.varint(stored.seq);
  writer.u32(stored.bodyHash);
  writer.varint(stored.revision);
  encodeOutcome(stored.outcome, writer);
}

function readSessionRow(key: ByteReader, value: ByteReader): SessionRow {
  return {
    table: 'session',
    id: asSessionId(readBigEndian(key)),
    secretHash: value.raw(SECRET_HASH_BYTES),
    epoch: value.varint(),
    timeoutMs: value.varint(),
    graceMs: value.varint(),
    detached: value.bool(),
    lastSeq: value.varint(),
    lastRevision: asRevision(value.varint()),
    label: value.text(SESSION_LABEL_BYTES_MAX),
    openedTime: value.varint(),
    member: readMemberId(value),
    window: readWindow(value),
  };
}

function readWindow(value: ByteReader): StoredOutcome[] {
  const window: StoredOutcome[] = [];
  for (let left = value.count(); left > 0; left--) {
    const seq = value.varint();
    const bodyHash = value.u32();
    const revision = asRevision(value.varint());
    window.push({ seq, bodyHash, revision, outcome: readOutcome(value) });
  }
  return window;
}
