/**
 * Outcomes and stats as bytes: compact, because a session's stored outcomes live in its checkpoint row.
 * Total on hostile input.
 */
import { unreachable } from '../types/assert.js';
import { REFUSAL_CODES } from '../types/errors.js';
import { asRevision, asSessionId } from '../types/ids.js';
import { TRANSACTION_OPERATIONS_MAX } from '../types/limits.js';
import type { NodeStat } from '../types/node.js';
import type {
  Created,
  DataSet,
  Deleted,
  Outcome,
  Refused,
  Registered,
  SessionAttached,
  Transacted,
} from '../types/outcome.js';
import { type ByteReader, type ByteWriter, decodeWith } from './cursor.js';
import { NODE_KINDS, readNodeKind } from './operation.js';
import { readOverride, writeOverride } from './record-row.js';

/** The position of a type is its tag: append only. */
const TYPES: readonly Outcome['type'][] = [
  'refused',
  'created',
  'set',
  'deleted',
  'transacted',
  'attached',
  'registered',
  'done',
  'removed',
];

export function encodeOutcome(outcome: Outcome, writer: ByteWriter): void {
  writer.u8(TYPES.indexOf(outcome.type));
  switch (outcome.type) {
    case 'refused':
      writeRefused(outcome, writer);
      break;
    case 'created':
      writer.text(outcome.path);
      writeStat(outcome.stat, writer);
      break;
    case 'set':
      writeStat(outcome.stat, writer);
      break;
    case 'transacted':
      writer.varint(outcome.results.length);
      for (const result of outcome.results) encodeOutcome(result, writer);
      break;
    case 'attached':
      writeAttached(outcome, writer);
      break;
    case 'registered':
      writer.text(outcome.path);
      writer.bool(outcome.tookOver);
      writeStat(outcome.stat, writer);
      writer.bool(outcome.override !== undefined);
      if (outcome.override !== undefined) writeOverride(outcome.override, writer);
      break;
    case 'removed':
      writer.varint(outcome.nodes);
      break;
    case 'deleted':
    case 'done':
      break;
    default:
      unreachable(outcome);
  }
}

/** The outcome that exactly fills `bytes`. */
export function decodeOutcome(bytes: Uint8Array): Outcome | undefined {
  return decodeWith(bytes, readOutcome);
}

/** Throws `DecodeError`. */
export function readOutcome(reader: ByteReader): Outcome {
  const type = TYPES[reader.u8()] ?? reader.fail('unknown outcome');
  switch (type) {
    case 'refused':
      return readRefused(reader);
    case 'created':
    case 'set':
    case 'deleted':
      return readResult(type, reader);
    case 'transacted':
      return readTransacted(reader);
    case 'attached':
      return readAttached(reader);
    case 'registered':
      return readRegistered(reader);
    case 'removed':
      return { type, nodes: reader.varint() };
    case 'done':
      return { type };
    default:
      return unreachable(type);
  }
}

function writeRefused(outcome: Refused, writer: ByteWriter): void {
  const { position } = outcome;
  writer.u8(REFUSAL_CODES.indexOf(outcome.code));
  writer.varint(position >= 0 ? position * 2 : -position * 2 - 1);
  writer.text(outcome.detail);
}

function readRefused(reader: ByteReader): Refused {
  const code = REFUSAL_CODES[reader.u8()] ?? reader.fail('unknown refusal');
  const folded = reader.varint();
  const position = folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  return { type: 'refused', code, position, detail: reader.text() };
}

function readResult(
  type: 'created' | 'set' | 'deleted',
  reader: ByteReader,
): Created | DataSet | Deleted {
  switch (type) {
    case 'created': {
      const path = reader.text();
      return { type, path, stat: readStat(reader) };
    }
    case 'set':
      return { type, stat: readStat(reader) };
    case 'deleted':
      return { type };
    default:
      return unreachable(type);
  }
}

function readTransacted(reader: ByteReader): Transacted {
  const count = reader.count();
  if (count > TRANSACTION_OPERATIONS_MAX) reader.fail('too many results');
  const results: (Created | DataSet | Deleted)[] = [];
  for (let i = 0; i < count; i++) {
    const type = TYPES[reader.u8()];
    if (type !== 'created' && type !== 'set' && type !== 'deleted') reader.fail('not a result');
    results.push(readResult(type, reader));
  }
  return { type: 'transacted', results };
}

function readRegistered(reader: ByteReader): Registered {
  const path = reader.text();
  const tookOver = reader.bool();
  const registered = { type: 'registered', path, stat: readStat(reader), tookOver } as const;
  return reader.bool() ? { ...registered, override: readOverride(reader) } : registered;
}

function writeAttached(outcome: SessionAttached, writer: ByteWriter): void {
  writer.varint(outcome.session);
  writer.varint(outcome.epoch);
  writer.varint(outcome.timeoutMs);
  writer.varint(outcome.graceMs);
  writer.varint(outcome.lastSeq);
}

function readAttached(reader: ByteReader): SessionAttached {
  const session = asSessionId(reader.varint());
  const epoch = reader.varint();
  const timeoutMs = reader.varint();
  const graceMs = reader.varint();
  return { type: 'attached', session, epoch, timeoutMs, graceMs, lastSeq: reader.varint() };
}

export function writeStat(stat: NodeStat, writer: ByteWriter): void {
  writer.varint(stat.createRevision);
  writer.varint(stat.modifyRevision);
  writer.varint(stat.childrenRevision);
  writer.varint(stat.createTime);
  writer.varint(stat.modifyTime);
  writer.varint(stat.version);
  writer.varint(stat.createCount);
  writer.varint(stat.aclVersion);
  writer.varint(stat.owner);
  writer.varint(stat.dataLength);
  writer.varint(stat.childCount);
  writer.u8(NODE_KINDS.indexOf(stat.kind));
  writer.varint(stat.ttlMs);
  writer.varint(stat.ordinal);
  writer.varint(stat.sequence);
  writer.varint(stat.incarnation);
}

/** Throws `DecodeError`. Object literals evaluate in order, which is the order of the fields above. */
export function readStat(reader: ByteReader): NodeStat {
  return {
    createRevision: asRevision(reader.varint()),
    modifyRevision: asRevision(reader.varint()),
    childrenRevision: asRevision(reader.varint()),
    createTime: reader.varint(),
    modifyTime: reader.varint(),
    version: reader.varint(),
    createCount: reader.varint(),
    aclVersion: reader.varint(),
    owner: asSessionId(reader.varint()),
    dataLength: reader.varint(),
    childCount: reader.varint(),
    kind: readNodeKind(reader),
    ttlMs: reader.varint(),
    ordinal: reader.varint(),
    sequence: reader.varint(),
    incarnation: asRevision(reader.varint()),
  };
}
