import { describe, expect, it } from 'vitest';
import { ConfigurationHistory, changedMember } from '../../src/raft/membership.js';
import { configurationRun } from '../../src/raft/run.js';
import { asIndex, asTerm } from '../../src/types/ids.js';
import { configurationOf, idOf } from './support/entries.js';

describe('a change of membership', () => {
  it.each([
    ['a voter more', 'a b c', 'a b c d', 'd'],
    ['a voter less', 'a b c', 'a b', 'c'],
    ['a learner more', 'a b c', 'a b c +d', 'd'],
    ['a learner less', 'a b +c', 'a b', 'c'],
    ['a promotion', 'a b +c', 'a b c', 'c'],
    ['a demotion', 'a b c', 'a b +c', 'c'],
    ['nothing', 'a b c', 'a b c', undefined],
    ['two joining', 'a b c', 'a b c d e', undefined],
    ['one joining, one leaving', 'a b c', 'a b d', undefined],
    ['a promotion and a demotion', 'a b +c', 'a c +b', undefined],
    ['nobody left to vote', 'a', '+a', undefined],
    ['a member named twice', 'a b', 'a b b', undefined],
    ['a member in both lists', 'a b +c', 'a b c +c', undefined],
  ])('that is %s', (_, before, after, changed) => {
    const result = changedMember(
      configurationOf(before.split(' ')),
      configurationOf(after.split(' ')),
    );
    expect(result).toBe(changed);
  });

  it('may be a new address', () => {
    const before = configurationOf(['a', 'b']);
    const moved = { ...before.voters[1]!, peerAddress: 'elsewhere:1' };
    expect(changedMember(before, { ...before, voters: [before.voters[0]!, moved] })).toBe('b');
  });
});

describe('the history of configurations', () => {
  function history(): ConfigurationHistory {
    const records = new ConfigurationHistory(asIndex(0), configurationOf(['a', 'b', 'c']));
    const append = (index: number, names: string[]) =>
      records.append(
        configurationRun(configurationOf(names), {
          term: asTerm(1),
          first: asIndex(index),
          time: 0,
        }),
      );
    append(3, ['a', 'b']);
    append(7, ['b']);
    return records;
  }

  it('knows what was in force at each index', () => {
    const records = history();
    const voters = [0, 2, 3, 6, 7, 9].map((at) => records.at(asIndex(at)).voters.length);
    expect(voters).toEqual([3, 3, 2, 2, 1, 1]);
  });

  it('follows the log when it is cut, trimmed or restarted', () => {
    const records = history();
    records.truncate(asIndex(7));
    expect(records.latest.voterIds).toEqual(['a', 'b']);
    records.trim(asIndex(5));
    expect(records.base.voters).toHaveLength(2);
    records.truncate(asIndex(1));
    expect(records.latest.voterIds).toEqual(['a', 'b']);
    records.restart(asIndex(9), configurationOf(['x']));
    expect(records.latest).toMatchObject({ index: 9, voterIds: ['x'] });
  });

  it('needs a leaving member until its leaving is committed', () => {
    const records = history();
    const needs = [0, 3, 6, 7].map((commit) => records.mayNeed(idOf('a'), asIndex(commit)));
    expect(needs).toEqual([true, true, true, false]);
    expect(records.mayNeed(idOf('c'), asIndex(2))).toBe(true);
    expect(records.mayNeed(idOf('c'), asIndex(3))).toBe(false);
  });
});
