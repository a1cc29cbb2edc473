/** Goal: who differs from a majority is told so, nobody else, and what no majority decides is a split. */
import { describe, expect, it } from 'vitest';
import { Comparison } from '../../src/server/integrity/comparison.js';
import { asMemberId, asRevision } from '../../src/types/ids.js';
import { DIGEST_MARKS_KEPT, DIGEST_SPLIT_MS } from '../../src/types/limits.js';

const [A, B, C, D, E] = ['a', 'b', 'c', 'd', 'e'].map((name) => asMemberId(name.repeat(16)));
const rev = asRevision;

class Setting {
  readonly comparison: Comparison;
  /** Those that live and have not said. */
  awaited = new Set([A!, B!, C!, D!, E!]);
  nowMs = 0;

  constructor(self = A!, voters = [A!, B!, C!]) {
    const mayYetSay = (id: string) => this.awaited.has(id as typeof A & string);
    this.comparison = new Comparison({ self, voters: () => voters, mayYetSay });
  }

  /** `'a=x b=y'`: what each holds at a revision. */
  at(revision: number, text: string): this {
    for (const part of text.split(' ')) {
      const [name, digest] = part.split('=') as [string, string];
      this.comparison.note(asMemberId(name.repeat(16)), rev(revision), digest);
    }
    return this;
  }

  get oddity(): unknown {
    return this.comparison.judge(this.nowMs);
  }

  get isSplit(): boolean {
    expect(this.oddity).toBe(undefined);
    return this.comparison.split(this.nowMs) !== undefined;
  }
}

describe('with three voters', () => {
  it('one that differs from the two others is odd, whichever was heard first', () => {
    const odd = { revision: 5, own: 'x', majority: 'y' };
    expect(new Setting().at(5, 'a=x b=y c=y').oddity).toEqual(odd);
    expect(new Setting().at(5, 'c=y b=y a=x').oddity).toEqual(odd);
  });

  it('two that agree are right without the third, and against it', () => {
    const setting = new Setting().at(5, 'a=x b=x');
    expect(setting.isSplit).toBe(false);
    expect(setting.at(5, 'c=y').isSplit).toBe(false);
  });

  it('compares at equal revisions only', () => {
    expect(new Setting().at(5, 'a=x').at(6, 'b=y c=y').oddity).toBe(undefined);
    expect(new Setting().at(5, 'a=x b=x').at(4, 'b=y c=y').oddity).toBe(undefined);
  });

  it('hears of an earlier mark too, as long as it is remembered', () => {
    const setting = new Setting();
    for (let i = 1; i <= DIGEST_MARKS_KEPT + 1; i++) setting.at(i, `a=${i}`);
    expect(setting.at(1, 'b=y c=y').oddity).toBe(undefined);
    expect(setting.at(2, 'b=y c=y').oddity).toMatchObject({ revision: 2 });
  });

  it('two that differ wait a while for a third that lives, and are split then', () => {
    const setting = new Setting().at(5, 'a=x b=y');
    expect(setting.isSplit).toBe(false);
    setting.nowMs = DIGEST_SPLIT_MS - 1;
    expect(setting.isSplit).toBe(false);
    setting.nowMs = DIGEST_SPLIT_MS;
    expect(setting.isSplit).toBe(true);
  });

  it('two that differ are split at once when there is nobody to wait for', () => {
    const setting = new Setting().at(5, 'a=x b=y');
    setting.awaited.delete(C!);
    expect(setting.isSplit).toBe(true);
    expect([...setting.comparison.split(0)!.digests.values()]).toEqual(['x', 'y']);
  });

  it('a split lasts over marks that decide nothing, and ends when a majority agrees', () => {
    const setting = new Setting().at(5, 'a=x b=y');
    setting.awaited.delete(C!);
    expect(setting.isSplit).toBe(true);
    expect(setting.at(6, 'a=x').isSplit).toBe(true);
    expect(setting.at(6, 'b=y').isSplit).toBe(true);
    expect(setting.at(7, 'a=x c=x').isSplit).toBe(false);
  });

  it('three that differ from each other are split, with everybody heard', () => {
    expect(new Setting().at(5, 'a=x b=y c=z').isSplit).toBe(true);
  });

  it('what it held before its state was replaced does not count', () => {
    const setting = new Setting().at(5, 'a=x');
    setting.comparison.restart();
    expect(setting.comparison.latest).toBe(undefined);
    expect(setting.at(5, 'b=y c=y').oddity).toBe(undefined);
    expect(setting.at(6, 'a=y b=y').oddity).toBe(undefined);
  });

  it('a learner has no vote, and can be odd', () => {
    const learner = () => new Setting(D!);
    expect(learner().at(5, 'd=x b=y c=y').oddity).toMatchObject({ own: 'x', majority: 'y' });
    expect(learner().at(5, 'd=x b=y').oddity).toBe(undefined);
    expect(new Setting().at(5, 'a=x b=y d=y e=y').oddity).toBe(undefined);
  });

  it('says what it holds at its newest mark', () => {
    const setting = new Setting().at(5, 'a=x').at(6, 'a=y b=y');
    expect(setting.comparison.latest).toEqual({ revision: 6, digest: 'y' });
  });
});

it('with five voters three decide, and two against two do not', () => {
  const five = () => new Setting(A!, [A!, B!, C!, D!, E!]);
  expect(five().at(5, 'a=x b=y c=y d=y').oddity).toMatchObject({ majority: 'y' });
  const split = five().at(5, 'a=x b=x c=y d=y');
  expect(split.isSplit).toBe(false);
  split.awaited.delete(E!);
  expect(split.isSplit).toBe(true);
  expect(split.at(5, 'e=y').oddity).toMatchObject({ own: 'x', majority: 'y' });
});

it('a voter that is alone agrees with itself', () => {
  expect(new Setting(A!, [A!]).at(5, 'a=x').isSplit).toBe(false);
});

describe('what is counted', () => {
  it('of a member in the majority: where it agreed, and where another differed, early or late', () => {
    const setting = new Setting().at(5, 'a=x b=x c=x');
    expect(setting.oddity).toBe(undefined);
    expect(setting.comparison).toMatchObject({ agreements: 1, mismatches: 0 });
    setting.at(6, 'a=x b=x c=y');
    expect(setting.oddity).toBe(undefined);
    expect(setting.comparison).toMatchObject({ agreements: 2, mismatches: 1 });
    setting.at(7, 'a=x b=x');
    expect(setting.oddity).toBe(undefined);
    setting.at(7, 'c=y');
    expect(setting.comparison).toMatchObject({ agreements: 3, mismatches: 2 });
  });
});
