/**
 * A member whose log or state is no good is in quarantine: this record outlives restarts, keeps what could
 * be saved of the hard state, and says which segments are evidence only. They are set aside; those of an
 * earlier quarantine go when the next one begins. It ends only by `liftQuarantine`, when the caller has
 * refetched what was lost.
 */
import { asIndex, asMemberId, asTerm, NO_INDEX, NO_TERM } from '../../types/ids.js';
import type { HardState } from '../../types/log.js';
import type { Disk } from '../../types/ports.js';
import {
  countField,
  readStoredJson,
  removeStoredJson,
  textField,
  writeStoredJson,
} from '../stored-json.js';
import { parseSegmentName } from './segment.js';

const FILE = 'quarantine.json';
const ASIDE = 'damaged-';

export interface Quarantine {
  readonly reason: string;
  readonly hardState: HardState;
  /** False: a vote may have been lost, so this member may never vote again under its id. */
  readonly hardStateIntact: boolean;
  /** Segments below are set aside. */
  readonly firstSegment: number;
  /** The state is no good either: the next opening sets it aside, then takes this back. */
  readonly startsOver: boolean;
}

export const NO_HARD_STATE: HardState = {
  term: NO_TERM,
  votedFor: undefined,
  commitIndex: NO_INDEX,
};

/** An unreadable record still means quarantine: with nothing saved, and all present segments suspect. */
export async function readQuarantine(
  disk: Disk,
  nextSegment: number,
): Promise<Quarantine | undefined> {
  const stored = await readStoredJson(disk, FILE);
  if (stored.type === 'missing') return undefined;
  const quarantine = stored.type === 'value' ? parseQuarantine(stored.value) : undefined;
  if (quarantine !== undefined) return quarantine;
  const unknown = {
    reason: 'the quarantine record is damaged',
    hardState: NO_HARD_STATE,
    hardStateIntact: false,
    firstSegment: nextSegment,
    startsOver: false,
  };
  await writeQuarantine(disk, unknown);
  return unknown;
}

function parseQuarantine(value: unknown): Quarantine | undefined {
  const reason = textField(value, 'reason');
  const term = countField(value, 'term');
  const votedFor = textField(value, 'votedFor');
  const commitIndex = countField(value, 'commitIndex');
  const intact = countField(value, 'hardStateIntact');
  const firstSegment = countField(value, 'firstSegment');
  if (reason === undefined || term === undefined || commitIndex === undefined) return undefined;
  if (intact === undefined || firstSegment === undefined) return undefined;
  const hardState = {
    term: asTerm(term),
    votedFor: votedFor === undefined ? undefined : asMemberId(votedFor),
    commitIndex: asIndex(commitIndex),
  };
  const startsOver = countField(value, 'startsOver') === 1;
  return { reason, hardState, hardStateIntact: intact === 1, firstSegment, startsOver };
}

/** The first record of a quarantine drops what an earlier one had set aside. */
export async function writeQuarantine(disk: Disk, quarantine: Quarantine): Promise<void> {
  if (!(await disk.exists(FILE))) await dropSetAside(disk);
  const { reason, hardState, firstSegment } = quarantine;
  const hardStateIntact = quarantine.hardStateIntact ? 1 : 0;
  const startsOver = quarantine.startsOver ? 1 : 0;
  const record = { reason, ...hardState, hardStateIntact, firstSegment, startsOver };
  await writeStoredJson(disk, FILE, record);
}

export function removeQuarantine(disk: Disk): Promise<void> {
  return removeStoredJson(disk, FILE);
}

/** May be repeated after a crash in the middle. */
export async function setAside(disk: Disk, firstSegment: number): Promise<void> {
  let changed = false;
  for (const name of await disk.list()) {
    const number = parseSegmentName(name);
    if (number === undefined || number >= firstSegment) continue;
    await disk.rename(name, `${ASIDE}${name}`);
    changed = true;
  }
  if (changed) await disk.syncDirectory();
}

async function dropSetAside(disk: Disk): Promise<void> {
  for (const name of await disk.list()) {
    if (!name.startsWith(ASIDE)) continue;
    if (parseSegmentName(name.slice(ASIDE.length)) !== undefined) await disk.remove(name);
  }
}
