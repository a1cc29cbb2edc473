/**
 * Which rows changed since the last checkpoint. `takeDirty` freezes that set at a revision; its rows are
 * then encoded in slices while entries go on being applied: a frozen row that is about to change is
 * encoded first. Invariant: at most one frozen set is not yet drained.
 */

import { ByteWriter } from '../codec/cursor.js';
import { type Row, writeRowKey, writeRowValue } from '../codec/row.js';
import { assert } from '../types/assert.js';
import type { Revision } from '../types/ids.js';
import { CHECKPOINT_SLICE_BYTES_MAX } from '../types/limits.js';
import { Digest } from './digest.js';
import type { TrackedRow } from './tracked.js';

/** Rows to write and keys to remove, in any order: no key comes twice in one frozen set. */
export interface DirtySlice {
  readonly puts: readonly Row[];
  readonly deletes: readonly Uint8Array[];
}

/** The rows that changed up to `revision`, as they were then. */
export class DirtyRows {
  readonly revision: Revision;
  /** Of the whole state at `revision`. */
  readonly digest: string;
  readonly generation: number;
  readonly #rows: Map<string, TrackedRow>;
  readonly #writer = new ByteWriter(4096);
  #puts: Row[] = [];
  #deletes: Uint8Array[] = [];
  #bytes = 0;

  constructor(
    at: { readonly revision: Revision; readonly digest: string },
    generation: number,
    rows: Map<string, TrackedRow>,
  ) {
    this.revision = at.revision;
    this.digest = at.digest;
    this.generation = generation;
    this.#rows = rows;
  }

  /** Rows not yet handed out. */
  get remaining(): number {
    return this.#rows.size + this.#puts.length + this.#deletes.length;
  }

  /** The next slice: at most about `rowsMax` rows and a bounded number of bytes; undefined when drained. */
  next(rowsMax: number): DirtySlice | undefined {
    for (const row of this.#rows.values()) {
      if (this.#puts.length + this.#deletes.length >= rowsMax) break;
      if (this.#bytes >= CHECKPOINT_SLICE_BYTES_MAX) break;
      this.keep(row);
    }
    if (this.#puts.length + this.#deletes.length === 0) return undefined;
    const slice = { puts: this.#puts, deletes: this.#deletes };
    this.#puts = [];
    this.#deletes = [];
    this.#bytes = 0;
    return slice;
  }

  /** Encodes a row as it stands, unless that was done. */
  keep(row: TrackedRow): void {
    if (this.#rows.get(row.rowKey) !== row) return;
    this.#rows.delete(row.rowKey);
    const data = row.asRow();
    const key = this.#encode(data, writeRowKey);
    this.#bytes += key.length;
    if (row.isRemoved) {
      this.#deletes.push(key);
      return;
    }
    const value = this.#encode(data, writeRowValue);
    this.#bytes += value.length;
    this.#puts.push({ key, value });
  }

  #encode(row: ReturnType<TrackedRow['asRow']>, write: typeof writeRowKey): Uint8Array {
    this.#writer.clear();
    write(row, this.#writer);
    return this.#writer.finish().slice();
  }
}

/** Rows hashed in one go: a few milliseconds at most. */
const UNHASHED_ROWS_MAX = 512;
const UNHASHED_BYTES_MAX = 1024 * 1024;

/** Told of every change of a row, before it happens. */
export class Tracker {
  readonly digest = new Digest();
  #generation = 1;
  #dirty = new Map<string, TrackedRow>();
  #frozen: DirtyRows | undefined;
  #unhashedBytes = 0;

  get dirtyCount(): number {
    return this.#dirty.size;
  }

  /** Before a row changes. */
  touch(row: TrackedRow): void {
    if (row.dirtyGeneration !== this.#generation) this.#mark(row);
    if (!row.isUnhashed) this.digest.note(row);
  }

  /**
   * A row that is new in its table. The store may hold its key only when a row that it held was removed
   * since the last frozen set; one removed before that is removed from the store by that set.
   */
  created(row: TrackedRow): void {
    if (!this.#dirty.has(row.rowKey)) row.freshGeneration = this.#generation;
    this.touch(row);
  }

  /** Before a row leaves its table. A row that no checkpoint knows leaves no trace. */
  removed(row: TrackedRow): void {
    this.touch(row);
    row.isRemoved = true;
    if (row.freshGeneration !== this.#generation) return;
    this.#dirty.delete(row.rowKey);
    row.dirtyGeneration = 0;
  }

  /** A removal is undone within the same entry. */
  revived(row: TrackedRow): void {
    row.isRemoved = false;
    row.dirtyGeneration = this.#generation;
    this.#dirty.set(row.rowKey, row);
    this.digest.note(row);
  }

  /** Large rows are hashed sooner. */
  weigh(bytes: number): void {
    this.#unhashedBytes += bytes;
  }

  /** After an entry: keeps the work that `digest` leaves bounded. */
  settle(): void {
    const full =
      this.digest.pendingCount >= UNHASHED_ROWS_MAX || this.#unhashedBytes >= UNHASHED_BYTES_MAX;
    if (!full) return;
    this.digest.settle();
    this.#unhashedBytes = 0;
  }

  takeDirty(revision: Revision): DirtyRows {
    assert((this.#frozen?.remaining ?? 0) === 0, 'the previous frozen set is not drained');
    const at = { revision, digest: this.digest.text() };
    this.#frozen = new DirtyRows(at, this.#generation, this.#dirty);
    this.#dirty = new Map();
    this.#generation++;
    return this.#frozen;
  }

  #mark(row: TrackedRow): void {
    const frozen = this.#frozen;
    if (frozen !== undefined && row.dirtyGeneration === frozen.generation) frozen.keep(row);
    row.dirtyGeneration = this.#generation;
    this.#dirty.set(row.rowKey, row);
  }
}
