/** Questions to a quorum: one at a time, each answer for its own attempt only (rule R8). */
import { describe, expect, it } from 'vitest';
import { Rounds } from '../../src/server/clients/rounds.js';
import { asIndex } from '../../src/types/ids.js';

class Setting {
  readonly begun: number[] = [];
  readonly answers: string[] = [];
  readonly rounds = new Rounds((id) => void this.begun.push(id), 150);

  ask(name: string): void {
    this.rounds.ask((index) => void this.answers.push(`${name} ${index}`));
  }
}

describe('a round', () => {
  it('is shared by all who asked before it began', () => {
    const { rounds, answers, begun } = new Setting();
    rounds.ask((index) => answers.push(`a ${index}`));
    rounds.ask((index) => answers.push(`b ${index}`));
    expect(rounds.startNext(0)).toBe(true);
    expect(begun).toHaveLength(1);
    rounds.answered(begun[0]!, asIndex(7));
    expect(answers).toEqual(['a 7', 'b 7']);
  });

  it('does not answer who asked after it began: they share the next', () => {
    const setting = new Setting();
    setting.ask('a');
    setting.rounds.startNext(0);
    setting.ask('b');
    setting.ask('c');
    expect(setting.rounds.startNext(1)).toBe(false);
    setting.rounds.answered(setting.begun[0]!, asIndex(7));
    expect(setting.answers).toEqual(['a 7']);
    expect(setting.rounds.startNext(2)).toBe(true);
    setting.rounds.answered(setting.begun[1]!, asIndex(9));
    expect(setting.answers).toEqual(['a 7', 'b 9', 'c 9']);
  });

  it('that stays silent is begun anew under a fresh id, and the late answer counts for nothing', () => {
    const setting = new Setting();
    setting.ask('a');
    setting.rounds.startNext(0);
    setting.rounds.retry(149);
    expect(setting.begun).toHaveLength(1);
    setting.rounds.retry(150);
    expect(new Set(setting.begun).size).toBe(2);
    setting.rounds.answered(setting.begun[0]!, asIndex(3));
    expect(setting.answers).toEqual([]);
    setting.rounds.answered(setting.begun[1]!, asIndex(8));
    setting.rounds.answered(setting.begun[1]!, asIndex(8));
    expect(setting.answers).toEqual(['a 8']);
  });

  it('that failed is begun anew with the next tick', () => {
    const setting = new Setting();
    setting.ask('a');
    setting.rounds.startNext(0);
    setting.rounds.failed(setting.begun[0]!);
    setting.rounds.retry(1);
    expect(setting.begun).toHaveLength(2);
    setting.rounds.failed(setting.begun[0]!);
    setting.rounds.retry(2);
    expect(setting.begun).toHaveLength(2);
  });

  it('is not begun for nobody', () => {
    const setting = new Setting();
    expect(setting.rounds.startNext(0)).toBe(false);
    setting.rounds.retry(1_000);
    expect(setting.begun).toEqual([]);
  });
});
