/**
 * What a watch is about: a path and a scope. Watches of the same are one channel. Which channels an event
 * concerns is found by name, so that it costs the depth of its path, however many there are.
 */
import type { TreeEvent } from '../types/event.js';
import { parentPath } from '../types/path.js';
import type { WatchScope } from './service.js';
import type { Watch } from './watch.js';

export interface Pending {
  /** Events of the revision being told. */
  pending: TreeEvent[];
}

export interface Channel extends Pending {
  readonly key: string;
  readonly path: string;
  readonly scope: WatchScope;
  readonly watches: Set<Watch>;
}

export function channelKey(scope: WatchScope, path: string): string {
  return `${scope}:${path}`;
}

/** Adds the event to what is pending of those, by key, that it concerns; lists who had nothing before. */
export function route<T extends Pending>(
  event: TreeEvent,
  byKey: ReadonlyMap<string, T>,
  touched: T[],
): void {
  const add = (target: T | undefined) => {
    if (target === undefined) return;
    if (target.pending.length === 0) touched.push(target);
    target.pending.push(event);
  };
  const { path } = event;
  const parent = parentPath(path);
  add(byKey.get(channelKey('node', path)));
  if (parent !== undefined) add(byKey.get(channelKey('children', parent)));
  for (let top: string | undefined = path; top !== undefined; top = parentPath(top))
    add(byKey.get(channelKey('subtree', top)));
}
