/**
 * Opens the log as the last process left it: reads the segments, cuts a torn tail, and hands the last one
 * over for writing. Damage is never cut: it ends in quarantine, with the files set aside and an empty log.
 */
import { NO_INDEX, NO_TERM } from '../../types/ids.js';
import type { Configuration, HardState, Run } from '../../types/log.js';
import type { Disk, Random } from '../../types/ports.js';
import { countField, readStoredJson, writeStoredJson } from '../stored-json.js';
import type { LogExtent } from './extent.js';
import {
  type ClosedSegment,
  type Damage,
  type Loaded,
  type LoadedSegment,
  loadSegments,
  readSegment,
} from './loading.js';
import { LOG_FORMAT_VERSION, type LogPosition } from './operation.js';
import {
  NO_HARD_STATE,
  type Quarantine,
  readQuarantine,
  setAside,
  writeQuarantine,
} from './quarantine.js';
import { LogReplay } from './replay.js';
import { salvageHardState } from './scan.js';
import {
  createSegment,
  type LogOwner,
  parseSegmentName,
  SegmentWriter,
  segmentName,
} from './segment.js';

/** Says that there is a log: without it, missing segments would look like a fresh start. */
const MARKER_FILE = 'log.json';

export interface RecoveryOptions {
  readonly owner: LogOwner;
  readonly founders: Configuration;
  readonly random: Random;
  readonly allocateBytes: number;
}

export interface Recovery {
  readonly extent: LogExtent;
  readonly runs: Run[];
  readonly hardState: HardState;
  readonly closed: ClosedSegment[];
  readonly current: SegmentWriter;
  readonly quarantine: Quarantine | undefined;
  readonly cutBytes: number;
}

export async function recoverLog(disk: Disk, options: RecoveryOptions): Promise<Recovery> {
  const present = await listSegments(disk);
  const quarantine = await readQuarantine(disk, (present.at(-1) ?? 0) + 1);
  if (quarantine !== undefined) await setAside(disk, quarantine.firstSegment);
  const numbers = present.filter((number) => number >= (quarantine?.firstSegment ?? 0));
  const wasCreated = await checkMarker(disk);
  const loaded = await loadSegments(disk, numbers, {
    owner: options.owner,
    mayBeFresh: quarantine !== undefined || !wasCreated,
  });
  if ('damage' in loaded) return beginQuarantine(disk, options, { ...loaded, quarantine });
  if (loaded.segments.length === 0) return beginLog(disk, options, quarantine);
  return continueLog(disk, options, { loaded, numbers, quarantine });
}

async function listSegments(disk: Disk): Promise<number[]> {
  const numbers = (await disk.list()).map(parseSegmentName);
  return numbers.filter((number) => number !== undefined).sort((a, b) => a - b);
}

async function checkMarker(disk: Disk): Promise<boolean> {
  const stored = await readStoredJson(disk, MARKER_FILE);
  if (stored.type !== 'value') return stored.type === 'damaged';
  const formatVersion = countField(stored.value, 'formatVersion');
  if (formatVersion !== LOG_FORMAT_VERSION) {
    throw new Error(
      `the log has format ${formatVersion}, this version reads ${LOG_FORMAT_VERSION}: ` +
        'start it with the version that wrote it',
    );
  }
  return true;
}

async function continueLog(
  disk: Disk,
  options: RecoveryOptions,
  found: {
    readonly loaded: Loaded;
    readonly numbers: readonly number[];
    readonly quarantine: Quarantine | undefined;
  },
): Promise<Recovery> {
  const { segments, replay } = found.loaded;
  const last = segments.at(-1)!;
  await removeUnfinished(disk, last.scan.tail.number + 1);
  const current = await openTail(disk, last, options.allocateBytes);
  await writeMarker(disk);
  const needless = found.numbers
    .filter((number) => number < segments[0]!.closed.number)
    .map((number) => ({ number, bytes: 0, lastIndex: NO_INDEX }));
  return {
    extent: replay!.extent,
    runs: replay!.takeRuns(),
    hardState: last.scan.hardState!,
    closed: [...needless, ...segments.slice(0, -1).map((segment) => segment.closed)],
    current,
    quarantine: found.quarantine,
    cutBytes: last.scan.verdict.type === 'torn' ? last.scan.verdict.cutBytes : 0,
  };
}

async function removeUnfinished(disk: Disk, number: number): Promise<void> {
  if (!(await disk.exists(segmentName(number)))) return;
  await disk.remove(segmentName(number));
  await disk.syncDirectory();
}

/**
 * The last frame is written again: it is the only one not known durable, and a sync that failed before
 * would have left pages that look clean and never reached the disk.
 */
async function openTail(
  disk: Disk,
  last: LoadedSegment,
  allocateBytes: number,
): Promise<SegmentWriter> {
  const { tail, lastFrame, verdict } = last.scan;
  const file = await disk.open(segmentName(tail.number), 'existing');
  if (verdict.type === 'torn') await file.truncate(tail.end);
  const fileBytes = verdict.type === 'torn' ? tail.end : tail.fileBytes;
  const { offset, bytes } = lastFrame;
  await file.write(offset, [last.bytes.subarray(offset, offset + bytes)]);
  await file.sync();
  return new SegmentWriter(file, { ...tail, fileBytes }, allocateBytes);
}

async function beginLog(
  disk: Disk,
  options: RecoveryOptions,
  quarantine: Quarantine | undefined,
): Promise<Recovery> {
  const position: LogPosition = {
    lastIndex: NO_INDEX,
    lastTerm: NO_TERM,
    base: { index: NO_INDEX, term: NO_TERM, configuration: options.founders },
    checkpoint: undefined,
  };
  const hardState = quarantine?.hardState ?? NO_HARD_STATE;
  const number = quarantine?.firstSegment ?? 1;
  const seed = options.random.below(2 ** 32);
  const begin = { owner: options.owner, number, seed, position, previous: 0, hardState };
  const current = await createSegment(disk, begin, options.allocateBytes);
  await writeMarker(disk);
  const { extent } = new LogReplay(position);
  return { extent, runs: [], hardState, closed: [], current, quarantine, cutBytes: 0 };
}

async function writeMarker(disk: Disk): Promise<void> {
  const stored = await readStoredJson(disk, MARKER_FILE);
  if (stored.type === 'value') return;
  await writeStoredJson(disk, MARKER_FILE, { formatVersion: LOG_FORMAT_VERSION });
}

/** Durable in this order: the record, the files set aside, the new log; each step may be repeated. */
async function beginQuarantine(
  disk: Disk,
  options: RecoveryOptions,
  found: Damage & { readonly quarantine: Quarantine | undefined },
): Promise<Recovery> {
  const saved = await salvage(disk, found.numbers);
  const before = found.quarantine;
  const quarantine = {
    reason: found.damage,
    hardState: saved?.hardState ?? before?.hardState ?? NO_HARD_STATE,
    hardStateIntact: (saved?.intact ?? false) && (before?.hardStateIntact ?? true),
    firstSegment: (found.numbers.at(-1) ?? 0) + 1,
    startsOver: before?.startsOver ?? false,
  };
  await writeQuarantine(disk, quarantine);
  await setAside(disk, quarantine.firstSegment);
  return beginLog(disk, options, quarantine);
}

async function salvage(
  disk: Disk,
  numbers: readonly number[],
): Promise<ReturnType<typeof salvageHardState>> {
  let isNewest = true;
  for (const number of [...numbers].reverse()) {
    const saved = salvageHardState(await readSegment(disk, number));
    if (saved !== undefined) return { ...saved, intact: saved.intact && isNewest };
    isNewest = false;
  }
  return undefined;
}
