import { describe, expect, it } from 'vitest';
import { Inflights } from '../../src/raft/inflights.js';
import { Progress } from '../../src/raft/progress.js';
import { asIndex } from '../../src/types/ids.js';

const LIMITS = { inflightAppendsMax: 3, inflightBytesMax: 100 };

function replicating(match: number): Progress {
  const progress = new Progress(asIndex(match + 1), LIMITS);
  progress.accepted(asIndex(match), asIndex(0));
  return progress;
}

describe("a follower's progress", () => {
  it('probes with one append at a time until one is accepted', () => {
    const progress = new Progress(asIndex(5), LIMITS);
    expect(progress).toMatchObject({ mode: 'probe', canSend: true });
    progress.sent(asIndex(7), 10);
    expect(progress).toMatchObject({ canSend: false, nextIndex: 5 });
    expect(progress.accepted(asIndex(7), asIndex(0))).toBe(true);
    expect(progress).toMatchObject({ mode: 'replicate', matchIndex: 7, nextIndex: 8 });
  });

  it('steps back on a refusal to where the logs may agree', () => {
    const progress = new Progress(asIndex(9), LIMITS);
    progress.sent(asIndex(9), 10);
    progress.refused(asIndex(8), asIndex(3));
    expect(progress).toMatchObject({ mode: 'probe', nextIndex: 4, canSend: true });
    progress.refused(asIndex(8), asIndex(1));
    expect(progress.nextIndex).toBe(4);
  });

  it('goes below what was known to match when the follower has lost it, and no longer counts it', () => {
    const progress = replicating(8);
    progress.refused(asIndex(8), asIndex(2));
    expect(progress).toMatchObject({ mode: 'probe', matchIndex: 8, nextIndex: 9 });
    progress.refused(asIndex(8), asIndex(2));
    expect(progress).toMatchObject({ matchIndex: 2, nextIndex: 3 });
  });

  it('takes no harm from late refusals', () => {
    const progress = replicating(8);
    progress.refused(asIndex(5), asIndex(2));
    expect(progress).toMatchObject({ mode: 'replicate', matchIndex: 8 });
  });

  it('never falls back on a late acceptance', () => {
    const progress = replicating(8);
    expect(progress.accepted(asIndex(6), asIndex(0))).toBe(false);
    expect(progress).toMatchObject({ matchIndex: 8, nextIndex: 9 });
  });

  it('leaves the snapshot once the follower reaches the trim point', () => {
    const progress = new Progress(asIndex(2), LIMITS);
    progress.becomeSnapshot();
    progress.accepted(asIndex(4), asIndex(10));
    expect(progress).toMatchObject({ mode: 'snapshot', canSend: false });
    progress.accepted(asIndex(10), asIndex(10));
    expect(progress).toMatchObject({ mode: 'replicate', nextIndex: 11 });
  });

  it('tries an empty append after a sign of life, if something may be missing', () => {
    const progress = replicating(8);
    progress.heard(asIndex(8));
    expect(progress.nudged).toBe(false);
    progress.heard(asIndex(9));
    expect(progress.nudged).toBe(true);
  });
});

describe('the window of appends', () => {
  it('is full by number or by bytes, and freed up to an index', () => {
    const window = new Inflights(LIMITS);
    for (const index of [1, 2, 3]) window.add(asIndex(index), 1);
    expect(window.isFull).toBe(true);
    window.freeTo(asIndex(2));
    expect(window).toMatchObject({ isFull: false, count: 1 });
    window.add(asIndex(4), 99);
    expect(window.isFull).toBe(true);
    window.freeTo(asIndex(4));
    window.add(asIndex(5), 99);
    expect(window.isFull).toBe(false);
  });
});
