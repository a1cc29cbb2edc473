/**
 * The window of appends sent to one follower and not yet answered, bounded in number and bytes (build rule
 * R23). An answer for an index frees everything up to it.
 */
import type { Index } from '../types/ids.js';

interface Inflight {
  readonly lastIndex: Index;
  readonly bytes: number;
}

export interface InflightLimits {
  readonly inflightAppendsMax: number;
  readonly inflightBytesMax: number;
}

export class Inflights {
  readonly #limits: InflightLimits;
  #appends: Inflight[] = [];
  #bytes = 0;

  constructor(limits: InflightLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#appends.length;
  }

  get isFull(): boolean {
    return (
      this.#appends.length >= this.#limits.inflightAppendsMax ||
      this.#bytes >= this.#limits.inflightBytesMax
    );
  }

  add(lastIndex: Index, bytes: number): void {
    this.#appends.push({ lastIndex, bytes });
    this.#bytes += bytes;
  }

  freeTo(index: Index): void {
    let freed = 0;
    for (const append of this.#appends) {
      if (append.lastIndex > index) break;
      this.#bytes -= append.bytes;
      freed += 1;
    }
    if (freed > 0) this.#appends.splice(0, freed);
  }

  clear(): void {
    this.#appends = [];
    this.#bytes = 0;
  }
}
