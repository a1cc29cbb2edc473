/**
 * Names near to one that was not found. Pure, and its work is bounded: at most so many candidates, each
 * compared only along the band of the distance that is still near.
 */
import { printable } from '../table.js';

/** Beyond this many a name is no longer looked for: an answer about a typo may not take seconds. */
const CANDIDATES_MAX = 20_000;
const NEAR_MAX = 3;
const DISTANCE_MAX = 3;
/** A shorter beginning fits too much. */
const BEGINNING_LENGTH_MIN = 2;

/** The nearest first, three at most. */
export function nearNames(wanted: string, candidates: Iterable<string>): string[] {
  const text = wanted.toLowerCase();
  // Of one character every other is a typo.
  const limit = text.length < 2 ? 0 : Math.min(DISTANCE_MAX, Math.max(1, (text.length / 3) | 0));
  const found: { name: string; distance: number }[] = [];
  let left = CANDIDATES_MAX;
  for (const name of candidates) {
    if (left-- === 0) break;
    if (name === wanted) continue;
    const distance = closeness(text, name.toLowerCase(), limit);
    if (distance !== undefined) found.push({ name, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return found.slice(0, NEAR_MAX).map(({ name }) => name);
}

/** "; did you mean web or wall?", or nothing. */
export function describeNear(names: readonly string[]): string {
  if (names.length === 0) return '';
  const shown = names.map(printable);
  const last = shown.at(-1)!;
  const list = shown.length === 1 ? last : `${shown.slice(0, -1).join(', ')} or ${last}`;
  return `; did you mean ${list}?`;
}

/** A name that begins with what was typed is a near one too, though further than any typo. */
function closeness(wanted: string, name: string, limit: number): number | undefined {
  const distance = editDistance(wanted, name, limit);
  if (distance !== undefined) return distance;
  const begins = wanted.length >= BEGINNING_LENGTH_MIN && name.startsWith(wanted);
  return begins ? DISTANCE_MAX + 1 : undefined;
}

/**
 * Damerau and Levenshtein: characters put in, left out, replaced, or two neighbours swapped. undefined:
 * more than `limit`.
 */
export function editDistance(a: string, b: string, limit: number): number | undefined {
  if (Math.abs(a.length - b.length) > limit) return undefined;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = nextRow(a, b, { i, limit, last, before });
    if (Math.min(...row.slice(Math.max(0, i - limit), i + limit + 1)) > limit) return undefined;
    before = last;
    last = row;
  }
  const distance = last[b.length]!;
  return distance <= limit ? distance : undefined;
}

interface Progress {
  readonly i: number;
  readonly limit: number;
  /** Rows of the characters before: the last one and the one before that. */
  readonly last: readonly number[];
  readonly before: readonly number[];
}

/** Outside the band every distance is above the limit. */
function nextRow(a: string, b: string, { i, limit, last, before }: Progress): number[] {
  const row = new Array<number>(b.length + 1).fill(limit + 1);
  row[0] = i;
  const end = Math.min(b.length, i + limit);
  for (let j = Math.max(1, i - limit); j <= end; j++) {
    const cost = a[i - 1] === b[j - 1] ? 0 : 1;
    let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost);
    const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
    if (isSwap) best = Math.min(best, before[j - 2]! + 1);
    row[j] = best;
  }
  return row;
}
