/** What commands on sessions ask, as bytes. Readers throw `DecodeError`. */
import { unreachable } from '../../types/assert.js';
import type { CommandBody } from '../../types/command.js';
import { asRevision, asSessionId, asTerm } from '../../types/ids.js';
import { SESSION_LABEL_BYTES_MAX, TEXT_BYTES_MAX } from '../../types/limits.js';
import type { ByteReader, ByteWriter } from '../cursor.js';

const SECRET_HASH_BYTES = 32;

export type SessionBody = Extract<
  CommandBody,
  {
    kind:
      | 'openSession'
      | 'attachSession'
      | 'closeSession'
      | 'detachSession'
      | 'expireSession'
      | 'revokeSession'
      | 'skip';
  }
>;

export function writeSession(body: SessionBody, writer: ByteWriter): void {
  switch (body.kind) {
    case 'openSession':
      writer.raw(body.secretHash);
      writer.varint(body.timeoutMs);
      writer.varint(body.graceMs);
      writer.text(body.label);
      break;
    case 'attachSession':
      writer.varint(body.session);
      writer.raw(body.secretHash);
      break;
    case 'closeSession':
    case 'skip':
      return;
    default:
      writer.varint(body.session);
      writeEnd(body, writer);
      break;
  }
}

type EndBody = Extract<SessionBody, { kind: 'detachSession' | 'expireSession' | 'revokeSession' }>;

function writeEnd(body: EndBody, writer: ByteWriter): void {
  switch (body.kind) {
    case 'detachSession':
      writer.varint(body.epoch);
      writer.varint(body.term);
      break;
    case 'expireSession':
      writer.varint(body.epoch);
      writer.varint(body.lastRevision);
      writer.varint(body.term);
      writer.bool(body.cause === 'grace');
      break;
    case 'revokeSession':
      writer.text(body.who);
      writer.text(body.why);
      break;
    default:
      unreachable(body);
  }
}

export function readSession(kind: SessionBody['kind'], reader: ByteReader): SessionBody {
  switch (kind) {
    case 'openSession': {
      const secretHash = reader.raw(SECRET_HASH_BYTES);
      const timeoutMs = reader.varint();
      const graceMs = reader.varint();
      return { kind, secretHash, timeoutMs, graceMs, label: reader.text(SESSION_LABEL_BYTES_MAX) };
    }
    case 'attachSession': {
      const session = asSessionId(reader.varint());
      return { kind, session, secretHash: reader.raw(SECRET_HASH_BYTES) };
    }
    case 'closeSession':
    case 'skip':
      return { kind };
    default:
      return readEnd(kind, reader);
  }
}

function readEnd(kind: EndBody['kind'], reader: ByteReader): EndBody {
  const session = asSessionId(reader.varint());
  switch (kind) {
    case 'detachSession': {
      const epoch = reader.varint();
      return { kind, session, epoch, term: asTerm(reader.varint()) };
    }
    case 'expireSession': {
      const epoch = reader.varint();
      const lastRevision = asRevision(reader.varint());
      const term = asTerm(reader.varint());
      const cause = reader.bool() ? 'grace' : 'expiry';
      return { kind, session, epoch, lastRevision, term, cause };
    }
    case 'revokeSession': {
      const who = reader.text(TEXT_BYTES_MAX);
      return { kind, session, who, why: reader.text(TEXT_BYTES_MAX) };
    }
    default:
      return unreachable(kind);
  }
}
