/** Goal: the fields of operators' JSON that scripts depend on stay exactly as promised. */
import { expect, it } from 'vitest';
import {
  auditRow,
  departureRow,
  overrideRow,
  quotaRow,
  sessionRow,
  settingsRow,
} from '../../src/cli/operator-rows.js';
import { departure, NOW, override } from './why/departures.js';

const session = {
  id: 332,
  timeoutMs: 10_000,
  graceMs: 0,
  epoch: 1,
  detached: false,
  lastSeq: 4,
  lastRevision: 12,
  nodes: 2,
  label: 'worker pid 1',
  openedAt: NOW,
  member: 'r1',
};
const audit = { revision: 9, time: NOW, action: 'drain', subject: 'web/a', who: 'x', why: 'y' };
const quota = { path: '/a', nodesMax: 1, bytesMax: 0, nodes: 1, bytes: 0 };
const settings = { policy: '', minimumHealthy: 0, fields: {}, version: 0, revision: 0 };

it.each([
  [
    'session',
    sessionRow(session),
    'id label member timeoutMs graceMs nodes detached openedTime epoch lastSeq lastRevision',
  ],
  [
    'departure',
    departureRow(departure()),
    'service id revision time reason address port sequence createRevision incarnation session ' +
      'sessionTimeoutMs graceMs member who why',
  ],
  ['override', overrideRow(override()), 'service id action who reason untilTime revision'],
  ['act', auditRow({ ...audit, action: 'drain' }), 'revision time action subject who why'],
  ['quota', quotaRow(quota), 'path nodesMax bytesMax nodes bytes'],
  ['settings', settingsRow(settings), 'policy minimumHealthy fields version revision'],
])('a row of a %s holds the promised fields and no others', (_, row, fields) => {
  expect(Object.keys(row).join(' ')).toBe(fields);
});

it('an override until it is lifted has no time', () => {
  expect(overrideRow(override({ until: 0 }))).toMatchObject({ untilTime: null });
  expect(overrideRow(override())).toMatchObject({
    untilTime: new Date(NOW + 600_000).toISOString(),
  });
});
