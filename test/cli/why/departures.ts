/** Departures for tests, complete but for what a test cares about. */
import type { DepartureView, OverrideView } from '../../../src/client/index.js';

export const NOW = new Date(2026, 0, 2, 14, 5, 31).getTime();

export function departure(fields: Partial<DepartureView> = {}): DepartureView {
  return {
    service: 'web',
    id: 'a',
    revision: 5312,
    time: NOW - 200_000,
    reason: 'expired',
    address: '10.0.0.5',
    port: 8080,
    sequence: 7,
    createRevision: 4000,
    incarnation: 4000,
    session: 332,
    sessionTimeoutMs: 10_000,
    graceMs: 2_000,
    member: 'r2',
    who: '',
    why: '',
    ...fields,
  };
}

export function override(fields: Partial<OverrideView> = {}): OverrideView {
  return {
    service: 'web',
    id: 'a',
    action: 'drain',
    who: 'ann@ops1',
    reason: 'new disk',
    until: NOW + 600_000,
    revision: 5400,
    ...fields,
  };
}
