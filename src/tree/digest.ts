/**
 * The digest of the whole state: the sum of the hashes of all rows, so that it does not depend on the
 * order of changes and follows each change at the price of the changed rows. It tells whether two members
 * (or a member and its checkpoint) hold equal state; it is no defence against forgery.
 */

import { ByteWriter } from '../codec/cursor.js';
import { type StateRow, writeRowKey, writeRowValue } from '../codec/row.js';
import type { TrackedRow } from './tracked.js';

/** Rises with every change of how rows are written or hashed, so that members of two versions do not accuse each other. */
export const DIGEST_FORMAT = 1;

/** Hashes bytes into two independent 32-bit lanes. */
export class RowHasher {
  high = 0;
  low = 0;
  readonly writer = new ByteWriter(4096);

  hashRow(row: StateRow): void {
    this.writer.clear();
    writeRowKey(row, this.writer);
    const keyLength = this.writer.length;
    writeRowValue(row, this.writer);
    const bytes = this.writer.finish();
    this.hashParts(bytes.subarray(0, keyLength), bytes.subarray(keyLength));
  }

  /** The hash of a row in its stored form. */
  hashParts(key: Uint8Array, value: Uint8Array): void {
    this.high = 0x2545_f491;
    this.low = 0x9e37_79b9;
    this.#absorb(key);
    this.#absorb(value);
    this.high = finalMix(this.high);
    this.low = finalMix(this.low);
  }

  hashBytes(bytes: Uint8Array): void {
    this.hashParts(bytes, bytes.subarray(0, 0));
  }

  /** Four bytes a step, the rest one by one, the length last. */
  #absorb(bytes: Uint8Array): void {
    let { high, low } = this;
    const whole = bytes.length & ~3;
    let i = 0;
    for (; i < whole; i += 4) {
      const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      high = Math.imul(((high << 5) | (high >>> 27)) ^ word, 0x27d4_eb2f);
      low = Math.imul(((low << 13) | (low >>> 19)) ^ word, 0x85eb_ca6b) + 0x1656_67b1;
    }
    for (; i < bytes.length; i++) {
      high = Math.imul(high ^ bytes[i]!, 0x0100_0193);
      low = Math.imul(low ^ bytes[i]!, 0xc2b2_ae35);
    }
    this.high = Math.imul(high ^ bytes.length, 0x27d4_eb2f);
    this.low = Math.imul(low ^ bytes.length, 0x85eb_ca6b);
  }
}

function finalMix(lane: number): number {
  let mixed = lane ^ (lane >>> 16);
  mixed = Math.imul(mixed, 0x85eb_ca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The running sum. Changed rows wait until `settle`, so that a hot row is hashed once for many changes. */
export class Digest {
  #high = 0;
  #low = 0;
  #pending: TrackedRow[] = [];
  readonly #hasher = new RowHasher();

  get pendingCount(): number {
    return this.#pending.length;
  }

  note(row: TrackedRow): void {
    if (row.isUnhashed) return;
    row.isUnhashed = true;
    this.#pending.push(row);
  }

  /** Counts a row that was just loaded, from its stored form. */
  include(row: TrackedRow, key: Uint8Array, value: Uint8Array): void {
    this.#hasher.hashParts(key, value);
    this.#replace(row);
  }

  /** Counts a row and leaves it as it is: for a sum made from nothing. */
  recount(row: TrackedRow): void {
    row.hashInto(this.#hasher);
    this.#high = (this.#high + this.#hasher.high) >>> 0;
    this.#low = (this.#low + this.#hasher.low) >>> 0;
  }

  settle(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    for (const row of pending) {
      row.isUnhashed = false;
      this.#hash(row);
      this.#replace(row);
    }
  }

  /** 16 hex digits. */
  text(): string {
    this.settle();
    return hex32(this.#high) + hex32(this.#low);
  }

  #hash(row: TrackedRow): void {
    if (!row.isRemoved) {
      row.hashInto(this.#hasher);
      return;
    }
    this.#hasher.high = 0;
    this.#hasher.low = 0;
  }

  #replace(row: TrackedRow): void {
    const { high, low } = this.#hasher;
    this.#high = (this.#high - row.hashHigh + high) >>> 0;
    this.#low = (this.#low - row.hashLow + low) >>> 0;
    row.hashHigh = high | 0;
    row.hashLow = low | 0;
  }
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}
