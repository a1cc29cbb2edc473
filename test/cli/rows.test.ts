/** Goal: the fields that scripts depend on stay exactly as promised. */
import { describe, expect, it } from 'vitest';
import { instanceRow, memberRow, watchLine } from '../../src/cli/rows.js';
import { instance } from './instances.js';

const TIME = new Date('2026-01-02T12:04:09.120Z');
const INSTANCE_FIELDS = [
  'id',
  'sequence',
  'address',
  'port',
  'protocol',
  'url',
  'weight',
  'zone',
  'tags',
  'state',
  'revision',
  'ports',
];

describe('json rows', () => {
  it('of a member hold the promised fields and no others', () => {
    const member = {
      id: '00ff',
      name: 'ada',
      address: '127.0.0.1:8655',
      role: 'leader',
      term: 4,
      commitIndex: 118,
      appliedIndex: 117,
      pid: 4711,
      disk: 'ok',
      version: 'not promised',
    };
    expect(Object.keys(memberRow(member))).toEqual([
      'id',
      'name',
      'address',
      'role',
      'term',
      'commitIndex',
      'appliedIndex',
      'pid',
      'disk',
    ]);
  });

  it('of an instance hold the promised fields, tags as an object', () => {
    const row = instanceRow(instance({ tags: { role: 'primary' } }));
    expect(Object.keys(row)).toEqual(INSTANCE_FIELDS);
    expect(row.tags).toEqual({ role: 'primary' });
  });
});

describe('lines of a watch', () => {
  const base = { time: TIME.getTime(), revision: 118, marked: false } as const;

  it('begin with type, time and revision', () => {
    const line = watchLine({ ...base, type: 'join', instance: instance() });
    expect(JSON.stringify(line)).toMatch(
      /^\{"type":"join","time":"2026-01-02T12:04:09.120Z","revision":118,"instance":\{"id":"blue"/,
    );
  });

  it('carry the reason of a leave', () => {
    const line = watchLine({ ...base, type: 'leave', instance: instance(), reason: 'expired' });
    expect(line).toMatchObject({ type: 'leave', reason: 'expired' });
  });

  it('list the instances of a snapshot in the order given', () => {
    const instances = [instance({ id: 'b' }), instance({ id: 'a' })];
    const line = watchLine({ ...base, type: 'snapshot', instances });
    expect(line).toMatchObject({ instances: [{ id: 'b' }, { id: 'a' }] });
    expect(line).not.toHaveProperty('marked');
  });

  it('mark a snapshot that follows a gap, and leave out the differences it replaces', () => {
    const gap = { ...base, marked: true };
    expect(watchLine({ ...gap, type: 'snapshot', instances: [] })).toMatchObject({ marked: true });
    expect(watchLine({ ...gap, type: 'join', instance: instance() })).toBeUndefined();
  });

  it('say stale and live with nothing else', () => {
    const { time, revision } = base;
    const lines = [
      watchLine({ time, revision, type: 'stale', ageMs: 1600 }),
      watchLine({ time, revision, type: 'live' }),
    ];
    for (const line of lines) expect(Object.keys(line!)).toEqual(['type', 'time', 'revision']);
  });
});
