/**
 * What a command asks, as bytes: encoded once, by the face that received it; decoded once per member, at
 * apply. The kind stands in the envelope. Decoded data are views on the entry: whoever keeps them copies
 * them. Readers throw `DecodeError` and are run by `codec/command.ts`.
 */
import type { CommandBody, CommandKind } from '../types/command.js';
import {
  readInstanceBody,
  readSettingsBody,
  writeInstanceBody,
  writeSettingsBody,
} from './bodies/catalog.js';
import { readSession, writeSession } from './bodies/session.js';
import { readUpkeep, writeUpkeep } from './bodies/upkeep.js';
import { type ByteReader, ByteWriter } from './cursor.js';
import { readOperation, readTransact, writeOperation, writeTransact } from './operation.js';

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
      return writeOperation(body, writer);
    case 'transact':
      return writeTransact(body, writer);
    case 'register':
    case 'updateInstance':
    case 'deregister':
    case 'setOverride':
    case 'expireOverride':
      return writeInstanceBody(body, writer);
    case 'setSettings':
      return writeSettingsBody(body, writer);
    case 'deleteTree':
    case 'setAcl':
    case 'setQuota':
    case 'reap':
      return writeUpkeep(body, writer);
    case 'markDigest':
      return;
    default:
      return writeSession(body, writer);
  }
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
    case 'expireOverride':
      return readInstanceBody(kind, reader);
    case 'setSettings':
      return readSettingsBody(reader);
    case 'deleteTree':
    case 'setAcl':
    case 'setQuota':
    case 'reap':
      return readUpkeep(kind, reader);
    case 'markDigest':
      return { kind };
    default:
      return readSession(kind, reader);
  }
}
