/**
 * What a member leaves on its disk, and what its next life makes of it: a checkpoint, a log that begins
 * before it and goes on behind it, a vote, its identity. A start is classified, and what it loads is
 * compared with what was stored, so that nothing bad can pass for whole.
 */

import { decodeCommand } from '../../src/codec/command.js';
import { recoverMember } from '../../src/server/state/recovery.js';
import { DEFAULT_TUNING } from '../../src/server/tuning.js';
import type { MemberStorage } from '../../src/storage/open.js';
import type { Tree } from '../../src/tree/tree.js';
import { isRollcallError } from '../../src/types/errors.js';
import { asClusterId, asIndex, asMemberId, asRevision, asTerm } from '../../src/types/ids.js';
import type { HardState, Run, SnapshotMeta } from '../../src/types/log.js';
import { create, Driver, entryBytes } from '../tree/driver.js';
import { runOf } from './wal-support.js';

const MEMBER = asMemberId('0000000000000001');
const CLUSTER = asClusterId('c'.repeat(32));
const FOUNDERS = {
  voters: [{ id: MEMBER, name: 'r1', peerAddress: '127.0.0.1:1' }],
  learners: [],
};
const ENTRIES = 30;
const CHECKPOINT_AT = 20;
const TIME = 1_790_000_000_000;

/** What may be found again. */
export interface Stored {
  /** By index: digest of the state after that entry. */
  readonly digests: readonly string[];
  readonly votes: readonly HardState[];
}

export interface Start {
  readonly kind: 'whole' | 'quarantine' | 'refused';
  /** Why it is not whole. */
  readonly reason: string;
  /** What was loaded and must not have been; undefined: nothing. */
  readonly bad: string | undefined;
  /** Up to where it came. */
  readonly index: number;
}

/** Through `storage`, which it closes. `trim`: the log begins behind the checkpoint. */
export async function storeMember(
  storage: MemberStorage,
  { trim }: { readonly trim: boolean },
): Promise<Stored> {
  await storage.writeIdentity({
    memberId: MEMBER,
    clusterId: CLUSTER,
    founders: FOUNDERS,
    boot: 1,
  });
  const { log, checkpoints } = await storage.openLog();
  const driver = new Driver();
  const digests = [driver.tree.digest()];
  const votes: HardState[] = [];
  for (let index = 1; index <= ENTRIES; index++) {
    const path = `/n${index}`;
    driver.apply(create(path));
    digests.push(driver.tree.digest());
    const term = asTerm(1 + Math.floor(index / 8));
    const hardState = { term, votedFor: MEMBER, commitIndex: asIndex(index) };
    votes.push(hardState);
    await log.append({ runs: [runOf(index, [entryBytes(create(path))], term)], hardState });
    if (index !== CHECKPOINT_AT) continue;
    const snapshot = { index: asIndex(index), term, configuration: FOUNDERS };
    await saveCheckpoint(checkpoints, driver.tree, snapshot);
    if (trim) await log.trim(snapshot);
  }
  await storage.close();
  return { digests, votes };
}

async function saveCheckpoint(
  checkpoints: Awaited<ReturnType<MemberStorage['openLog']>>['checkpoints'],
  tree: Tree,
  snapshot: SnapshotMeta,
): Promise<void> {
  const dirty = tree.takeDirty();
  const slice = dirty.next(1_000)!;
  const puts = slice.puts.map(({ key, value }) => [key, value] as const);
  const meta = { formatVersion: 1, snapshot, time: TIME, digest: dirty.digest };
  await checkpoints.save({ meta, puts, deletes: [...slice.deletes] });
}

/** As a member starts. Throws what no member may throw. */
export async function startMember(
  open: () => Promise<MemberStorage>,
  stored: Stored,
): Promise<Start> {
  let storage: MemberStorage | undefined;
  try {
    storage = await open();
    return await recover(storage, stored);
  } catch (error) {
    if (!isRollcallError(error, 'CORRUPT') && !isRollcallError(error, 'WRONG_CLUSTER')) throw error;
    return { kind: 'refused', reason: error.message, bad: undefined, index: 0 };
  } finally {
    await storage?.close();
  }
}

async function recover(storage: MemberStorage, stored: Stored): Promise<Start> {
  // An emptied directory becomes a new member, as `takeIdentity` and the founding meeting would have it.
  if (storage.identity === undefined) {
    const memberId = asMemberId('0000000000000002');
    const identity = { memberId, clusterId: CLUSTER, founders: FOUNDERS, boot: 1 };
    await storage.writeIdentity(identity);
  }
  const said: string[] = [];
  const say = (fields: object, text: string) => void said.push(`${text} ${JSON.stringify(fields)}`);
  const logger = { debug() {}, info() {}, warn: say, error: say };
  const { recovered, state, quarantine } = await recoverMember({
    storage,
    tuning: DEFAULT_TUNING,
    logger,
  });
  const { tree, meta } = state;
  const isLoadedBad = tree.digest() !== stored.digests[meta.index];
  const replayed = replay(tree, recovered.runs, meta.index);
  const isReplayedBad = tree.digest() !== stored.digests[tree.revision];
  // Only what looks torn may take the last vote with it; the one before stands then.
  const votes = said.some((text) => text.includes('torn')) ? stored.votes : stored.votes.slice(-1);
  const isKnownVote = votes.some(isSame(recovered.hardState));
  const bad = [
    isLoadedBad ? `a state at ${meta.index} that never was` : undefined,
    isReplayedBad || !replayed ? `entries up to ${tree.revision} that never were` : undefined,
    isKnownVote ? undefined : `a vote that never was: ${JSON.stringify(recovered.hardState)}`,
  ].find((text) => text !== undefined);
  const reason = quarantine ?? said.join('; ');
  return {
    kind: quarantine === undefined ? 'whole' : 'quarantine',
    reason,
    bad,
    index: tree.revision,
  };
}

function isSame(a: HardState): (b: HardState) => boolean {
  return (b) => a.term === b.term && a.votedFor === b.votedFor;
}

function replay(tree: Tree, runs: readonly Run[], from: number): boolean {
  for (const { first, term, count, offsets, bytes } of runs) {
    for (let i = 0; i < count; i++) {
      if (first + i <= from) continue;
      const command = decodeCommand(bytes.subarray(offsets[i], offsets[i + 1]));
      if (command === undefined || first + i !== tree.revision + 1) return false;
      tree.apply(command, {
        revision: asRevision(first + i),
        term,
        time: TIME + 1_000 * (first + i),
      });
    }
  }
  return true;
}

export const LAST_INDEX = ENTRIES;
