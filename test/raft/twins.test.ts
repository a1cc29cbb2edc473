/** Each clever routine beside a slow and obvious one, over random inputs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RaftLog } from '../../src/raft/log.js';
import { quorumValue, voteResult } from '../../src/raft/quorum.js';
import { headOf, sliceRun } from '../../src/raft/run.js';
import { asIndex, asTerm } from '../../src/types/ids.js';
import type { Run } from '../../src/types/log.js';
import { entriesOf, idOf, type PlainEntry, runOf } from './support/entries.js';

describe('the value of a quorum', () => {
  it('is the greatest that a majority has reached', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 9 }), (values) => {
        const reachedBy = (value: number) => values.filter((v) => v >= value).length;
        const candidates = values.filter((value) => reachedBy(value) * 2 > values.length);
        expect(quorumValue([...values])).toBe(Math.max(...candidates));
      }),
      { numRuns: 2000 },
    );
  });

  it('is nothing without voters, and no election is won', () => {
    expect(quorumValue([])).toBe(0);
    expect(voteResult([], new Map([[idOf('a'), true]]))).toBe('lost');
  });
});

describe('the result of a vote', () => {
  it('is won, lost or pending as counting all possible futures says', () => {
    const anyVote = fc.constantFrom(true, false, undefined);
    fc.assert(
      fc.property(fc.array(anyVote, { minLength: 1, maxLength: 9 }), (cast) => {
        const voters = cast.map((_, i) => idOf(`m${i}`));
        const votes = new Map(
          cast.flatMap((vote, i) => (vote === undefined ? [] : [[voters[i]!, vote] as const])),
        );
        votes.set(idOf('stranger'), true);
        const isMajority = (count: number) => count * 2 > cast.length;
        const granted = cast.filter((vote) => vote === true).length;
        const possible = cast.filter((vote) => vote !== false).length;
        const expected = isMajority(granted) ? 'won' : isMajority(possible) ? 'pending' : 'lost';
        expect(voteResult(voters, votes)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

/** A log as a plain list of entries. */
class SlowLog {
  trimmed = { index: 0, term: 0 };
  entries: PlainEntry[] = [];

  get last(): number {
    return this.entries.at(-1)?.index ?? this.trimmed.index;
  }

  termAt(index: number): number | undefined {
    if (index === this.trimmed.index) return this.trimmed.term;
    return this.entries.find((entry) => entry.index === index)?.term;
  }

  between(from: number, to: number): PlainEntry[] {
    return this.entries.filter((entry) => entry.index >= from && entry.index <= to);
  }
}

interface Step {
  readonly kind: 'append' | 'truncate' | 'trim';
  readonly count: number;
  readonly termStep: number;
  readonly at: number;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('append', 'append', 'append', 'truncate', 'trim'),
  count: fc.integer({ min: 1, max: 5 }),
  termStep: fc.nat(2),
  at: fc.nat(100),
});

function take(log: RaftLog, slow: SlowLog, step: Step): void {
  const span = slow.last - slow.trimmed.index;
  if (step.kind === 'append') {
    append(log, slow, step);
    return;
  }
  if (span === 0) return;
  const index = asIndex(slow.trimmed.index + 1 + (step.at % span));
  if (step.kind === 'truncate') {
    log.truncate(index);
    slow.entries = slow.entries.filter((entry) => entry.index < index);
  } else {
    log.trim(index);
    slow.trimmed = { index, term: slow.termAt(index)! };
    slow.entries = slow.entries.filter((entry) => entry.index > index);
  }
}

function append(log: RaftLog, slow: SlowLog, step: Step): void {
  const term = Math.max(1, log.lastTerm + step.termStep);
  const texts = Array.from({ length: step.count }, (_, i) => `${slow.last + i}`);
  const run = runOf(slow.last + 1, term, texts);
  log.append(run);
  slow.entries.push(...entriesOf([run]));
}

function build(steps: readonly Step[]): { log: RaftLog; slow: SlowLog } {
  const log = new RaftLog({ index: asIndex(0), term: asTerm(0) }, []);
  const slow = new SlowLog();
  for (const step of steps) take(log, slow, step);
  return { log, slow };
}

const anySteps = fc.array(anyStep, { minLength: 1, maxLength: 25 });

describe('the log of runs', () => {
  it('holds what a plain list of entries holds', () => {
    fc.assert(
      fc.property(anySteps, fc.nat(60), fc.nat(20), (steps, from, length) => {
        const { log, slow } = build(steps);
        expect([log.lastIndex, log.trimmed]).toEqual([slow.last, slow.trimmed]);
        for (let index = 0; index <= slow.last + 2; index++) {
          expect(log.termAt(asIndex(index))).toBe(slow.termAt(index));
        }
        const low = Math.max(from, slow.trimmed.index + 1);
        const high = Math.min(low + length, slow.last);
        const expected = slow.between(low, high);
        expect(entriesOf(log.read(asIndex(low), asIndex(high)))).toEqual(expected);
        const bytes = expected.reduce((sum, entry) => sum + entry.text.length, 0);
        expect(log.bytesBetween(asIndex(low), asIndex(high))).toBe(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('finds the last entry within a term as a search from behind does', () => {
    fc.assert(
      fc.property(anySteps, fc.nat(60), fc.nat(20), (steps, index, term) => {
        const { log, slow } = build(steps);
        let expected = Math.min(index, slow.last);
        while (expected > slow.trimmed.index && slow.termAt(expected)! > term) expected -= 1;
        expect(log.lastIndexWithin(asIndex(index), asTerm(term))).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('finds the first difference as a comparison entry by entry does', () => {
    fc.assert(
      fc.property(anySteps, anySteps, (ours, theirs) => {
        const { log, slow } = build(ours);
        const others = build(theirs.filter((step) => step.kind !== 'trim')).log;
        const runs = others.read(asIndex(1), others.lastIndex);
        const expected = entriesOf(runs).find(
          (entry) => entry.index > slow.trimmed.index && slow.termAt(entry.index) !== entry.term,
        );
        expect(log.firstDifference(runs)).toBe(expected?.index);
      }),
      { numRuns: 500 },
    );
  });

  it('reads bounded pieces that are one log when put together', () => {
    fc.assert(
      fc.property(anySteps, fc.integer({ min: 1, max: 120 }), (steps, bytesMax) => {
        const { log, slow } = build(steps);
        const read: Run[] = [];
        let next = log.trimmed.index + 1;
        while (next <= log.lastIndex) {
          const runs = log.readBounded(asIndex(next), bytesMax);
          expect(runs.length).toBeGreaterThan(0);
          read.push(...runs);
          next = entriesOf(runs).at(-1)!.index + 1;
        }
        expect(entriesOf(read)).toEqual(slow.entries);
      }),
      { numRuns: 500 },
    );
  });
});

describe('slices of a run', () => {
  const texts = ['', 'b', 'cc', '', 'eeeee', 'f'];
  const run = runOf(10, 1, texts);

  it('hold exactly the entries asked for, and share the bytes', () => {
    for (let from = 10; from <= 15; from++) {
      for (let to = from; to <= 15; to++) {
        const slice = sliceRun(run, asIndex(from), asIndex(to));
        expect(entriesOf([slice])).toEqual(entriesOf([run]).slice(from - 10, to - 9));
        expect(slice.offsets[0]).toBe(0);
        expect(slice.offsets[slice.count]).toBe(slice.bytes.length);
        expect(slice.bytes.buffer).toBe(run.bytes.buffer);
      }
    }
  });

  it('from the head fit into the bytes allowed, but for a first entry that does not', () => {
    for (let max = 0; max < 12; max++) {
      const head = headOf(run, max);
      const bytes = texts.slice(0, head.count).join('').length;
      const next = texts[head.count];
      if (head.count > 1) expect(bytes).toBeLessThanOrEqual(max);
      if (next !== undefined) expect(bytes + next.length).toBeGreaterThan(max);
    }
  });
});
