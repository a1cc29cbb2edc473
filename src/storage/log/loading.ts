/**
 * Reads the segments of a log one after the other and replays them. It decides what a whole log is: which
 * segments belong to it, that each continues the one before, and that none is missing.
 */
import type { Index } from '../../types/ids.js';
import type { Disk } from '../../types/ports.js';
import { withFile } from '../stored-json.js';
import type { Operation } from './operation.js';
import { LogReplay } from './replay.js';
import { type Scan, scanSegment } from './scan.js';
import { type LogOwner, segmentName } from './segment.js';

export interface ClosedSegment {
  readonly number: number;
  readonly bytes: number;
  /** Where the log ended with it: it may go once the base has come so far. */
  readonly lastIndex: Index;
}

export interface LoadedSegment {
  readonly scan: Scan;
  readonly bytes: Uint8Array;
  readonly closed: ClosedSegment;
}

export interface Loaded {
  readonly replay: LogReplay | undefined;
  readonly segments: LoadedSegment[];
}

export interface Damage {
  readonly damage: string;
  readonly numbers: readonly number[];
}

/** Older segments in front of a gap were about to be removed, if those behind it say all there is. */
export async function loadSegments(
  disk: Disk,
  numbers: readonly number[],
  of: { readonly owner: LogOwner; readonly mayBeFresh: boolean },
): Promise<Loaded | Damage> {
  const loader = new Loader(of.mayBeFresh);
  for (const number of newestWithoutGap(numbers)) {
    const bytes = await readSegment(disk, number);
    loader.add(bytes, scanSegment(bytes, { owner: of.owner, number }));
    if (loader.problem !== undefined) {
      return { damage: `log segment ${number}: ${loader.problem}`, numbers };
    }
  }
  const problem = loader.finish();
  return problem === undefined ? loader : { damage: problem, numbers };
}

function newestWithoutGap(numbers: readonly number[]): readonly number[] {
  let start = numbers.length - 1;
  while (start > 0 && numbers[start - 1] === numbers[start]! - 1) start--;
  return numbers.slice(Math.max(0, start));
}

export async function readSegment(disk: Disk, number: number): Promise<Uint8Array> {
  return withFile(await disk.open(segmentName(number), 'existing'), async (file) =>
    file.read(0, await file.size()),
  );
}

class Loader implements Loaded {
  readonly segments: LoadedSegment[] = [];
  replay: LogReplay | undefined;
  problem: string | undefined;
  readonly #mayBeFresh: boolean;
  #unfinished = false;

  constructor(mayBeFresh: boolean) {
    this.#mayBeFresh = mayBeFresh;
  }

  add(bytes: Uint8Array, scan: Scan): void {
    this.problem = this.#check(scan);
    if (this.problem !== undefined || this.#unfinished) return;
    for (const operation of scan.operations) this.problem ??= this.#apply(operation);
    const { lastIndex } = this.replay!.extent.position;
    const closed = { number: scan.tail.number, bytes: scan.tail.end, lastIndex };
    this.segments.push({ scan, bytes, closed });
  }

  finish(): string | undefined {
    const last = this.segments.at(-1)?.scan;
    if (last === undefined)
      return this.#mayBeFresh ? undefined : 'the segments of the log are gone';
    if (last.sealed) return `the log segment behind ${last.tail.number} is missing`;
    if (!this.replay!.extent.isWhole) return 'entries behind the base are missing';
    return undefined;
  }

  #check(scan: Scan): string | undefined {
    if (this.#unfinished) return 'a segment follows one that was never finished';
    const last = this.segments.at(-1)?.scan;
    if (last?.verdict.type === 'torn') return 'a torn segment is followed by another';
    if (scan.verdict.type === 'damaged') return scan.verdict.reason;
    if (scan.preamble === undefined) return this.#checkUnfinished(last);
    if (last !== undefined && scan.previous !== last.tail.previous) {
      return 'it does not continue the segment before';
    }
    return undefined;
  }

  /** A crash while a segment was made leaves one without a whole preamble, and the one before unsealed. */
  #checkUnfinished(last: Scan | undefined): string | undefined {
    const mayBe = last === undefined ? this.#mayBeFresh : !last.sealed;
    if (!mayBe) return 'the preamble is missing';
    this.#unfinished = true;
    return undefined;
  }

  #apply(operation: Operation): string | undefined {
    if (this.replay === undefined && operation.type === 'preamble') {
      this.replay = new LogReplay(operation.preamble.position);
      return undefined;
    }
    return this.replay?.apply(operation);
  }
}
