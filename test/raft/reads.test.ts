import { describe, expect, it } from 'vitest';
import { ForwardedReads, ReadRounds } from '../../src/raft/reads.js';
import { asIndex } from '../../src/types/ids.js';
import { RAFT_FORWARDED_READS_MAX, RAFT_READS_PENDING_MAX } from '../../src/types/limits.js';

const ticket = (id: number) => ({ from: undefined, id });

describe('read rounds at the leader', () => {
  it('have one under way, and gather what comes meanwhile into the next', () => {
    const rounds = new ReadRounds();
    rounds.add(ticket(1));
    expect(rounds.begin(asIndex(10))).toBe(true);
    rounds.add(ticket(2));
    rounds.add(ticket(3));
    expect(rounds.begin(asIndex(11))).toBe(false);
    expect(rounds.takeConfirmed(rounds.begun)).toMatchObject({ index: 10, tickets: [{ id: 1 }] });
    expect(rounds.begin(asIndex(12))).toBe(true);
    expect(rounds.takeConfirmed(rounds.begun - 1)).toBeUndefined();
    expect(rounds.takeConfirmed(rounds.begun)).toMatchObject({
      index: 12,
      tickets: [{ id: 2 }, { id: 3 }],
    });
  });

  it('begin only with cause, and never with number 0', () => {
    const rounds = new ReadRounds();
    expect(rounds.begin(asIndex(1))).toBe(false);
    expect(rounds.begun).toBeGreaterThan(0);
  });

  it('are bounded', () => {
    const rounds = new ReadRounds();
    for (let id = 0; id < RAFT_READS_PENDING_MAX; id++) rounds.add(ticket(id));
    expect(rounds.add(ticket(-1))).toBe(false);
  });
});

describe('reads forwarded by a follower', () => {
  function create(start: number): ForwardedReads {
    return new ForwardedReads({ below: () => start });
  }

  it('never use a number twice, neither after a retry nor after a restart', () => {
    const reads = create(5);
    reads.add(1);
    const first = reads.maybeAttempt()!;
    reads.tick(1);
    const second = reads.maybeAttempt()!;
    expect(second).not.toBe(first);
    expect(reads.takeAnswered(first)).toEqual([]);
    expect(reads.takeAnswered(second)).toEqual([1]);
    const restarted = create(6);
    restarted.add(1);
    expect(Math.abs(restarted.maybeAttempt()! - first)).toBeGreaterThan(1_000_000);
  });

  it('are asked at most so many times at once, the rest in one batch behind', () => {
    const reads = create(0);
    const attempts: number[] = [];
    for (let id = 0; id < 10; id++) {
      reads.add(id);
      const attempt = reads.maybeAttempt();
      if (attempt !== undefined) attempts.push(attempt);
    }
    expect(attempts).toHaveLength(RAFT_FORWARDED_READS_MAX);
    expect(reads.takeAnswered(attempts[0]!)).toEqual([0]);
    expect(reads.takeAnswered(reads.maybeAttempt()!)).toEqual([4, 5, 6, 7, 8, 9]);
  });

  it('all come back when the leader is gone', () => {
    const reads = create(0);
    reads.add(1);
    reads.maybeAttempt();
    reads.add(2);
    expect(reads.takeAll()).toEqual([1, 2]);
    expect(reads.takeAll()).toEqual([]);
  });
});
