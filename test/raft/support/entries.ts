/** Short texts as entries, and logs as lists of entries, so that tests can compare what members hold. */
import { lastOf, sliceRun } from '../../../src/raft/run.js';
import { asIndex, asMemberId, asTerm, type MemberId } from '../../../src/types/ids.js';
import type { Configuration, EntryBatch, LogWrite, Run } from '../../../src/types/log.js';

export interface PlainEntry {
  readonly index: number;
  readonly term: number;
  readonly kind: Run['kind'];
  readonly text: string;
}

export function batchOf(texts: readonly string[]): EntryBatch {
  const parts = texts.map((text) => Buffer.from(text));
  const offsets = new Uint32Array(parts.length + 1);
  parts.forEach((part, i) => {
    offsets[i + 1] = offsets[i]! + part.length;
  });
  return { count: parts.length, offsets, bytes: new Uint8Array(Buffer.concat(parts)) };
}

export function runOf(first: number, term: number, texts: readonly string[]): Run {
  return {
    kind: 'command',
    term: asTerm(term),
    first: asIndex(first),
    time: 0,
    ...batchOf(texts),
  };
}

export function entriesOf(runs: readonly Run[]): PlainEntry[] {
  return runs.flatMap((run) =>
    Array.from({ length: run.count }, (_, i) => ({
      index: run.first + i,
      term: run.term,
      kind: run.kind,
      text: textAt(run, i),
    })),
  );
}

function textAt(run: Run, i: number): string {
  const bytes = run.bytes.subarray(run.offsets[i], run.offsets[i + 1]);
  return Buffer.from(bytes).toString(run.kind === 'command' ? 'utf8' : 'hex');
}

/** What a log holds after a write. */
export function applyWrite(runs: readonly Run[], write: LogWrite): Run[] {
  const { truncateFrom } = write;
  const kept = truncateFrom === undefined ? [...runs] : cutFrom(runs, truncateFrom);
  return [...kept, ...write.runs];
}

export function cutFrom(runs: readonly Run[], from: number): Run[] {
  const kept = runs.filter((run) => run.first < from);
  return kept.map((run) => sliceRun(run, run.first, asIndex(Math.min(lastOf(run), from - 1))));
}

export function cutTo(runs: readonly Run[], to: number): Run[] {
  const kept = runs.filter((run) => lastOf(run) > to);
  return kept.map((run) => sliceRun(run, asIndex(Math.max(run.first, to + 1)), lastOf(run)));
}

/** Names with a leading plus are learners. */
export function configurationOf(names: readonly string[]): Configuration {
  const member = (name: string) => ({ id: idOf(name), name, peerAddress: `${name}:8656` });
  return {
    voters: names.filter((name) => !name.startsWith('+')).map(member),
    learners: names.filter((name) => name.startsWith('+')).map((name) => member(name.slice(1))),
  };
}

export function idOf(name: string): MemberId {
  return asMemberId(name);
}
