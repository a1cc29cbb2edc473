/** Goal: waiting ends when it is so, and gone is never concluded from a view that may be old. */
import { expect, it } from 'vitest';
import { describeFound, type Goal, isReached } from '../../src/cli/waiting.js';
import type { DiscoveryState, InstanceState } from '../../src/client/index.js';
import { instance } from './instances.js';

function view(state: DiscoveryState, instances: Readonly<Record<string, InstanceState>> = {}) {
  const list = Object.entries(instances).map(([id, each]) => instance({ id, state: each }));
  return { state, instances: list };
}

const THREE: Goal = { type: 'up', id: undefined, min: 3 };
const BLUE: Goal = { type: 'up', id: 'blue', min: 1 };
const NOBODY: Goal = { type: 'gone', id: undefined };
const NO_BLUE: Goal = { type: 'gone', id: 'blue' };

it.each<[Goal, Parameters<typeof isReached>[1], boolean, string]>([
  [THREE, view('LIVE', { a: 'UP', b: 'UP', c: 'UP' }), true, 'three are UP'],
  [THREE, view('LIVE', { a: 'UP', b: 'UP', c: 'STARTING' }), false, 'STARTING is not UP'],
  [THREE, view('STALE', { a: 'UP', b: 'UP', c: 'UP' }), true, 'they were UP when last heard of'],
  [BLUE, view('LIVE', { blue: 'UP' }), true, 'that one is UP'],
  [BLUE, view('LIVE', { blue: 'DRAINING', green: 'UP' }), false, 'another is UP'],
  [NOBODY, view('CONFIRMED_EMPTY'), true, 'the cluster has confirmed it'],
  [NOBODY, view('LIVE'), false, 'not confirmed yet'],
  [NOBODY, view('STALE'), false, 'cut off'],
  [NOBODY, view('LIVE', { a: 'DOWN' }), false, 'DOWN is still there'],
  [NO_BLUE, view('LIVE', { green: 'UP' }), true, 'others may stay'],
  [NO_BLUE, view('STALE', { green: 'UP' }), false, 'cut off'],
  [NO_BLUE, view('LIVE', { blue: 'DRAINING' }), false, 'DRAINING is still there'],
  [NO_BLUE, view('CONFIRMED_EMPTY'), true, 'nobody is there'],
  [NO_BLUE, view('LIVE'), false, 'not confirmed yet'],
])('%j in %j is reached: %s (%s)', (goal, seen, reached) => {
  expect(isReached(goal, seen)).toBe(reached);
});

it.each<[Goal, Parameters<typeof isReached>[1], string]>([
  [THREE, view('LIVE', { a: 'UP' }), '1 of 3 UP'],
  [THREE, view('LIVE', { a: 'UP', b: 'UP', c: 'UP', d: 'UP' }), '4 UP'],
  [THREE, view('STALE', { a: 'UP' }), '1 of 3 UP, not confirmed lately'],
  [BLUE, view('LIVE', { blue: 'STARTING' }), 'blue is STARTING'],
  [BLUE, view('LIVE'), 'blue is not there'],
  [NOBODY, view('LIVE', { a: 'DOWN', b: 'UP' }), '2 still there'],
])('%j in %j reads: %s', (goal, seen, text) => {
  expect(describeFound(goal, seen)).toBe(text);
});
