/** Goal: the question "why did it vanish?" gets a plain and true answer for every way to go. */
import { describe, expect, it } from 'vitest';
import type { WhyFacts } from '../../../src/cli/why/facts.js';
import { adviseOn } from '../../../src/cli/why/reasons.js';
import { describeWhy } from '../../../src/cli/why/text.js';
import type { DepartureView } from '../../../src/client/index.js';
import { asRevision } from '../../../src/types/ids.js';
import { instance } from '../instances.js';
import { departure, NOW, override } from './departures.js';

function facts(fields: Partial<WhyFacts> = {}): WhyFacts {
  const departures = fields.departures ?? [];
  const record = {
    departures: departures.length,
    oldestTime: departures[0]?.time,
    ids: departures.map(({ id }) => id),
  };
  const nothing = { current: undefined, override: undefined, departures };
  return { service: 'web', id: 'a', ...nothing, record, ...fields };
}

function here(joinedTime: number, revision: number): WhyFacts['current'] {
  const fields = { id: 'a', revision: asRevision(revision), createRevision: asRevision(revision) };
  return { instance: instance(fields), joinedTime, changedTime: joinedTime, session: 400 };
}

type Case = readonly [DepartureView['reason'], Partial<DepartureView>, string];

const REASONS: readonly Case[] = [
  [
    'closed',
    {},
    'it was closed from its own side, as by a regular end (session 0x14c, last attached through r2)',
  ],
  [
    'disconnected',
    {},
    'did not come back within its grace of 2s (session 0x14c, last attached through r2)',
  ],
  ['expired', {}, 'its session 0x14c expired: no sign of life for 10s, last attached through r2'],
  ['deregistered', {}, 'a client deregistered it'],
  ['deregistered', { who: 'ann@ops1', why: 'bad build' }, 'ann@ops1 deregistered it: "bad build"'],
  ['deregistered', { who: 'ann@ops1' }, 'ann@ops1 deregistered it, giving no reason'],
  [
    'deregistered',
    { session: 0, member: '' },
    'a client deregistered it (it was static: no session held it)',
  ],
  ['revoked', { who: 'ann@ops1', why: 'runaway' }, 'ann@ops1 ended its session 0x14c: "runaway"'],
  ['restored', {}, 'the cluster was restored to a state without it'],
];

describe('an instance that left', () => {
  it.each(REASONS)('as %s %j is told so, with advice', (reason, fields, text) => {
    const left = departure({ reason, ...fields });
    const lines = describeWhy(facts({ departures: [left] }), NOW);
    expect(lines[0]).toBe('web/a is not on the roll.');
    expect(lines[1]).toBe(`It left 3m20s ago (14:02:11), revision 5312: ${saysOf(lines[1]!)}.`);
    expect(lines[1]).toContain(text);
    expect(lines[2]).toBe('It was at 10.0.0.5:8080, and had joined at revision 4000.');
    expect(lines[3]).toBe(`Advice: ${adviseOn(left)}.`);
    expect(adviseOn(left).length).toBeGreaterThan(20);
  });

  it('for each reason is told in other words, with other advice', () => {
    const reasons = [
      'closed',
      'disconnected',
      'expired',
      'revoked',
      'replaced',
      'restored',
    ] as const;
    const told = reasons.map((reason) => {
      const [, line] = describeWhy(facts({ departures: [departure({ reason })] }), NOW);
      return saysOf(line!);
    });
    expect(new Set(told).size).toBe(reasons.length);
    const advice = reasons.map((reason) => adviseOn(departure({ reason })));
    expect(new Set(advice).size).toBe(reasons.length);
  });

  it('for a reason of a newer member is told by its name', () => {
    const left = departure({ reason: 'abducted' as 'closed' });
    const lines = describeWhy(facts({ departures: [left] }), NOW);
    expect(lines[1]).toContain('abducted');
    expect(lines[3]).toContain('upgrade');
  });

  it('and came back is on the roll, and how long it was away is said', () => {
    const current = here(NOW - 191_000, 5320);
    const lines = describeWhy(facts({ departures: [departure()], current }), NOW);
    expect(lines[0]).toBe(
      'web/a is on the roll: UP at 127.0.0.1:41873, for 3m11s (since 14:02:20), revision 5320; session 0x190.',
    );
    expect(lines).toContain('It came back 9s later, at 14:02:20.');
  });

  it('that registered anew itself accuses nobody', () => {
    const current = here(NOW - 500_000, 4000);
    const left = departure({ reason: 'replaced', who: '10.0.0.5:8080' });
    const lines = describeWhy(facts({ departures: [left], current }), NOW);
    expect(lines[1]).toContain('it registered anew from the same address and port');
    expect(lines.at(-1)).toContain('nothing is wrong if');
  });

  it('with its id taken over was displaced, and its place was kept', () => {
    const current = here(NOW - 500_000, 4000);
    const left = departure({ reason: 'replaced', who: '10.0.0.6:8080' });
    const lines = describeWhy(facts({ departures: [left], current }), NOW);
    expect(lines[1]).toContain('It was displaced 3m20s ago');
    expect(lines[1]).toContain('another registration (at 10.0.0.6:8080) took its id');
    expect(lines).toContain('Its place on the roll was kept.');
  });

  it('three times within the hour flaps; replacements do not count', () => {
    const times = [3_000_000, 200_000, 100_000].map((ago) => NOW - ago);
    const reasons = ['expired', 'disconnected', 'expired'] as const;
    const departures = times.map((time, i) => departure({ time, reason: reasons[i]! }));
    const lines = describeWhy(facts({ departures }), NOW);
    const flaps = 'It flaps: it left 3 times within 50m (2 expired, 1 disconnected).';
    expect(lines).toContain(flaps);
    const calm = [departures[0]!, departures[1]!, departure({ reason: 'replaced' })];
    expect(describeWhy(facts({ departures: calm }), NOW).join()).not.toContain('flaps');
    const old = departures.map((one) => ({ ...one, time: one.time - 3_600_000 }));
    expect(describeWhy(facts({ departures: old }), NOW).join()).not.toContain('flaps');
  });
});

describe("an operator's word", () => {
  it('that keeps it off is told with who, why, how long and how to lift it', () => {
    const word = override({ action: 'deregister' });
    const lines = describeWhy(facts({ override: word, departures: [departure()] }), NOW);
    expect(lines[1]).toBe(
      'An operator keeps it off: its id cannot register, until 14:15:31 (10m) ' +
        '(ann@ops1, "new disk", revision 5400); lift it with `rollcall undrain web/a`.',
    );
  });

  it('that drains it shows in its state', () => {
    const current = here(NOW - 191_000, 5320);
    const lines = describeWhy(facts({ override: override({ until: 0 }), current }), NOW);
    expect(lines[0]).toContain(
      'DRAINING by an operator at 127.0.0.1:41873; by its own word UP, for',
    );
    expect(lines[1]).toContain('until lifted');
  });
});

it('of one that never left, how far the record reaches is said', () => {
  const current = here(NOW - 1_000, 5320);
  const record = { departures: 12, oldestTime: NOW - 7_200_000, ids: [] };
  const lines = describeWhy(facts({ current, record }), NOW);
  expect(lines[1]).toBe(
    'The record of web keeps the last 50 registrations that ended; it holds 12, the oldest of 2h ago.',
  );
});

function saysOf(line: string): string {
  return line.slice(line.indexOf('revision 5312: ') + 'revision 5312: '.length, -1);
}
