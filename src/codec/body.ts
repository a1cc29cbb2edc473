/**
 * What a command asks, as bytes: encoded once, by the face that received it; decoded once per member, at
 * apply. The kind stands in the envelope. Decoded data are views on the entry: whoever keeps them copies
 * them. Readers throw `DecodeError` and are run by `codec/command.ts`.
 */
import { unreachable } from '../types/assert.js';
import type {
  CommandBody,
  CommandKind,
  Register,
  SetOverride,
  Transact,
  TreeOperation,
} from '../types/command.js';
import { asRevision, asSessionId, asTerm } from '../types/ids.js';
import { NODE_DATA_BYTES_MAX, TEXT_BYTES_MAX } from '../types/limits.js';
import { type ByteReader, ByteWriter } from './cursor.js';
import { readOperation, readTransact, writeOperation, writeTransact } from './operation.js';

const SECRET_HASH_BYTES = 32;

/** Reused, so that encoding allocates only what it hands out. */
const scratch = new ByteWriter(4096);

/** The bytes are the caller's to keep. */
export function encodeBody(body: CommandBody): Uint8Array {
  scratch.clear();
  writeBody(body, scratch);
  return scratch.finish().slice();
}

export function writeBody(body: CommandBody, writer: ByteWriter): void {
  switch (body.kind) {
    case 'create':
    case 'set':
    case 'delete':
      writeOperation(body, writer);
      break;
    case 'transact':
      writeTransact(body, writer);
      break;
    case 'register':
    case 'updateInstance':
    case 'deregister':
    case 'setOverride':
      writeCatalog(body, writer);
      break;
    default:
      writeSession(body, writer);
      break;
  }
}

type CatalogBody = Extract<
  CommandBody,
  { kind: 'register' | 'updateInstance' | 'deregister' | 'setOverride' }
>;
type SessionBody = Exclude<CommandBody, CatalogBody | TreeOperation | Transact>;

function writeSession(body: SessionBody, writer: ByteWriter): void {
  switch (body.kind) {
    case 'openSession':
      writer.raw(body.secretHash);
      writer.varint(body.timeoutMs);
      writer.varint(body.graceMs);
      break;
    case 'attachSession':
      writer.varint(body.session);
      writer.raw(body.secretHash);
      break;
    case 'closeSession':
    case 'skip':
      return;
    case 'detachSession':
      writer.varint(body.session);
      writer.varint(body.epoch);
      writer.varint(body.term);
      break;
    case 'expireSession':
      writer.varint(body.session);
      writer.varint(body.epoch);
      writer.varint(body.lastRevision);
      writer.varint(body.term);
      writer.bool(body.cause === 'grace');
      break;
    default:
      unreachable(body);
  }
}

function writeCatalog(body: CatalogBody, writer: ByteWriter): void {
  writer.text(body.service);
  writer.text(body.id);
  switch (body.kind) {
    case 'register':
      writeRegister(body, writer);
      break;
    case 'updateInstance':
      writer.varint(body.incarnation);
      writer.block(body.data);
      break;
    case 'deregister':
      writer.varint(body.incarnation);
      break;
    case 'setOverride':
      writeOverride(body, writer);
      break;
    default:
      unreachable(body);
  }
}

function writeRegister(body: Register, writer: ByteWriter): void {
  writer.text(body.address);
  writer.varint(body.port);
  writer.bool(body.isStatic);
  writer.bool(body.takeover);
  writer.block(body.data);
}

function writeOverride(body: SetOverride, writer: ByteWriter): void {
  writer.bool(body.override !== undefined);
  if (body.override === undefined) return;
  writer.bool(body.override.action === 'deregister');
  writer.text(body.override.who);
  writer.text(body.override.reason);
  writer.varint(body.override.until);
}

/** Checks shape and sizes; what a value may be is `codec/validate.ts`'s. Throws `DecodeError`. */
export function decodeBody(kind: CommandKind, reader: ByteReader): CommandBody {
  switch (kind) {
    case 'create':
    case 'set':
    case 'delete':
      return readOperation(kind, reader);
    case 'transact':
      return readTransact(reader);
    case 'register':
    case 'updateInstance':
    case 'deregister':
    case 'setOverride':
      return readCatalog(kind, reader);
    default:
      return readSession(kind, reader);
  }
}

function readSession(kind: SessionBody['kind'], reader: ByteReader): SessionBody {
  switch (kind) {
    case 'openSession': {
      const secretHash = reader.raw(SECRET_HASH_BYTES);
      const timeoutMs = reader.varint();
      return { kind, secretHash, timeoutMs, graceMs: reader.varint() };
    }
    case 'attachSession': {
      const session = asSessionId(reader.varint());
      return { kind, session, secretHash: reader.raw(SECRET_HASH_BYTES) };
    }
    case 'closeSession':
    case 'skip':
      return { kind };
    case 'detachSession': {
      const session = asSessionId(reader.varint());
      const epoch = reader.varint();
      return { kind, session, epoch, term: asTerm(reader.varint()) };
    }
    case 'expireSession': {
      const session = asSessionId(reader.varint());
      const epoch = reader.varint();
      const lastRevision = asRevision(reader.varint());
      const term = asTerm(reader.varint());
      const cause = reader.bool() ? 'grace' : 'expiry';
      return { kind, session, epoch, lastRevision, term, cause };
    }
    default:
      return unreachable(kind);
  }
}

function readCatalog(kind: CatalogBody['kind'], reader: ByteReader): CatalogBody {
  const service = reader.text(TEXT_BYTES_MAX);
  const id = reader.text(TEXT_BYTES_MAX);
  switch (kind) {
    case 'register':
      return readRegister(service, id, reader);
    case 'updateInstance': {
      const incarnation = asRevision(reader.varint());
      return { kind, service, id, data: reader.block(NODE_DATA_BYTES_MAX), incarnation };
    }
    case 'deregister':
      return { kind, service, id, incarnation: asRevision(reader.varint()) };
    case 'setOverride':
      return { kind, service, id, override: readOverride(reader) };
    default:
      return unreachable(kind);
  }
}

function readRegister(service: string, id: string, reader: ByteReader): Register {
  const address = reader.text(TEXT_BYTES_MAX);
  const port = reader.varint();
  const isStatic = reader.bool();
  const takeover = reader.bool();
  const data = reader.block(NODE_DATA_BYTES_MAX);
  return { kind: 'register', service, id, address, port, data, isStatic, takeover };
}

function readOverride(reader: ByteReader): SetOverride['override'] {
  if (!reader.bool()) return undefined;
  const action = reader.bool() ? 'deregister' : 'drain';
  const who = reader.text(TEXT_BYTES_MAX);
  const reason = reader.text(TEXT_BYTES_MAX);
  return { action, who, reason, until: reader.varint() };
}
