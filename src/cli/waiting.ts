/**
 * What `rollcall wait` waits for, and whether a view of the service shows it. Pure. Invariant: gone is never
 * concluded from a view that may be old, nor from an empty one that the cluster has not confirmed.
 */
import type { InstanceSet } from '../client/index.js';

export type Goal =
  | { readonly type: 'up'; readonly id: string | undefined; readonly min: number }
  /** Without an id: all of them. */
  | { readonly type: 'gone'; readonly id: string | undefined };

type View = Pick<InstanceSet, 'instances' | 'state'>;

export function isReached(goal: Goal, view: View): boolean {
  if (goal.type === 'up') return countUp(goal.id, view) >= goal.min;
  if (view.instances.length === 0) return view.state === 'CONFIRMED_EMPTY';
  return view.state === 'LIVE' && goal.id !== undefined && find(goal.id, view) === undefined;
}

/** "1 of 3 UP", "3 UP", "2 still there", "blue is STARTING". */
export function describeFound(goal: Goal, view: View): string {
  const doubt = view.state === 'STALE' ? ', not confirmed lately' : '';
  return `${describeCertain(goal, view)}${doubt}`;
}

function describeCertain(goal: Goal, view: View): string {
  if (goal.id !== undefined) {
    const state = find(goal.id, view)?.state;
    return state === undefined ? `${goal.id} is not there` : `${goal.id} is ${state}`;
  }
  if (goal.type === 'gone') return `${view.instances.length} still there`;
  const up = countUp(undefined, view);
  return up < goal.min ? `${up} of ${goal.min} UP` : `${up} UP`;
}

function countUp(id: string | undefined, { instances }: View): number {
  const wanted = instances.filter(
    (instance) => instance.state === 'UP' && (id === undefined || instance.id === id),
  );
  return wanted.length;
}

function find(id: string, { instances }: View) {
  return instances.find((instance) => instance.id === id);
}
