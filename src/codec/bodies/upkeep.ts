/** What commands on a whole subtree or on a node's rules ask, as bytes. Readers throw `DecodeError`. */
import { unreachable } from '../../types/assert.js';
import type { CommandBody, SetQuota } from '../../types/command.js';
import { asRevision } from '../../types/ids.js';
import { PATH_BYTES_MAX, TEXT_BYTES_MAX } from '../../types/limits.js';
import type { ByteReader, ByteWriter } from '../cursor.js';
import { readAcl, writeAcl } from '../operation.js';

export type UpkeepBody = Extract<
  CommandBody,
  { kind: 'deleteTree' | 'setAcl' | 'setQuota' | 'reap' }
>;

export function writeUpkeep(body: UpkeepBody, writer: ByteWriter): void {
  writer.text(body.path);
  switch (body.kind) {
    case 'deleteTree':
      break;
    case 'setAcl':
      writer.varint(body.version + 1);
      writeAcl(body.acl, writer);
      break;
    case 'setQuota':
      writer.varint(body.limits.nodes);
      writer.varint(body.limits.bytes);
      writer.text(body.who);
      writer.text(body.why);
      break;
    case 'reap':
      writer.varint(body.createRevision);
      writer.varint(body.modifyRevision);
      writer.varint(body.createCount);
      break;
    default:
      unreachable(body);
  }
}

export function readUpkeep(kind: UpkeepBody['kind'], reader: ByteReader): UpkeepBody {
  const path = reader.text(PATH_BYTES_MAX);
  switch (kind) {
    case 'deleteTree':
      return { kind, path };
    case 'setAcl': {
      const version = reader.varint() - 1;
      return { kind, path, acl: readAcl(reader), version };
    }
    case 'setQuota':
      return readQuota(path, reader);
    case 'reap': {
      const createRevision = asRevision(reader.varint());
      const modifyRevision = asRevision(reader.varint());
      return { kind, path, createRevision, modifyRevision, createCount: reader.varint() };
    }
    default:
      return unreachable(kind);
  }
}

function readQuota(path: string, reader: ByteReader): SetQuota {
  const nodes = reader.varint();
  const limits = { nodes, bytes: reader.varint() };
  const who = reader.text(TEXT_BYTES_MAX);
  return { kind: 'setQuota', path, limits, who, why: reader.text(TEXT_BYTES_MAX) };
}
