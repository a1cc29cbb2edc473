/**
 * What members say to each other, as bytes. A payload is messages one after another, each of which knows its
 * own end, so that payloads may be joined without being decoded. Total on hostile input: what is not exactly a
 * sequence of messages decodes to `undefined`. Entry bytes of decoded appends and forwards are views on the input.
 */
import { unreachable } from '../types/assert.js';
import {
  asClusterId,
  asIndex,
  asMemberId,
  asRevision,
  asSessionId,
  asTerm,
  type SessionId,
} from '../types/ids.js';
import { PEER_TEXT_BYTES_MAX } from '../types/limits.js';
import type { EntryBatch } from '../types/log.js';
import type {
  Attachment,
  DigestReport,
  Forward,
  ForwardReply,
  MemberStatus,
  PeerHello,
  PeerMessage,
  SessionReport,
  SessionReportReply,
} from '../types/peer.js';
import { type ByteReader, ByteWriter, decodeWith } from './cursor.js';
import { encodeMessage, readMessage } from './message.js';

/** The position of a type is its tag on the wire: append only. */
const TYPES: readonly PeerMessage['type'][] = [
  'raft',
  'forward',
  'forwardReply',
  'sessionReport',
  'sessionReportReply',
  'status',
  'digest',
];

const ROLES: readonly MemberStatus['role'][] = [
  'leader',
  'follower',
  'candidate',
  'learner',
  'quarantined',
];

/** A session id and an epoch take a byte each at least. */
const ATTACHMENT_BYTES_MIN = 2;
const DIGEST = /^[0-9a-f]{16}$/;
/** Rises with every change that older members cannot read. */
export const PEER_PROTOCOL_VERSION = 2;

export function encodeHello(hello: PeerHello): Uint8Array {
  const writer = new ByteWriter(128);
  writer.text(hello.clusterId ?? '');
  writer.text(hello.memberId);
  writer.text(hello.name);
  writer.varint(hello.protocolVersion);
  return writer.finish();
}

/** Later versions may append fields: what follows the known ones is skipped. */
export function decodeHello(bytes: Uint8Array): PeerHello | undefined {
  return decodeWith(bytes, readHello);
}

function readHello(reader: ByteReader): PeerHello {
  const clusterId = readText(reader);
  const hello = {
    clusterId: clusterId === '' ? undefined : asClusterId(clusterId),
    memberId: asMemberId(readText(reader)),
    name: readText(reader),
    protocolVersion: reader.varint(),
  };
  if (hello.memberId === '') reader.fail('hello without a member id');
  reader.raw(reader.remaining);
  return hello;
}

export function encodePeerMessage(message: PeerMessage, writer: ByteWriter): void {
  writer.u8(TYPES.indexOf(message.type));
  switch (message.type) {
    case 'raft':
      encodeMessage(message.message, writer);
      break;
    case 'forward':
      encodeForward(message, writer);
      break;
    case 'forwardReply':
      writer.varint(message.boot);
      writer.varint(message.next);
      writer.bool(message.accepting);
      break;
    case 'sessionReport':
      encodeSessionReport(message, writer);
      break;
    case 'sessionReportReply':
      writer.varint(message.number);
      writer.varint(message.term);
      writer.varint(message.refused.length);
      for (const session of message.refused) writer.varint(session);
      break;
    case 'status':
      encodeStatus(message, writer);
      break;
    case 'digest':
      writer.varint(message.format);
      writer.varint(message.revision);
      writer.text(message.digest);
      break;
    default:
      unreachable(message);
  }
}

/** About as many bytes as the message takes: what a writer should reserve. */
export function estimateBytes(message: PeerMessage): number {
  switch (message.type) {
    case 'forward':
      return 32 + message.batch.bytes.length + 3 * message.batch.count;
    case 'sessionReport':
      return 32 + 12 * (message.touched.length + message.closed.length);
    case 'raft': {
      if (message.message.type !== 'append') return 128;
      let bytes = 128;
      for (const run of message.message.runs) bytes += 48 + run.bytes.length + 3 * run.count;
      return bytes;
    }
    default:
      return 256;
  }
}

function encodeForward(forward: Forward, writer: ByteWriter): void {
  const { count, offsets, bytes } = forward.batch;
  writer.varint(forward.boot);
  writer.varint(forward.first);
  writer.varint(count);
  for (let i = 0; i < count; i++) writer.varint(offsets[i + 1]! - offsets[i]!);
  writer.raw(bytes);
}

function encodeSessionReport(report: SessionReport, writer: ByteWriter): void {
  writer.varint(report.number);
  encodeAttachments(report.touched, writer);
  encodeAttachments(report.closed, writer);
}

function encodeAttachments(attachments: readonly Attachment[], writer: ByteWriter): void {
  writer.varint(attachments.length);
  for (const { session, epoch } of attachments) {
    writer.varint(session);
    writer.varint(epoch);
  }
}

function encodeStatus(status: MemberStatus, writer: ByteWriter): void {
  writer.text(status.id);
  writer.text(status.name);
  writer.u8(ROLES.indexOf(status.role));
  writer.bool(status.disk === 'stalled');
  writer.varint(status.term);
  writer.varint(status.commitIndex);
  writer.varint(status.appliedIndex);
  writer.varint(status.pid);
  writer.text(status.version);
  writer.text(status.peerAddress);
  writer.text(status.clientAddress);
  writer.text(status.httpAddress);
}

/** All messages of a payload, or `undefined` when it is not exactly a sequence of messages. */
export function decodePeerMessages(bytes: Uint8Array): PeerMessage[] | undefined {
  return decodeWith(bytes, (reader) => {
    const messages: PeerMessage[] = [];
    while (reader.remaining > 0) messages.push(readPeerMessage(reader));
    return messages;
  });
}

function readPeerMessage(reader: ByteReader): PeerMessage {
  const type = TYPES[reader.u8()] ?? reader.fail('unknown type of peer message');
  switch (type) {
    case 'raft':
      return { type, message: readMessage(reader) };
    case 'forward':
      return readForward(reader);
    case 'forwardReply':
      return readForwardReply(reader);
    case 'sessionReport':
      return readSessionReport(reader);
    case 'sessionReportReply':
      return readSessionReportReply(reader);
    case 'status':
      return readStatus(reader);
    case 'digest':
      return readDigest(reader);
    default:
      return unreachable(type);
  }
}

function readForward(reader: ByteReader): Forward {
  const boot = reader.varint();
  const first = reader.varint();
  const batch = readBatch(reader);
  if (!Number.isSafeInteger(first + batch.count)) reader.fail('request number out of range');
  return { type: 'forward', boot, first, batch };
}

function readBatch(reader: ByteReader): EntryBatch {
  const count = reader.count();
  const offsets = new Uint32Array(count + 1);
  let end = 0;
  for (let i = 1; i <= count; i++) {
    end += reader.varint();
    if (end > reader.remaining) reader.fail('batch is cut short');
    offsets[i] = end;
  }
  return { count, offsets, bytes: reader.raw(end) };
}

function readForwardReply(reader: ByteReader): ForwardReply {
  return {
    type: 'forwardReply',
    boot: reader.varint(),
    next: reader.varint(),
    accepting: reader.bool(),
  };
}

function readSessionReport(reader: ByteReader): SessionReport {
  return {
    type: 'sessionReport',
    number: reader.varint(),
    touched: readAttachments(reader),
    closed: readAttachments(reader),
  };
}

function readAttachments(reader: ByteReader): Attachment[] {
  const attachments: Attachment[] = [];
  for (let left = reader.count(ATTACHMENT_BYTES_MIN); left > 0; left--) {
    attachments.push({ session: asSessionId(reader.varint()), epoch: reader.varint() });
  }
  return attachments;
}

function readSessionReportReply(reader: ByteReader): SessionReportReply {
  const number = reader.varint();
  const term = asTerm(reader.varint());
  const refused: SessionId[] = [];
  for (let left = reader.count(); left > 0; left--) refused.push(asSessionId(reader.varint()));
  return { type: 'sessionReportReply', number, term, refused };
}

function readStatus(reader: ByteReader): MemberStatus {
  return {
    type: 'status',
    id: asMemberId(readText(reader)),
    name: readText(reader),
    role: ROLES[reader.u8()] ?? reader.fail('unknown role'),
    disk: reader.bool() ? 'stalled' : 'ok',
    term: asTerm(reader.varint()),
    commitIndex: asIndex(reader.varint()),
    appliedIndex: asIndex(reader.varint()),
    pid: reader.varint(),
    version: readText(reader),
    peerAddress: readText(reader),
    clientAddress: readText(reader),
    httpAddress: readText(reader),
  };
}

function readDigest(reader: ByteReader): DigestReport {
  const format = reader.varint();
  const revision = asRevision(reader.varint());
  const digest = readText(reader);
  if (!DIGEST.test(digest)) reader.fail('not a digest');
  return { type: 'digest', format, revision, digest };
}

function readText(reader: ByteReader): string {
  return reader.text(PEER_TEXT_BYTES_MAX);
}
