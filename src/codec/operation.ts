/**
 * Operations on nodes, guards and access lists as bytes: the part of a command's body that transactions
 * repeat. Readers throw `DecodeError`.
 */
import { unreachable } from '../types/assert.js';
import type { CommandKind, Create, Guard, Transact, TreeOperation } from '../types/command.js';
import { asRevision, asSessionId } from '../types/ids.js';
import {
  ACL_ENTRIES_MAX,
  NODE_DATA_BYTES_MAX,
  PATH_BYTES_MAX,
  TEXT_BYTES_MAX,
  TRANSACTION_OPERATIONS_MAX,
} from '../types/limits.js';
import type { AclEntry, NodeKind } from '../types/node.js';
import type { ByteReader, ByteWriter } from './cursor.js';

/** The position of a kind is its number in the log: append only. */
export const COMMAND_KINDS: readonly CommandKind[] = [
  'create',
  'set',
  'delete',
  'transact',
  'openSession',
  'attachSession',
  'closeSession',
  'detachSession',
  'expireSession',
  'skip',
  'register',
  'updateInstance',
  'deregister',
  'setOverride',
  'deleteTree',
  'setAcl',
  'setQuota',
  'reap',
  'revokeSession',
  'expireOverride',
  'setSettings',
  'markDigest',
];

/** Append only, like the kinds of command. */
export const NODE_KINDS: readonly NodeKind[] = ['persistent', 'ephemeral', 'container', 'ttl'];

/** Bits of a guard: which conditions it states. */
const GUARD_EXISTS = 1;
const GUARD_EXISTS_VALUE = 2;
const GUARD_VERSION = 4;
const GUARD_CREATE = 8;
const GUARD_MODIFY = 16;
const GUARD_OWNER = 32;
const GUARD_CHILDREN = 64;
const GUARD_DATA = 128;

export function writeOperation(body: TreeOperation, writer: ByteWriter): void {
  writer.text(body.path);
  switch (body.kind) {
    case 'create':
      writeCreate(body, writer);
      break;
    case 'set':
      writer.varint(body.version + 1);
      writer.block(body.data);
      break;
    case 'delete':
      writer.varint(body.version + 1);
      break;
    default:
      unreachable(body);
  }
}

function writeCreate(body: Create, writer: ByteWriter): void {
  writer.u8(NODE_KINDS.indexOf(body.nodeKind));
  writer.bool(body.sequential);
  writer.varint(body.ttlMs);
  writeAcl(body.acl, writer);
  writer.block(body.data);
}

export function writeAcl(acl: readonly AclEntry[], writer: ByteWriter): void {
  writer.varint(acl.length);
  for (const entry of acl) {
    writer.text(entry.scheme);
    writer.text(entry.id);
    writer.u8(entry.permissions);
  }
}

export function writeTransact(body: Transact, writer: ByteWriter): void {
  writer.varint(body.guards.length);
  for (const guard of body.guards) writeGuard(guard, writer);
  writer.varint(body.operations.length);
  for (const operation of body.operations) {
    writer.u8(COMMAND_KINDS.indexOf(operation.kind));
    writeOperation(operation, writer);
  }
}

function writeGuard(guard: Guard, writer: ByteWriter): void {
  writer.text(guard.path);
  writer.u8(guardBits(guard));
  if (guard.version !== undefined) writer.varint(guard.version);
  if (guard.createRevision !== undefined) writer.varint(guard.createRevision);
  if (guard.modifyRevision !== undefined) writer.varint(guard.modifyRevision);
  if (guard.owner !== undefined) writer.varint(guard.owner);
  if (guard.childrenRevision !== undefined) writer.varint(guard.childrenRevision);
  if (guard.data !== undefined) writer.block(guard.data);
}

function guardBits(guard: Guard): number {
  return (
    (guard.exists === undefined ? 0 : GUARD_EXISTS) |
    (guard.exists === true ? GUARD_EXISTS_VALUE : 0) |
    (guard.version === undefined ? 0 : GUARD_VERSION) |
    (guard.createRevision === undefined ? 0 : GUARD_CREATE) |
    (guard.modifyRevision === undefined ? 0 : GUARD_MODIFY) |
    (guard.owner === undefined ? 0 : GUARD_OWNER) |
    (guard.childrenRevision === undefined ? 0 : GUARD_CHILDREN) |
    (guard.data === undefined ? 0 : GUARD_DATA)
  );
}

export function readOperation(kind: TreeOperation['kind'], reader: ByteReader): TreeOperation {
  const path = reader.text(PATH_BYTES_MAX);
  switch (kind) {
    case 'create':
      return readCreate(path, reader);
    case 'set': {
      const version = reader.varint() - 1;
      return { kind, path, data: reader.block(NODE_DATA_BYTES_MAX), version };
    }
    case 'delete':
      return { kind, path, version: reader.varint() - 1 };
    default:
      return unreachable(kind);
  }
}

function readCreate(path: string, reader: ByteReader): Create {
  const nodeKind = readNodeKind(reader);
  const sequential = reader.bool();
  const ttlMs = reader.varint();
  const acl = readAcl(reader);
  const data = reader.block(NODE_DATA_BYTES_MAX);
  return { kind: 'create', path, data, nodeKind, sequential, ttlMs, acl };
}

export function readNodeKind(reader: ByteReader): NodeKind {
  return NODE_KINDS[reader.u8()] ?? reader.fail('unknown kind of node');
}

const OPEN_ACL: readonly AclEntry[] = [];

export function readAcl(reader: ByteReader): readonly AclEntry[] {
  const count = reader.count(3);
  if (count === 0) return OPEN_ACL;
  if (count > ACL_ENTRIES_MAX) reader.fail('access list too long');
  const acl: AclEntry[] = [];
  for (let i = 0; i < count; i++) {
    const scheme = reader.text(TEXT_BYTES_MAX);
    acl.push({ scheme, id: reader.text(TEXT_BYTES_MAX), permissions: reader.u8() });
  }
  return acl;
}

export function readTransact(reader: ByteReader): Transact {
  const guards: Guard[] = [];
  for (let left = readOperationCount(reader); left > 0; left--) guards.push(readGuard(reader));
  const operations: TreeOperation[] = [];
  for (let left = readOperationCount(reader); left > 0; left--) {
    const kind = COMMAND_KINDS[reader.u8()];
    if (kind !== 'create' && kind !== 'set' && kind !== 'delete') reader.fail('not an operation');
    operations.push(readOperation(kind, reader));
  }
  return { kind: 'transact', guards, operations };
}

function readOperationCount(reader: ByteReader): number {
  const count = reader.count(2);
  if (count > TRANSACTION_OPERATIONS_MAX) reader.fail('transaction too long');
  return count;
}

function readGuard(reader: ByteReader): Guard {
  const path = reader.text(PATH_BYTES_MAX);
  const bits = reader.u8();
  if ((bits & 3) === GUARD_EXISTS_VALUE) reader.fail('unknown guard');
  return {
    path,
    ...(bits & GUARD_EXISTS ? { exists: (bits & GUARD_EXISTS_VALUE) !== 0 } : undefined),
    ...(bits & GUARD_VERSION ? { version: reader.varint() } : undefined),
    ...(bits & GUARD_CREATE ? { createRevision: asRevision(reader.varint()) } : undefined),
    ...(bits & GUARD_MODIFY ? { modifyRevision: asRevision(reader.varint()) } : undefined),
    ...(bits & GUARD_OWNER ? { owner: asSessionId(reader.varint()) } : undefined),
    ...(bits & GUARD_CHILDREN ? { childrenRevision: asRevision(reader.varint()) } : undefined),
    ...(bits & GUARD_DATA ? { data: reader.block(NODE_DATA_BYTES_MAX) } : undefined),
  };
}
