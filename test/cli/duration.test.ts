import { describe, expect, it } from 'vitest';
import { describeDuration, parseDuration } from '../../src/cli/duration.js';

describe('durations', () => {
  it.each([
    ['500ms', 500, 'milliseconds'],
    ['10s', 10_000, 'seconds'],
    ['2m', 120_000, 'minutes'],
    ['1h', 3_600_000, 'hours'],
    ['2d3h', 183_600_000, 'days, as they are shown'],
    ['1m30s', 90_000, 'sums'],
    ['0.5s', 500, 'fractions'],
    ['0', 0, 'zero needs no unit'],
  ])('reads %s as %i ms (%s)', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    ['10', 'seconds or milliseconds? nobody knows'],
    ['', 'nothing'],
    ['-1s', 'time runs forward'],
    ['1w', 'weeks are counted in days'],
    ['10 s', 'no spaces'],
    ['1e3s', 'no exponents'],
    ['99999999999999999999h', 'beyond safe integers'],
  ])('refuses %s (%s)', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it.each([
    [850, '850ms'],
    [12_400, '12s'],
    [200_000, '3m20s'],
    [120_000, '2m'],
    [18_240_000, '5h4m'],
    [183_600_000, '2d3h'],
  ])('shows %i ms by its two largest units as %s', (ms, text) => {
    expect(describeDuration(ms)).toBe(text);
  });
});
