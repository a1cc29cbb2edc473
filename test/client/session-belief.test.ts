/** What a client may believe of its session, by its own clock (S13). */
import { describe, expect, test } from 'vitest';
import { SessionBelief } from '../../src/client/core/session.js';

const TERMS = { timeoutMs: 10_000, graceMs: 0, losesByClock: true };

describe('a session without grace', () => {
  test('is touched three times within its timeout', () => {
    const belief = new SessionBelief(TERMS, 0);
    expect(belief.touchDueMs).toBeCloseTo(10_000 / 3);
    belief.sendTouch(4_000);
    expect(belief.touchDueMs).toBeCloseTo(4_000 + 10_000 / 3);
  });

  test('stays connected as long as touches are acknowledged', () => {
    const belief = new SessionBelief(TERMS, 0);
    for (let nowMs = 3_000; nowMs < 60_000; nowMs += 3_000) {
      belief.touched(belief.sendTouch(nowMs));
      expect(belief.tick(nowMs + 2_000)).toBe('CONNECTED');
    }
  });

  test('is lost 5 % before its timeout, counted from when the last acknowledged touch was sent', () => {
    const belief = new SessionBelief(TERMS, 0);
    const touch = belief.sendTouch(3_000);
    belief.touched(touch);
    belief.sendTouch(6_000);
    expect(belief.tick(12_499)).toBe('CONNECTED');
    expect(belief.tick(12_500)).toBe('LOST');
  });

  test('stays lost, whatever is acknowledged later', () => {
    const belief = new SessionBelief(TERMS, 0);
    const touch = belief.sendTouch(9_000);
    belief.tick(9_500);
    belief.touched(touch);
    belief.attached(9_600);
    expect(belief.state).toBe('LOST');
  });

  test('an answer to a later touch also vouches for the earlier ones', () => {
    const belief = new SessionBelief(TERMS, 0);
    const first = belief.sendTouch(1_000);
    const second = belief.sendTouch(2_000);
    belief.touched(second);
    belief.touched(first);
    expect(belief.vouchedAtMs).toBe(2_000);
  });

  test('answers to touches of a former attachment do not count', () => {
    const belief = new SessionBelief(TERMS, 0);
    const touch = belief.sendTouch(5_000);
    belief.attached(4_000);
    belief.touched(touch);
    expect(belief.vouchedAtMs).toBe(4_000);
  });
});

describe('a session with grace', () => {
  const terms = { ...TERMS, graceMs: 2_000 };

  test('is touched three times within its grace', () => {
    expect(new SessionBelief(terms, 0).touchIntervalMs).toBeCloseTo(2_000 / 3);
  });

  test('is suspended past its grace and lost only past its timeout', () => {
    const belief = new SessionBelief(terms, 0);
    expect(belief.tick(1_899)).toBe('CONNECTED');
    expect(belief.nextDueMs(1_899)).toBe(1_900);
    expect(belief.tick(1_900)).toBe('SUSPENDED');
    expect(belief.nextDueMs(1_900)).toBe(9_500);
    expect(belief.tick(9_499)).toBe('SUSPENDED');
    expect(belief.tick(9_500)).toBe('LOST');
  });

  test('is connected again by an acknowledged touch or an attach', () => {
    const belief = new SessionBelief(terms, 0);
    belief.tick(3_000);
    belief.touched(belief.sendTouch(3_000));
    expect(belief.state).toBe('CONNECTED');
    belief.tick(6_000);
    belief.attached(6_000);
    expect(belief.state).toBe('CONNECTED');
  });
});

test('a session that owns nothing waits for the word of the cluster', () => {
  const belief = new SessionBelief({ ...TERMS, losesByClock: false }, 0);
  expect(belief.tick(1_000_000)).toBe('SUSPENDED');
  expect(belief.nextDueMs(1_000_000)).toBe(Number.POSITIVE_INFINITY);
  belief.lost();
  expect(belief.state).toBe('LOST');
});
