/**
 * What a member starts with: the state that its disk holds, verified by its digest, and the log behind it.
 * A state or a log that is damaged is never served and never guessed at: it is set aside, the member
 * starts with what is sound (perhaps nothing), in quarantine. One that may have forgotten a vote does not
 * start at all.
 */
import type { CheckpointStore } from '../../storage/checkpoint-store.js';
import type { MemberStorage, OpenedLog } from '../../storage/open.js';
import { StateDamage } from '../../storage/state-database.js';
import type { LogStore, RecoveredLog } from '../../storage/wal.js';
import { Tree } from '../../tree/tree.js';
import { RollcallError } from '../../types/errors.js';
import type { SnapshotMeta } from '../../types/log.js';
import type { Logger } from '../../types/ports.js';
import type { Tuning } from '../tuning.js';
import { LoadingTree } from './loading-tree.js';

export interface RecoveryParts {
  readonly storage: Pick<MemberStorage, 'openLog' | 'startOver'>;
  readonly tuning: Tuning;
  readonly logger: Logger;
}

export interface RecoveredMember {
  readonly log: LogStore;
  readonly recovered: RecoveredLog;
  readonly checkpoints: CheckpointStore;
  readonly state: RecoveredState;
  /** Why this member may not vote until its state is refetched. */
  readonly quarantine: string | undefined;
}

export interface RecoveredState {
  readonly meta: SnapshotMeta;
  readonly time: number;
  readonly tree: Tree;
}

const REMEDY =
  'remove this member from the cluster, empty its data directory, and add it as a new one';

/** Rejects with CORRUPT when the disk may have lost a vote: then only a new id is safe. */
export async function recoverMember(parts: RecoveryParts): Promise<RecoveredMember> {
  const opened = await parts.storage.openLog();
  refuseLostVote(opened.recovered);
  const loaded = await loadState(opened, parts.tuning);
  const member = typeof loaded === 'string' ? await startOver(parts, loaded) : { opened, loaded };
  const { log, recovered, checkpoints } = member.opened;
  report(parts.logger, recovered);
  return { log, recovered, checkpoints, state: member.loaded, quarantine: recovered.damage };
}

function refuseLostVote({ damage, hardStateIntact }: RecoveredLog): void {
  if (hardStateIntact) return;
  const reason = damage ?? 'the record of the last vote is gone';
  throw new RollcallError('CORRUPT', `${reason}; a vote may be lost with it: ${REMEDY}`);
}

function report(logger: Logger, { damage, cutBytes }: RecoveredLog): void {
  if (cutBytes > 0) logger.warn({ bytes: cutBytes }, 'cut a torn, never acknowledged tail');
  if (damage !== undefined)
    logger.error(
      { reason: damage },
      'in quarantine: what was damaged is set aside, and until the state is refetched from the ' +
        'leader this member neither votes nor serves',
    );
}

async function startOver(
  { storage, tuning }: RecoveryParts,
  reason: string,
): Promise<{ readonly opened: OpenedLog; readonly loaded: RecoveredState }> {
  const opened = await storage.startOver(reason);
  const loaded = await loadState(opened, tuning);
  if (typeof loaded === 'string') throw new RollcallError('CORRUPT', loaded);
  return { opened, loaded };
}

/** Or why the state is no good. */
async function loadState(opened: OpenedLog, tuning: Tuning): Promise<RecoveredState | string> {
  if (opened.stateDamage !== undefined) return opened.stateDamage;
  try {
    return await readState(opened, tuning);
  } catch (error) {
    if (error instanceof StateDamage) return `the checkpoint cannot be read: ${error.message}`;
    throw error;
  }
}

async function readState(opened: OpenedLog, tuning: Tuning): Promise<RecoveredState | string> {
  const { historyEventsMax, historyBytesMax } = tuning;
  const history = { historyEventsMax, historyBytesMax };
  const { base } = opened.recovered;
  const stored = await opened.checkpoints.load();
  if (stored === undefined) {
    if (base.index === 0) return { meta: base, time: 0, tree: new Tree(history) };
    return 'the checkpoint that the log begins behind is missing';
  }
  const { snapshot, digest, time } = stored.meta;
  if (base.index > snapshot.index) return 'the log begins behind the newest checkpoint';
  const loading = new LoadingTree(snapshot.index, history);
  for await (const rows of stored.rows) loading.add(rows);
  if (loading.finish() !== digest || loading.tree === undefined)
    return 'the checkpoint does not match its digest';
  return { meta: snapshot, time, tree: loading.tree };
}
