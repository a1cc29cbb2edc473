import { describe, expect, it } from 'vitest';
import { describeChange, describeTags, RollDescriber } from '../../src/cli/roll.js';
import { asRevision } from '../../src/types/ids.js';
import { instance } from './instances.js';

describe('the roll as lines', () => {
  const base = { time: 0, revision: 9, marked: false } as const;

  it('shows who joined where, what changed, and why one left', () => {
    const roll = new RollDescriber('web');
    const blue = instance();
    const draining = instance({ state: 'DRAINING' });
    const lines = [
      ...roll.describe({ ...base, type: 'join', revision: 115, instance: blue }, '12:04:05'),
      ...roll.describe({ ...base, type: 'change', revision: 116, instance: draining }, '12:04:09'),
      ...roll.describe(
        { ...base, type: 'leave', revision: 117, instance: draining, reason: 'closed' },
        '12:04:09',
      ),
    ];
    expect(lines).toEqual([
      '12:04:05 join   web/blue       127.0.0.1:41873          rev 115',
      '12:04:09 change web/blue       DRAINING                 rev 116',
      '12:04:09 leave  web/blue       closed                   rev 117',
    ]);
  });

  it('opens with everyone who is here', () => {
    const roll = new RollDescriber('web');
    const instances = [instance({ id: 'a', state: 'STARTING' }), instance({ id: 'b' })];
    const lines = roll.describe({ ...base, type: 'snapshot', instances }, 'now');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain('2 instances');
    expect(lines[1]).toContain('127.0.0.1:41873 STARTING');
  });

  it('says that a snapshot follows a gap and that the view is old', () => {
    const roll = new RollDescriber('web');
    const marked = { ...base, type: 'snapshot', instances: [], marked: true } as const;
    expect(roll.describe(marked, 'now')[0]).toContain('after a gap');
    const stale = { time: 0, revision: 9, type: 'stale', ageMs: 1600 } as const;
    expect(roll.describe(stale, 'now')[0]).toContain('may be old');
  });

  it('says that it is current only when that was in doubt', () => {
    const roll = new RollDescriber('web');
    const live = { time: 0, revision: 9, type: 'live' } as const;
    expect(roll.describe(live, 'now')).toEqual([]);
    roll.describe({ time: 0, revision: 9, type: 'stale', ageMs: 1600 }, 'now');
    expect(roll.describe(live, 'now')[0]).toContain('current again');
    expect(roll.describe(live, 'now')).toEqual([]);
  });

  it('makes control characters of other people visible', () => {
    const roll = new RollDescriber('web');
    const evil = instance({ address: '\u001b[2J' });
    const [line] = roll.describe({ ...base, type: 'join', instance: evil }, 'now');
    expect(line).not.toContain('\u001b');
  });
});

describe('what a change changed', () => {
  const before = instance();
  it.each([
    [{ state: 'DRAINING' as const }, 'DRAINING'],
    [{ weight: 50 }, 'weight 50'],
    [{ port: 80, zone: 'b' }, '127.0.0.1:80, zone b'],
    [{ address: '::1' }, '[::1]:41873'],
    [{ tags: { v: '2' } }, 'tags v=2'],
    [{ ports: { metrics: 9100 } }, 'ports metrics=9100'],
    [{ incarnation: asRevision(200) }, 'claimed again'],
    [{}, 'UP'],
  ])('%o reads "%s"', (fields, text) => {
    expect(describeChange(before, instance(fields))).toBe(text);
  });

  it('reads equal tags equal, whatever their order', () => {
    expect(describeTags({ b: '2', a: '1' })).toBe('a=1,b=2');
  });
});
