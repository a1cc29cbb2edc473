/**
 * Raft's messages as bytes: a tag, the address, then the fields in the order of their declaration. Total on
 * hostile input: what is not exactly one message decodes to `undefined`. Runs in a decoded append are views
 * on the input, so the receiver must not reuse that memory.
 */
import { unreachable } from '../types/assert.js';
import { asIndex, asMemberId, asTerm } from '../types/ids.js';
import type { Run } from '../types/log.js';
import type { Append, AppendResponse, RaftMessage } from '../types/message.js';
import { type ByteReader, type ByteWriter, decodeWith } from './cursor.js';
import { encodeRun, readRun, readSnapshotMeta, writeSnapshotMeta } from './run.js';

/** The position of a type is its tag on the wire: append only. */
const TYPES: readonly RaftMessage['type'][] = [
  'voteRequest',
  'voteResponse',
  'append',
  'appendResponse',
  'heartbeat',
  'heartbeatResponse',
  'readRequest',
  'readResponse',
  'installSnapshot',
  'timeoutNow',
];

const MEMBER_ID_BYTES_MAX = 64;
/** The smallest run: kind, term, first, time, count, one length. */
const RUN_BYTES_MIN = 6;

export function encodeMessage(message: RaftMessage, writer: ByteWriter): void {
  writer.u8(TYPES.indexOf(message.type));
  writer.text(message.from);
  writer.text(message.to);
  writer.varint(message.term);
  encodeFields(message, writer);
}

export function decodeMessage(bytes: Uint8Array): RaftMessage | undefined {
  return decodeWith(bytes, readMessage);
}

function encodeFields(message: RaftMessage, writer: ByteWriter): void {
  switch (message.type) {
    case 'voteRequest':
      writer.bool(message.pre);
      writer.varint(message.lastIndex);
      writer.varint(message.lastTerm);
      writer.bool(message.transfer);
      break;
    case 'voteResponse':
      writer.bool(message.pre);
      writer.bool(message.granted);
      break;
    case 'append':
      encodeAppend(message, writer);
      break;
    case 'appendResponse':
      encodeAppendResponse(message, writer);
      break;
    case 'heartbeat':
      writer.varint(message.commitIndex);
      writer.varint(message.round);
      break;
    case 'heartbeatResponse':
      writer.varint(message.round);
      break;
    case 'readRequest':
      writer.varint(message.id);
      break;
    case 'readResponse':
      writer.varint(message.id);
      writer.varint(message.index);
      break;
    case 'installSnapshot':
      writeSnapshotMeta(message.snapshot, writer);
      break;
    case 'timeoutNow':
      break;
    default:
      unreachable(message);
  }
}

function encodeAppend(message: Append, writer: ByteWriter): void {
  writer.varint(message.prevIndex);
  writer.varint(message.prevTerm);
  writer.varint(message.commitIndex);
  writer.varint(message.round);
  writer.varint(message.runs.length);
  for (const run of message.runs) encodeRun(run, writer);
}

function encodeAppendResponse(message: AppendResponse, writer: ByteWriter): void {
  writer.bool(message.accepted);
  writer.varint(message.index);
  writer.varint(message.hintIndex);
  writer.varint(message.hintTerm);
  writer.varint(message.round);
}

/** Throws `DecodeError`; for codecs that hold messages inside their own. */
export function readMessage(reader: ByteReader): RaftMessage {
  const type = TYPES[reader.u8()] ?? reader.fail('unknown type of message');
  const address = {
    from: asMemberId(reader.text(MEMBER_ID_BYTES_MAX)),
    to: asMemberId(reader.text(MEMBER_ID_BYTES_MAX)),
    term: asTerm(reader.varint()),
  };
  return readFields(type, address, reader);
}

type Address = Pick<RaftMessage, 'from' | 'to' | 'term'>;

function readFields(type: RaftMessage['type'], address: Address, reader: ByteReader): RaftMessage {
  switch (type) {
    case 'voteRequest':
      return {
        type,
        ...address,
        pre: reader.bool(),
        lastIndex: asIndex(reader.varint()),
        lastTerm: asTerm(reader.varint()),
        transfer: reader.bool(),
      };
    case 'voteResponse':
      return { type, ...address, pre: reader.bool(), granted: reader.bool() };
    case 'append':
      return readAppend(address, reader);
    case 'appendResponse':
      return readAppendResponse(address, reader);
    case 'heartbeat':
      return {
        type,
        ...address,
        commitIndex: asIndex(reader.varint()),
        round: reader.varint(),
      };
    case 'heartbeatResponse':
      return { type, ...address, round: reader.varint() };
    case 'readRequest':
      return { type, ...address, id: reader.varint() };
    case 'readResponse':
      return { type, ...address, id: reader.varint(), index: asIndex(reader.varint()) };
    case 'installSnapshot':
      return { type, ...address, snapshot: readSnapshotMeta(reader) };
    case 'timeoutNow':
      return { type, ...address };
    default:
      return unreachable(type);
  }
}

function readAppend(address: Address, reader: ByteReader): Append {
  const prevIndex = asIndex(reader.varint());
  const prevTerm = asTerm(reader.varint());
  const commitIndex = asIndex(reader.varint());
  const round = reader.varint();
  const runs = readRuns(reader, prevIndex + 1);
  return { type: 'append', ...address, prevIndex, prevTerm, runs, commitIndex, round };
}

/** Runs must follow each other from `next`, with terms that never fall. */
function readRuns(reader: ByteReader, next: number): Run[] {
  const runs: Run[] = [];
  let expected = next;
  for (let left = reader.count(RUN_BYTES_MIN); left > 0; left--) {
    const run = readRun(reader);
    const before = runs.at(-1);
    if (run.first !== expected) reader.fail('runs with a gap');
    if (before !== undefined && run.term < before.term) reader.fail('terms fall');
    expected += run.count;
    runs.push(run);
  }
  return runs;
}

function readAppendResponse(address: Address, reader: ByteReader): AppendResponse {
  return {
    type: 'appendResponse',
    ...address,
    accepted: reader.bool(),
    index: asIndex(reader.varint()),
    hintIndex: asIndex(reader.varint()),
    hintTerm: asTerm(reader.varint()),
    round: reader.varint(),
  };
}
