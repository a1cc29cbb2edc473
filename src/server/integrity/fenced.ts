/**
 * Why a member ends its life: what it holds contradicts the majority, and the next one begins in quarantine.
 * And how often that may be: a member that is fenced again and again has a fault that no refetching mends.
 */
import { FENCINGS_MAX, FENCINGS_WINDOW_MS } from '../../types/limits.js';

export class Fenced extends Error {
  override readonly name = 'Fenced';
}

export class FencingLimit {
  #atMs: number[] = [];

  /** Whether this fencing may be followed by another life. */
  allows(nowMs: number): boolean {
    this.#atMs = this.#atMs.filter((atMs) => atMs > nowMs - FENCINGS_WINDOW_MS);
    this.#atMs.push(nowMs);
    return this.#atMs.length <= FENCINGS_MAX;
  }
}
