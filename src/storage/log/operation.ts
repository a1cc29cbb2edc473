/**
 * What a frame holds: operations on the log, applied in order. The first frame of every segment is its
 * preamble, which repeats all that older segments said and a reader still needs, so that they can go.
 */
import { type ByteReader, type ByteWriter, decodeWith } from '../../codec/cursor.js';
import { encodeRun, readRun, readSnapshotMeta, writeSnapshotMeta } from '../../codec/run.js';
import { unreachable } from '../../types/assert.js';
import {
  asClusterId,
  asIndex,
  asMemberId,
  asTerm,
  type ClusterId,
  type Index,
  type MemberId,
  type Term,
} from '../../types/ids.js';
import type { Run, SnapshotMeta } from '../../types/log.js';

export const LOG_FORMAT_VERSION = 1;
const TEXT_BYTES_MAX = 256;

/** Where the log stood when a segment began. */
export interface LogPosition {
  readonly lastIndex: Index;
  /** 0: not known any more, after a truncation into segments that are gone. */
  readonly lastTerm: Term;
  readonly base: SnapshotMeta;
  /** The checkpoint directory that a base from an installed snapshot needs. */
  readonly checkpoint: string | undefined;
}

export interface Preamble {
  readonly clusterId: ClusterId;
  readonly memberId: MemberId;
  readonly number: number;
  /** Random and never sent anywhere: makes frames of this segment unforgeable. */
  readonly seed: number;
  readonly position: LogPosition;
}

export type Operation =
  | { readonly type: 'preamble'; readonly preamble: Preamble }
  | { readonly type: 'truncate'; readonly from: Index }
  | { readonly type: 'run'; readonly run: Run }
  | { readonly type: 'trim'; readonly base: SnapshotMeta }
  | {
      readonly type: 'reset';
      readonly base: SnapshotMeta;
      readonly checkpoint: string;
      /** The log held the base's entry, so what follows it stays. */
      readonly keep: boolean;
    }
  /** The segment is full and the next one is durable. */
  | { readonly type: 'seal' };

const KINDS: readonly Operation['type'][] = [
  'preamble',
  'truncate',
  'run',
  'trim',
  'reset',
  'seal',
];

export function writeOperation(operation: Operation, writer: ByteWriter): void {
  writer.u8(KINDS.indexOf(operation.type));
  switch (operation.type) {
    case 'preamble':
      writePreamble(operation.preamble, writer);
      break;
    case 'truncate':
      writer.varint(operation.from);
      break;
    case 'run':
      encodeRun(operation.run, writer);
      break;
    case 'trim':
      writeSnapshotMeta(operation.base, writer);
      break;
    case 'reset':
      writeSnapshotMeta(operation.base, writer);
      writer.text(operation.checkpoint);
      writer.bool(operation.keep);
      break;
    case 'seal':
      break;
    default:
      unreachable(operation);
  }
}

/** `undefined` when the payload is not a list of operations. */
export function decodeOperations(payload: Uint8Array): Operation[] | undefined {
  return decodeWith(payload, (reader) => {
    const operations: Operation[] = [];
    while (reader.remaining > 0) operations.push(readOperation(reader));
    return operations;
  });
}

function readOperation(reader: ByteReader): Operation {
  const type = KINDS[reader.u8()] ?? reader.fail('unknown operation');
  switch (type) {
    case 'preamble':
      return { type, preamble: readPreamble(reader) };
    case 'truncate':
      return { type, from: asIndex(reader.varint()) };
    case 'run':
      return { type, run: readRun(reader) };
    case 'trim':
      return { type, base: readSnapshotMeta(reader) };
    case 'reset': {
      const base = readSnapshotMeta(reader);
      return { type, base, checkpoint: reader.text(TEXT_BYTES_MAX), keep: reader.bool() };
    }
    case 'seal':
      return { type };
  }
}

function writePreamble(preamble: Preamble, writer: ByteWriter): void {
  writer.varint(LOG_FORMAT_VERSION);
  writer.text(preamble.clusterId);
  writer.text(preamble.memberId);
  writer.varint(preamble.number);
  writer.u32(preamble.seed);
  const { lastIndex, lastTerm, base, checkpoint } = preamble.position;
  writer.varint(lastIndex);
  writer.varint(lastTerm);
  writeSnapshotMeta(base, writer);
  writer.text(checkpoint ?? '');
}

function readPreamble(reader: ByteReader): Preamble {
  if (reader.varint() !== LOG_FORMAT_VERSION) reader.fail('another version of the log');
  return {
    clusterId: asClusterId(reader.text(TEXT_BYTES_MAX)),
    memberId: asMemberId(reader.text(TEXT_BYTES_MAX)),
    number: reader.varint(),
    seed: reader.u32(),
    position: {
      lastIndex: asIndex(reader.varint()),
      lastTerm: asTerm(reader.varint()),
      base: readSnapshotMeta(reader),
      checkpoint: reader.text(TEXT_BYTES_MAX) || undefined,
    },
  };
}
