/**
 * The children of one node in the order of their names: sorted chunks of bounded size, so that inserting,
 * removing and paging stay cheap from one child to millions. Siblings share their parent's path, so whole
 * paths compare as names do.
 */
import { assert } from '../types/assert.js';

/** What the list needs of a child. */
export interface ListedChild {
  readonly path: string;
  readonly createRevision: number;
  readonly ordinal: number;
}

/** Moving half a chunk is a short memmove; a million children are some thousand chunks. */
const CHUNK_MAX = 512;
/** Two neighbours this small become one. */
const CHUNK_MERGED_MAX = CHUNK_MAX / 2;

export class ChildList<Child extends ListedChild> {
  readonly #chunks: Child[][] = [];
  #size = 0;
  /** In order of creation, made when asked for; dropped when it would have to be mended. */
  #byCreation: Child[] | undefined;

  get size(): number {
    return this.#size;
  }

  insert(child: Child): void {
    const at = this.#chunkFor(child.path);
    const chunk = this.#chunks[at];
    this.#size++;
    this.#noteCreation(child);
    if (chunk === undefined) {
      this.#chunks.push([child]);
      return;
    }
    const position = lowerBound(chunk, child.path);
    assert(chunk[position]?.path !== child.path, 'child listed twice');
    chunk.splice(position, 0, child);
    if (chunk.length > CHUNK_MAX) this.#split(at, position);
  }

  remove(child: Child): void {
    const at = this.#chunkFor(child.path);
    const chunk = this.#chunks[at] ?? [];
    const position = lowerBound(chunk, child.path);
    assert(chunk[position] === child, 'child not listed');
    chunk.splice(position, 1);
    this.#size--;
    this.#byCreation = undefined;
    if (chunk.length < CHUNK_MERGED_MAX / 2) this.#merge(at);
  }

  /** Children in order of name, from the first at or behind `path`. Valid until the next change. */
  cursor(path = ''): ChildCursor<Child> {
    const at = this.#chunkFor(path);
    const position = lowerBound(this.#chunks[at] ?? [], path);
    return new ChildCursor(this.#chunks, at, position);
  }

  /** All of them, in order of name. */
  appendTo(list: Child[]): void {
    for (const chunk of this.#chunks) {
      for (const child of chunk) list.push(child);
    }
  }

  /** In the order of joining. Not to be changed, and valid until the next change. */
  byCreation(): readonly Child[] {
    this.#byCreation ??= this.#chunks.flat().sort(compareCreation);
    return this.#byCreation;
  }

  /** The last chunk that starts at or before `path`, else the first. */
  #chunkFor(path: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#chunks[middle]![0]!.path <= path) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Appending keeps chunks full (names that count up); anything else halves them. */
  #split(at: number, position: number): void {
    const chunk = this.#chunks[at]!;
    const isAppend = at === this.#chunks.length - 1 && position === chunk.length - 1;
    const upper = chunk.splice(isAppend ? chunk.length - 1 : chunk.length >>> 1);
    this.#chunks.splice(at + 1, 0, upper);
  }

  #merge(at: number): void {
    const chunk = this.#chunks[at]!;
    const next = this.#chunks[at + 1];
    if (chunk.length === 0) {
      this.#chunks.splice(at, 1);
    } else if (next !== undefined && chunk.length + next.length <= CHUNK_MERGED_MAX) {
      this.#chunks.splice(at, 2, chunk.concat(next));
    }
  }

  #noteCreation(child: Child): void {
    const order = this.#byCreation;
    if (order === undefined) return;
    const last = order.at(-1);
    if (last === undefined || compareCreation(last, child) < 0) order.push(child);
    else this.#byCreation = undefined;
  }
}

export class ChildCursor<Child extends ListedChild> {
  readonly #chunks: readonly (readonly Child[])[];
  #chunk: number;
  #position: number;

  constructor(chunks: readonly (readonly Child[])[], chunk: number, position: number) {
    this.#chunks = chunks;
    this.#chunk = chunk;
    this.#position = position;
  }

  next(): Child | undefined {
    for (;;) {
      const chunk = this.#chunks[this.#chunk];
      if (chunk === undefined) return undefined;
      if (this.#position < chunk.length) return chunk[this.#position++];
      this.#chunk++;
      this.#position = 0;
    }
  }
}

/** (creation revision, ordinal) orders all nodes (contract 9). */
export function compareCreation(a: ListedChild, b: ListedChild): number {
  return a.createRevision - b.createRevision || a.ordinal - b.ordinal;
}

function lowerBound(chunk: readonly ListedChild[], path: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (chunk[middle]!.path < path) low = middle + 1;
    else high = middle;
  }
  return low;
}
