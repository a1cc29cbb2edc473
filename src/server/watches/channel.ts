/**
 * What a watch is about: a path and a scope. Watches of the same are one channel. Which channels an event
 * concerns is found by name; of the many ancestors that a path may have, only those are looked up that are
 * as long as the top of some watched subtree.
 */
import type { TreeEvent } from '../../types/event.js';
import { parentPath } from '../../types/path.js';
import type { WatchScope } from '../service.js';
import type { Watch } from './watch.js';

/** Somebody who is told of what happens to a node, to its children, or in its subtree. */
export interface Told {
  readonly key: string;
  readonly path: string;
  readonly scope: WatchScope;
  /** Events of the revision being told. */
  pending: TreeEvent[];
}

export interface Channel extends Told {
  readonly watches: Set<Watch>;
}

export function channelKey(scope: WatchScope, path: string): string {
  return `${scope}:${path}`;
}

const SLASH = 0x2f;

export class Routes<T extends Told> {
  readonly #byKey = new Map<string, T>();
  /** How many watched subtrees have a top whose path is so long. */
  readonly #tops = new Map<number, number>();

  get size(): number {
    return this.#byKey.size;
  }

  get(scope: WatchScope, path: string): T | undefined {
    return this.#byKey.get(channelKey(scope, path));
  }

  values(): Iterable<T> {
    return this.#byKey.values();
  }

  add(told: T): void {
    this.#byKey.set(told.key, told);
    this.#countTop(told, 1);
  }

  delete(told: T): void {
    if (this.#byKey.delete(told.key)) this.#countTop(told, -1);
  }

  /** Adds the event to what is pending of those that it concerns; lists who had nothing before. */
  route(event: TreeEvent, touched: T[]): void {
    const { path } = event;
    const parent = parentPath(path);
    note(this.get('node', path), event, touched);
    if (parent !== undefined) note(this.get('children', parent), event, touched);
    for (const length of this.#tops.keys())
      if (isTop(path, length)) note(this.get('subtree', path.slice(0, length)), event, touched);
  }

  #countTop({ scope, path }: Told, difference: 1 | -1): void {
    if (scope !== 'subtree') return;
    const count = (this.#tops.get(path.length) ?? 0) + difference;
    if (count === 0) this.#tops.delete(path.length);
    else this.#tops.set(path.length, count);
  }
}

/** Whether so many leading characters are the path itself or one of its ancestors. */
function isTop(path: string, length: number): boolean {
  if (length >= path.length) return length === path.length;
  return length === 1 || path.charCodeAt(length) === SLASH;
}

function note<T extends Told>(told: T | undefined, event: TreeEvent, touched: T[]): void {
  if (told === undefined) return;
  if (told.pending.length === 0) touched.push(told);
  told.pending.push(event);
}
