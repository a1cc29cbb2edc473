/** What commands on services and their instances ask, as bytes. Readers throw `DecodeError`. */
import { unreachable } from '../../types/assert.js';
import type { CommandBody, Register, SetOverride, SetSettings } from '../../types/command.js';
import { asRevision } from '../../types/ids.js';
import { NODE_DATA_BYTES_MAX, SETTINGS_BYTES_MAX, TEXT_BYTES_MAX } from '../../types/limits.js';
import type { ByteReader, ByteWriter } from '../cursor.js';

export type InstanceBody = Extract<CommandBody, { readonly service: string; readonly id: string }>;

/** Append only. */
const OVERRIDE_ACTIONS: readonly SetOverride['action'][] = ['drain', 'deregister', 'lift'];

export function writeInstanceBody(body: InstanceBody, writer: ByteWriter): void {
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
      writer.text(body.who);
      writer.text(body.why);
      break;
    case 'setOverride':
      writeOverride(body, writer);
      break;
    case 'expireOverride':
      writer.varint(body.revision);
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
  writer.u8(OVERRIDE_ACTIONS.indexOf(body.action));
  writer.text(body.who);
  writer.text(body.reason);
  writer.varint(body.until);
}

export function readInstanceBody(kind: InstanceBody['kind'], reader: ByteReader): InstanceBody {
  const service = reader.text(TEXT_BYTES_MAX);
  const id = reader.text(TEXT_BYTES_MAX);
  switch (kind) {
    case 'register':
      return readRegister(service, id, reader);
    case 'updateInstance': {
      const incarnation = asRevision(reader.varint());
      return { kind, service, id, data: reader.block(NODE_DATA_BYTES_MAX), incarnation };
    }
    case 'deregister': {
      const incarnation = asRevision(reader.varint());
      const who = reader.text(TEXT_BYTES_MAX);
      return { kind, service, id, incarnation, who, why: reader.text(TEXT_BYTES_MAX) };
    }
    case 'setOverride':
      return readOverride(service, id, reader);
    case 'expireOverride':
      return { kind, service, id, revision: asRevision(reader.varint()) };
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

function readOverride(service: string, id: string, reader: ByteReader): SetOverride {
  const action = OVERRIDE_ACTIONS[reader.u8()] ?? reader.fail('unknown override');
  const who = reader.text(TEXT_BYTES_MAX);
  const reason = reader.text(TEXT_BYTES_MAX);
  return { kind: 'setOverride', service, id, action, who, reason, until: reader.varint() };
}

export function writeSettingsBody(body: SetSettings, writer: ByteWriter): void {
  writer.text(body.service);
  writer.varint(body.version + 1);
  writer.block(body.data);
  writer.text(body.who);
  writer.text(body.why);
}

export function readSettingsBody(reader: ByteReader): SetSettings {
  const service = reader.text(TEXT_BYTES_MAX);
  const version = reader.varint() - 1;
  const data = reader.block(SETTINGS_BYTES_MAX);
  const who = reader.text(TEXT_BYTES_MAX);
  return { kind: 'setSettings', service, data, version, who, why: reader.text(TEXT_BYTES_MAX) };
}
