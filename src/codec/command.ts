/**
 * A log entry of the state machine: format version, kind, origin, session, the sender's identities, then
 * the body. Decoding is total: bytes that are not exactly one valid command give `undefined`. Every entry
 * of every member passes here, so there is no closure and no copy on the way.
 */

import { assert } from '../types/assert.js';
import type { Command, CommandKind, Envelope, Origin } from '../types/command.js';
import { asMemberId, asSessionId, type MemberId } from '../types/ids.js';
import { IDENTITIES_MAX, TEXT_BYTES_MAX } from '../types/limits.js';
import { decodeBody } from './body.js';
import { ByteReader, type ByteWriter, DecodeError } from './cursor.js';
import { COMMAND_KINDS } from './operation.js';
import { bodyProblem } from './validate.js';

export { decodeBody, encodeBody } from './body.js';
export { validateBody } from './validate.js';

export const COMMAND_FORMAT = 1;

const NO_IDENTITIES: readonly string[] = [];

/** Appends one entry: the envelope, then a body that `encodeBody` made. */
export function encodeCommand(envelope: Envelope, body: Uint8Array, writer: ByteWriter): void {
  writeEnvelope(writer, envelope);
  writer.raw(body);
}

export function writeEnvelope(writer: ByteWriter, envelope: Envelope): void {
  const { origin, identities } = envelope;
  writer.u8(COMMAND_FORMAT);
  writer.u8(COMMAND_KINDS.indexOf(envelope.kind));
  writeMemberId(origin.member, writer);
  writer.varint(origin.boot);
  writer.varint(origin.number);
  writer.varint(envelope.session);
  writer.varint(envelope.epoch);
  writer.varint(envelope.seq);
  writer.varint(envelope.ackedSeq);
  writer.varint(identities.length);
  for (const identity of identities) writer.text(identity);
}

/** The command that exactly fills `bytes`; its data are views on them. */
export function decodeCommand(bytes: Uint8Array): Command | undefined {
  try {
    return readCommand(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function readCommand(bytes: Uint8Array): Command {
  const reader = new ByteReader(bytes);
  const envelope = readEnvelope(reader);
  const bodyStart = reader.offset;
  const body = decodeBody(envelope.kind, reader);
  reader.expectEnd();
  const problem = bodyProblem(body);
  if (problem !== undefined) reader.fail(problem);
  return { envelope, body, bodyHash: hashBody(envelope.kind, bytes, bodyStart) };
}

/** The envelope alone, for an entry whose body may not be readable; `undefined` when it is not either. */
export function peekEnvelope(bytes: Uint8Array): Envelope | undefined {
  try {
    return readEnvelope(new ByteReader(bytes));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** Throws `DecodeError`; leaves the reader at the body. */
export function readEnvelope(reader: ByteReader): Envelope {
  if (reader.u8() !== COMMAND_FORMAT) reader.fail('unknown format of command');
  const kind = COMMAND_KINDS[reader.u8()] ?? reader.fail('unknown kind of command');
  const origin = readOrigin(reader);
  const session = asSessionId(reader.varint());
  const epoch = reader.varint();
  const seq = reader.varint();
  const ackedSeq = reader.varint();
  return { kind, origin, session, epoch, seq, ackedSeq, identities: readIdentities(reader) };
}

function readOrigin(reader: ByteReader): Origin {
  const member = readMemberId(reader);
  const boot = reader.varint();
  return { member, boot, number: reader.varint() };
}

function readIdentities(reader: ByteReader): readonly string[] {
  const count = reader.count();
  if (count === 0) return NO_IDENTITIES;
  if (count > IDENTITIES_MAX) reader.fail('too many identities');
  const identities: string[] = [];
  for (let i = 0; i < count; i++) identities.push(reader.text(TEXT_BYTES_MAX));
  return identities;
}

/** FNV-1a over the kind and the body: tells a retry from another request with the same seq. */
export function hashBody(kind: CommandKind, bytes: Uint8Array, start = 0): number {
  let hash = Math.imul(0x811c_9dc5 ^ COMMAND_KINDS.indexOf(kind), 0x0100_0193);
  for (let i = start; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x0100_0193);
  return hash >>> 0;
}

const MEMBER_ID = /^[0-9a-f]{16}$/;

/** The few members of a cluster come again and again; a cache spares parsing and making their text. */
interface KnownMember {
  readonly high: number;
  readonly low: number;
  readonly id: MemberId;
}
const KNOWN_MAX = 8;
const known: KnownMember[] = [];
let nextKnown = 0;

/** Eight raw bytes. */
export function writeMemberId(member: MemberId, writer: ByteWriter): void {
  const { high, low } = known.find((one) => one.id === member) ?? parseMemberId(member);
  writer.u32(high);
  writer.u32(low);
}

export function readMemberId(reader: ByteReader): MemberId {
  const high = reader.u32();
  const low = reader.u32();
  for (let i = 0; i < known.length; i++) {
    const member = known[i]!;
    if (member.low === low && member.high === high) return member.id;
  }
  return remember({ high, low, id: asMemberId(hex32(high) + hex32(low)) }).id;
}

function parseMemberId(id: MemberId): KnownMember {
  assert(MEMBER_ID.test(id), 'a member id is 16 hex digits');
  const high = Number.parseInt(id.slice(0, 8), 16);
  return remember({ high, low: Number.parseInt(id.slice(8), 16), id });
}

function remember(member: KnownMember): KnownMember {
  known[nextKnown] = member;
  nextKnown = (nextKnown + 1) % KNOWN_MAX;
  return member;
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}
