/** Building and slicing batches of encoded entries. A slice shares the bytes of the whole. */
import { ByteWriter } from '../../codec/cursor.js';
import { assert } from '../../types/assert.js';
import type { EntryBatch } from '../../types/log.js';

/** Without its first `skip` entries; 0 ≤ skip < count. */
export function dropFirst(batch: EntryBatch, skip: number): EntryBatch {
  if (skip === 0) return batch;
  assert(skip > 0 && skip < batch.count, 'slice outside the batch');
  const start = batch.offsets[skip]!;
  const offsets = batch.offsets.slice(skip);
  for (let i = 0; i < offsets.length; i++) offsets[i] = offsets[i]! - start;
  return { count: batch.count - skip, offsets, bytes: batch.bytes.subarray(start) };
}

/** Collects the entries of one turn. */
export class BatchBuilder {
  #writer = new ByteWriter(4096);
  #ends: number[] = [];

  get count(): number {
    return this.#ends.length;
  }

  get bytes(): number {
    return this.#writer.length;
  }

  /** Write one entry here, then call `endEntry`. */
  get writer(): ByteWriter {
    return this.#writer;
  }

  endEntry(): void {
    this.#ends.push(this.#writer.length);
  }

  take(): EntryBatch {
    const offsets = new Uint32Array(this.#ends.length + 1);
    offsets.set(this.#ends, 1);
    const batch = { count: this.#ends.length, offsets, bytes: this.#writer.finish().slice() };
    this.#writer.clear();
    this.#ends = [];
    return batch;
  }
}
