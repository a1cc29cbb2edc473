/**
 * Where the data of nodes is kept: many small values side by side in slabs, because an array of its own
 * costs each value several times its size. A slab is written once and never reused, so views that events
 * and readers hold stay valid; what still lives in a slab that is mostly dead moves on.
 * Invariant: at most three quarters of a full slab are dead, but for the values that left with their last.
 */

export const NO_DATA = new Uint8Array(0);

/** Large enough to make slabs few, small enough that one survivor pins little. */
const SLAB_BYTES = 16 * 1024;
/** Longer values stand alone. */
const SHARED_BYTES_MAX = 2 * 1024;

export class Slab {
  readonly bytes: Uint8Array;
  used = 0;
  /** Bytes of values that still stand. */
  live = 0;
  /** Who put a value here; some have moved on since. */
  holders: DataHolder[] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** The fields of a record that say where its data is. Owned by `DataStore`. */
export interface DataHolder {
  slab: Slab | undefined;
  dataOffset: number;
  dataLength: number;
  readonly isRemoved: boolean;
}

/** A view, valid for as long as somebody holds it. */
export function dataOf(holder: Omit<DataHolder, 'isRemoved'>): Uint8Array {
  const { slab, dataOffset, dataLength } = holder;
  return slab === undefined ? NO_DATA : slab.bytes.subarray(dataOffset, dataOffset + dataLength);
}

export class DataStore {
  #open = new Slab(new Uint8Array(SLAB_BYTES));

  /** Copies the bytes in place of what the holder had. */
  put(holder: DataHolder, data: Uint8Array): void {
    const { slab, dataLength } = holder;
    this.#place(holder, data);
    if (slab !== undefined) this.#release(slab, dataLength);
  }

  /** The holder was removed: its value does not count any more, though the holder still sees it. */
  release(holder: DataHolder): void {
    if (holder.slab !== undefined) this.#release(holder.slab, holder.dataLength);
  }

  /** Takes a release back. */
  restore(holder: DataHolder): void {
    this.#place(holder, dataOf(holder));
  }

  #release(slab: Slab, length: number): void {
    slab.live -= length;
    if (slab !== this.#open && slab.live * 4 < slab.used) this.#evacuate(slab);
  }

  #place(holder: DataHolder, data: Uint8Array): void {
    // What it had must not be moved once more by what makes room here.
    holder.slab = undefined;
    holder.dataOffset = 0;
    holder.dataLength = data.length;
    if (data.length === 0) return;
    if (data.length > SHARED_BYTES_MAX) {
      holder.slab = ownSlab(data);
      return;
    }
    const slab = this.#slabFor(data.length);
    slab.bytes.set(data, slab.used);
    holder.slab = slab;
    holder.dataOffset = slab.used;
    slab.used += data.length;
    slab.live += data.length;
    slab.holders.push(holder);
  }

  #slabFor(length: number): Slab {
    const full = this.#open;
    if (full.used + length <= SLAB_BYTES) return full;
    this.#open = new Slab(new Uint8Array(SLAB_BYTES));
    if (full.live * 4 < full.used) this.#evacuate(full);
    return this.#slabFor(length);
  }

  /** Moves a few values, once in the life of a slab. */
  #evacuate(slab: Slab): void {
    const { holders } = slab;
    slab.holders = [];
    for (const holder of holders) {
      if (holder.slab === slab && !holder.isRemoved) this.#place(holder, dataOf(holder));
    }
  }
}

function ownSlab(data: Uint8Array): Slab {
  const slab = new Slab(new Uint8Array(data));
  slab.used = data.length;
  slab.live = data.length;
  return slab;
}
