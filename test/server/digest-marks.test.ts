/** Goal: marks come often enough to find damage soon, and not for nothing. */
import { beforeEach, expect, it } from 'vitest';
import { decodeCommand } from '../../src/codec/command.js';
import { DigestMarks } from '../../src/server/integrity/digest-marks.js';
import {
  DIGEST_MARK_MS,
  DIGEST_MARK_REVISIONS,
  DIGEST_MARK_SOON_MS,
} from '../../src/types/limits.js';
import type { EntryBatch } from '../../src/types/log.js';
import { SELF } from './support.js';

let marks: DigestMarks;
let proposed: EntryBatch[];
let isTaken: boolean;

beforeEach(() => {
  proposed = [];
  isTaken = true;
  const propose = (batch: EntryBatch) => {
    if (isTaken) proposed.push(batch);
    return isTaken;
  };
  marks = new DigestMarks({ self: SELF, boot: 3, propose });
  marks.applied(100, 0);
});

/** How many were proposed by then. */
function at(nowMs: number, revision: number, isOpen = false): number {
  marks.tick({ nowMs, revision, isOpen });
  return proposed.length;
}

it('proposes a command of its own that every member can read', () => {
  expect(at(1, 100 + DIGEST_MARK_REVISIONS)).toBe(1);
  const { envelope, body } = decodeCommand(proposed[0]!.bytes)!;
  expect(body).toEqual({ kind: 'markDigest' });
  expect(envelope.origin).toEqual({ member: SELF, boot: 3, number: 0 });
});

it('marks after so many revisions, one at a time', () => {
  expect(at(1, 99 + DIGEST_MARK_REVISIONS)).toBe(0);
  expect(at(1, 100 + DIGEST_MARK_REVISIONS)).toBe(1);
  expect(at(2, 100 + 3 * DIGEST_MARK_REVISIONS)).toBe(1);
  marks.applied(101 + DIGEST_MARK_REVISIONS, 3);
  expect(at(4, 101 + DIGEST_MARK_REVISIONS)).toBe(1);
  expect(at(4, 101 + 2 * DIGEST_MARK_REVISIONS)).toBe(2);
});

it('marks a while after any change, and never when nothing changed', () => {
  expect(at(DIGEST_MARK_MS * 10, 100)).toBe(0);
  expect(at(DIGEST_MARK_MS - 1, 101)).toBe(0);
  expect(at(DIGEST_MARK_MS, 101)).toBe(1);
});

it('marks again and again while something is undecided', () => {
  expect(at(DIGEST_MARK_MS, 100, true)).toBe(1);
  marks.applied(101, DIGEST_MARK_MS);
  expect(at(2 * DIGEST_MARK_MS, 101, true)).toBe(2);
});

it('marks soon after somebody came, once, however often links are made', () => {
  marks.await();
  expect(at(DIGEST_MARK_SOON_MS - 1, 100)).toBe(0);
  expect(at(DIGEST_MARK_SOON_MS, 100)).toBe(1);
  marks.await();
  marks.applied(101, DIGEST_MARK_SOON_MS);
  expect(at(DIGEST_MARK_SOON_MS + 1, 101)).toBe(1);
  expect(at(2 * DIGEST_MARK_SOON_MS, 101)).toBe(2);
  marks.applied(102, 2 * DIGEST_MARK_SOON_MS);
  expect(at(100 * DIGEST_MARK_SOON_MS, 102)).toBe(2);
});

it('tries again when the log took none, or leadership was lost with it', () => {
  isTaken = false;
  expect(at(1, 100 + DIGEST_MARK_REVISIONS)).toBe(0);
  isTaken = true;
  expect(at(2, 100 + DIGEST_MARK_REVISIONS)).toBe(1);
  marks.restart();
  expect(at(3, 100 + DIGEST_MARK_REVISIONS)).toBe(2);
});
