/** Goal: whom an act affects, what settings differ, and where data is, are said exactly. */
import { describe, expect, it } from 'vitest';
import { whatGoes } from '../../src/cli/commands/session.js';
import { splitCommand } from '../../src/cli/commands/tree/create.js';
import { describeQuota } from '../../src/cli/commands/tree/quota.js';
import { checkSomebodyRemains, describeImpact, instancesAmong } from '../../src/cli/impact.js';
import { endOf } from '../../src/cli/operate.js';
import { changedSettings, describeDifference } from '../../src/cli/service-settings.js';
import { describeDepartures, describeStates } from '../../src/cli/service-view.js';
import { UsageGroups } from '../../src/cli/usage-groups.js';
import { instance } from './instances.js';
import { departure, NOW } from './why/departures.js';

describe('whom an act affects', () => {
  const impact = { service: 'web', up: 3, remaining: 2, subscribers: 14 };

  it('is who remains and who looks on', () => {
    expect(describeImpact(impact)).toBe('web: 2 of 3 remain UP; 14 subscribers');
    expect(describeImpact({ ...impact, subscribers: 1 })).toContain('; 1 subscriber');
    expect(describeImpact({ ...impact, up: 0, remaining: 0 })).toContain('none was UP');
  });

  it('is refused when nobody that was UP remains', () => {
    const only = { ...impact, up: 1, remaining: 0 };
    expect(() => checkSomebodyRemains([impact, only], 'drain')).toThrow(
      'that would drain the only instance that is UP: web: 0 of 1 remain UP; 14 subscribers',
    );
    const all = { ...impact, remaining: 0 };
    expect(() => checkSomebodyRemains([all], 'drain')).toThrow('all 3 instances that are UP');
  });

  it('is allowed while one remains, or when none was UP anyway', () => {
    checkSomebodyRemains([impact, { ...impact, up: 0, remaining: 0 }], 'drain');
  });

  it('of a session is told by its nodes, the instances among them', () => {
    const paths = ['/services/web/a', '/services/web', '/locks/x', '/services/web/a/deep'];
    expect(instancesAmong(paths)).toEqual([{ service: 'web', id: 'a' }]);
    expect(whatGoes(3, 1)).toBe('3 nodes go, 1 instance among them');
    expect(whatGoes(1, 0)).toBe('1 node goes');
    expect(whatGoes(0, 0)).toBe('no node goes with it');
  });

  it('ends when it was told to, or never', () => {
    expect(endOf(600_000, NOW)).toBe(NOW + 600_000);
    expect(endOf('forever', NOW)).toBe(0);
    expect(endOf(undefined, NOW)).toBe(0);
  });
});

describe('settings', () => {
  const before = { policy: '', minimumHealthy: 50, fields: { owner: 'ann', oncall: 'bob' } };

  it('keep what is not named', () => {
    expect(changedSettings(before, {})).toEqual(before);
    const after = changedSettings(before, {
      policy: 'p2c',
      field: { tier: '1' },
      unset: ['oncall'],
    });
    expect(after).toEqual({
      policy: 'p2c',
      minimumHealthy: 50,
      fields: { owner: 'ann', tier: '1' },
    });
  });

  it('differ line by line', () => {
    const flags = { policy: 'p2c', minimumHealthy: 0, field: { owner: 'eve' }, unset: ['oncall'] };
    expect(describeDifference(before, changedSettings(before, flags))).toEqual([
      "policy: the caller's own -> p2c",
      'minimum healthy: 50% -> none',
      'field oncall: "bob" -> unset',
      'field owner: "ann" -> "eve"',
    ]);
    expect(describeDifference(before, before)).toEqual([]);
  });
});

describe('a service', () => {
  it('shows its states, and who left lately for which reason', () => {
    const states = ['UP', 'DRAINING', 'UP'] as const;
    const instances = states.map((state) => instance({ state }));
    expect(describeStates(instances)).toBe('3: 2 UP, 1 DRAINING');
    expect(describeStates([])).toBe('none');
    const left = [departure({ id: 'b' }), departure({ reason: 'closed' }), departure({})];
    expect(describeDepartures(left, NOW)).toBe(
      '2 expired, 1 closed; the latest a 3m20s ago: see `rollcall why web/a`',
    );
    expect(describeDepartures([], NOW)).toBe('nobody is on record');
  });
});

describe('nodes and bytes by branch', () => {
  function groups(root: string, depth: number) {
    const sums = new UsageGroups(root, depth);
    for (const [path, bytes] of [
      ['/', 0],
      ['/a', 1],
      ['/a/x', 10],
      ['/a/x/deep', 100],
      ['/ab', 500],
    ] as const) {
      sums.add(path, bytes);
    }
    return sums.list().map(({ path, nodes, bytes }) => [path, nodes, bytes]);
  }

  it('are sums of everything below, the largest first and the whole last', () => {
    expect(groups('/', 1)).toEqual([
      ['/ab', 1, 500],
      ['/a', 3, 111],
      ['/', 5, 611],
    ]);
  });

  it('go as deep as asked, and leave out what only begins alike', () => {
    expect(groups('/a', 2)).toEqual([
      ['/a/x', 2, 110],
      ['/a/x/deep', 1, 100],
      ['/a', 3, 111],
    ]);
    expect(groups('/a', 0)).toEqual([['/a', 3, 111]]);
  });
});

describe('a quota', () => {
  const quota = { path: '/a', nodesMax: 1000, bytesMax: 10_485_760, nodes: 12, bytes: 3_482 };

  it('shows what of each bound is used', () => {
    expect(describeQuota(quota)).toBe('12 of 1000 nodes, 3.4 KiB of 10.0 MiB');
    expect(describeQuota({ ...quota, nodesMax: 0 })).toBe('3.4 KiB of 10.0 MiB');
  });
});

describe('a command to run while a node is there', () => {
  const line = (...words: string[]) => ['node', 'rollcall', 'tree', 'create', '/x', ...words];

  it.each([
    [['data'], line('data'), 'data', []],
    [['sleep', '5'], line('--ephemeral', '--', 'sleep', '5'), undefined, ['sleep', '5']],
    [['data', 'sleep', '5'], line('data', '--', 'sleep', '5'), 'data', ['sleep', '5']],
    [['a', '--', 'b'], line('--', 'a', '--', 'b'), undefined, ['a', '--', 'b']],
    [[], line(), undefined, []],
  ])('is what follows the dashes: %j', (given, typed, data, commandLine) => {
    expect(splitCommand(given, typed)).toEqual({ text: data, commandLine });
  });

  it('is not guessed from several words', () => {
    expect(() => splitCommand(['a', 'b'], line('a', 'b'))).toThrow('one argument');
  });

  it('is none for other kinds: there, dashes protect data that looks like an option', () => {
    expect(splitCommand(['-5'], [])).toEqual({ text: '-5', commandLine: [] });
  });
});
