/**
 * Rows of what the cluster remembers beside the tree: overrides, quotas, departures, audit. Their keys
 * follow the table's byte; numbers in keys are big endian, so that rows come in the order of their making.
 */
import type { MemberId, Revision } from '../types/ids.js';
import { asRevision, asSessionId } from '../types/ids.js';
import type { LeaveReason } from '../types/instance.js';
import { TEXT_BYTES_MAX } from '../types/limits.js';
import type { Override, OverrideOf, QuotaLimits } from '../types/node.js';
import { nameProblem, pathProblem } from '../types/path.js';
import {
  AUDIT_ACTIONS,
  type AuditEntry,
  type Departure,
  type DepartureReason,
} from '../types/record.js';
import { readMemberId, writeMemberId } from './command.js';
import type { ByteReader, ByteWriter } from './cursor.js';

const TWO_32 = 0x1_0000_0000;

export interface OverrideRow extends OverrideOf {
  readonly table: 'override';
}

/** What stands under it is counted, not stored. */
export interface QuotaRow {
  readonly table: 'quota';
  readonly path: string;
  readonly limits: QuotaLimits;
}

export interface DepartureRow extends Departure {
  readonly table: 'departure';
  /** Position among the departures of its revision. */
  readonly ordinal: number;
}

export interface AuditRow extends AuditEntry {
  readonly table: 'audit';
}

export type RecordRow = OverrideRow | QuotaRow | DepartureRow | AuditRow;

/** The position of a reason is its number: append only. */
const REASONS: readonly DepartureReason[] = [
  'closed',
  'disconnected',
  'expired',
  'deregistered',
  'revoked',
  'restored',
  'replaced',
] satisfies readonly (LeaveReason | 'replaced')[];

export function writeRecordKey(row: RecordRow, writer: ByteWriter): void {
  switch (row.table) {
    case 'override':
      writer.text(row.service);
      writer.text(row.id);
      break;
    case 'quota':
      writer.rawText(row.path);
      break;
    case 'departure':
      writeBigEndian(row.revision, writer);
      writeBigEndian(row.ordinal, writer);
      break;
    default:
      writeBigEndian(row.revision, writer);
      break;
  }
}

export function writeRecordValue(row: RecordRow, writer: ByteWriter): void {
  switch (row.table) {
    case 'override':
      writeOverride(row.override, writer);
      break;
    case 'quota':
      writer.varint(row.limits.nodes);
      writer.varint(row.limits.bytes);
      break;
    case 'departure':
      writeDeparture(row, writer);
      break;
    default:
      writer.varint(row.time);
      writer.u8(AUDIT_ACTIONS.indexOf(row.action));
      writer.text(row.subject);
      writer.text(row.who);
      writer.text(row.why);
      break;
  }
}

export function writeOverride(override: Override, writer: ByteWriter): void {
  writer.bool(override.action === 'deregister');
  writer.text(override.who);
  writer.text(override.reason);
  writer.varint(override.until);
  writer.varint(override.revision);
}

/** Throws `DecodeError`. */
export function readOverride(reader: ByteReader): Override {
  return {
    action: reader.bool() ? 'deregister' : 'drain',
    who: reader.text(TEXT_BYTES_MAX),
    reason: reader.text(TEXT_BYTES_MAX),
    until: reader.varint(),
    revision: asRevision(reader.varint()),
  };
}

export function readOverrideRow(key: ByteReader, value: ByteReader): OverrideRow {
  const service = key.text();
  const id = key.text();
  if (nameProblem(service) !== undefined || nameProblem(id) !== undefined) key.fail('bad name');
  const override = readOverride(value);
  return { table: 'override', service, id, override };
}

export function readQuotaRow(key: ByteReader, value: ByteReader): QuotaRow {
  const path = key.rawText(key.remaining);
  if (pathProblem(path) !== undefined) key.fail('quota of no path');
  const nodes = value.varint();
  return { table: 'quota', path, limits: { nodes, bytes: value.varint() } };
}

function writeDeparture(row: DepartureRow, writer: ByteWriter): void {
  writer.text(row.service);
  writer.text(row.id);
  writer.varint(row.time);
  writer.u8(REASONS.indexOf(row.reason));
  writer.text(row.address);
  writer.varint(row.port);
  writer.varint(row.sequence);
  writer.varint(row.createRevision);
  writer.varint(row.incarnation);
  writer.varint(row.session);
  writer.varint(row.timeoutMs);
  writer.varint(row.graceMs);
  writeMaybeMember(row.member, writer);
  writer.text(row.who);
  writer.text(row.why);
}

/** Object literals evaluate in order, which is the order written above. */
export function readDepartureRow(key: ByteReader, value: ByteReader): DepartureRow {
  const revision = asRevision(readBigEndian(key));
  const ordinal = readBigEndian(key);
  return {
    table: 'departure',
    revision,
    ordinal,
    service: value.text(),
    id: value.text(),
    time: value.varint(),
    reason: REASONS[value.u8()] ?? value.fail('unknown reason'),
    address: value.text(),
    port: value.varint(),
    sequence: value.varint(),
    createRevision: asRevision(value.varint()),
    incarnation: asRevision(value.varint()),
    session: asSessionId(value.varint()),
    timeoutMs: value.varint(),
    graceMs: value.varint(),
    member: readMaybeMember(value),
    who: value.text(),
    why: value.text(TEXT_BYTES_MAX),
  };
}

export function readAuditRow(key: ByteReader, value: ByteReader): AuditRow {
  const revision: Revision = asRevision(readBigEndian(key));
  return {
    table: 'audit',
    revision,
    time: value.varint(),
    action: AUDIT_ACTIONS[value.u8()] ?? value.fail('unknown action'),
    subject: value.text(),
    who: value.text(TEXT_BYTES_MAX),
    why: value.text(TEXT_BYTES_MAX),
  };
}

function writeMaybeMember(member: MemberId | '', writer: ByteWriter): void {
  writer.bool(member !== '');
  if (member !== '') writeMemberId(member, writer);
}

function readMaybeMember(reader: ByteReader): MemberId | '' {
  return reader.bool() ? readMemberId(reader) : '';
}

/** Byte order of keys is the order of numbers. */
export function writeBigEndian(value: number, writer: ByteWriter): void {
  const high = Math.floor(value / TWO_32);
  for (let shift = 24; shift >= 0; shift -= 8) writer.u8((high >>> shift) & 0xff);
  for (let shift = 24; shift >= 0; shift -= 8) writer.u8((value >>> shift) & 0xff);
}

export function readBigEndian(reader: ByteReader): number {
  let value = 0;
  for (let i = 0; i < 8; i++) value = value * 256 + reader.u8();
  return Number.isSafeInteger(value) ? value : reader.fail('number above 2^53 - 1');
}
