/** A checkpoint on its way to a disk or another member: its head, and its rows in pieces. Total. */
import type { CheckpointMeta, CheckpointRow } from '../types/log.js';
import { ByteWriter, decodeWith } from './cursor.js';
import { readSnapshotMeta, writeSnapshotMeta } from './run.js';

const DIGEST_BYTES_MAX = 64;

export function encodeCheckpointMeta(meta: CheckpointMeta): Uint8Array {
  const writer = new ByteWriter(256);
  writer.varint(meta.formatVersion);
  writeSnapshotMeta(meta.snapshot, writer);
  writer.varint(meta.time);
  writer.text(meta.digest);
  return writer.finish();
}

export function decodeCheckpointMeta(bytes: Uint8Array): CheckpointMeta | undefined {
  return decodeWith(bytes, (reader) => ({
    formatVersion: reader.varint(),
    snapshot: readSnapshotMeta(reader),
    time: reader.varint(),
    digest: reader.text(DIGEST_BYTES_MAX),
  }));
}

export function encodeRows(rows: readonly CheckpointRow[]): Uint8Array {
  const writer = new ByteWriter(64 * 1024);
  writer.varint(rows.length);
  for (const [key, value] of rows) {
    writer.block(key);
    writer.block(value);
  }
  return writer.finish();
}

/** Views on the input. */
export function decodeRows(bytes: Uint8Array): CheckpointRow[] | undefined {
  return decodeWith(bytes, (reader) => {
    const rows: CheckpointRow[] = [];
    for (let count = reader.count(2); count > 0; count--)
      rows.push([reader.block(), reader.block()]);
    return rows;
  });
}
