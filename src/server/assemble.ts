/**
 * Puts one member together from what its disk holds: the state from the checkpoint, verified by its
 * digest, the log behind it, and consensus on top. Production and the simulator start members here.
 */
import type { RaftLimits } from '../raft/raft.js';
import { RAFT_LIMITS_DEFAULT } from '../raft/raft.js';
import type { CheckpointStore } from '../storage/checkpoint-store.js';
import type { LogStore, RecoveredLog } from '../storage/wal.js';
import type { Transport } from '../transport/transport.js';
import { Tree } from '../tree/tree.js';
import { RollcallError } from '../types/errors.js';
import type { MemberId } from '../types/ids.js';
import type { SnapshotMeta } from '../types/log.js';
import type { Clock, Logger, Random } from '../types/ports.js';
import { Checkpointer } from './checkpointer.js';
import type { CoreOptions } from './core.js';
import { Installer } from './installer.js';
import { LoadingTree } from './loading-tree.js';
import { Member, type Scheduler } from './member.js';
import type { Tuning } from './tuning.js';

export interface MemberParts {
  readonly self: MemberId;
  readonly boot: number;
  readonly clusterId: string;
  readonly log: LogStore;
  readonly recovered: RecoveredLog;
  readonly checkpoints: CheckpointStore;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly tuning: Tuning;
  readonly raftLimits?: RaftLimits;
  readonly describeSelf: CoreOptions['describeSelf'];
  readonly sessionEnded: CoreOptions['sessionEnded'];
  readonly pushed: CoreOptions['pushed'];
}

export interface AssembledMember {
  readonly member: Member;
  readonly checkpointer: Checkpointer;
}

/** Rejects with CORRUPT when what is on the disk must not be served. */
export async function assembleMember(parts: MemberParts): Promise<AssembledMember> {
  const { recovered, tuning } = parts;
  if (recovered.damage !== undefined)
    throw new RollcallError('CORRUPT', `the log is damaged: ${recovered.damage}`);
  const { meta, time, tree } = await loadState(parts);
  if (recovered.base.index > meta.index)
    throw new RollcallError('CORRUPT', 'the log begins behind the newest checkpoint');
  const store = parts.checkpoints;
  const checkpointer = new Checkpointer({ ...parts, store, loaded: meta });
  const installer = new Installer({ ...parts, store, checkpointer });
  const { hardState, base, runs } = recovered;
  const { heartbeatTicks, electionTicksMin, electionTicksMax } = tuning;
  const raft = {
    self: parts.self,
    random: parts.random,
    heartbeatTicks,
    electionTicksMin,
    electionTicksMax,
    limits: parts.raftLimits ?? RAFT_LIMITS_DEFAULT,
    initial: { hardState, snapshot: base, runs, appliedIndex: meta.index },
  };
  const core = { ...parts, raft, tree, appliedAt: { ...meta, time } };
  return { member: new Member(core, { ...parts, checkpointer, installer }), checkpointer };
}

async function loadState(
  parts: MemberParts,
): Promise<{ readonly meta: SnapshotMeta; readonly time: number; readonly tree: Tree }> {
  const { historyEventsMax, historyBytesMax } = parts.tuning;
  const history = { historyEventsMax, historyBytesMax };
  const loaded = await parts.checkpoints.load();
  if (loaded === undefined) {
    const { base } = parts.recovered;
    if (base.index === 0) return { meta: base, time: 0, tree: new Tree(history) };
    throw new RollcallError('CORRUPT', 'the checkpoint that the log begins behind is missing');
  }
  const { snapshot, digest } = loaded.meta;
  const loading = new LoadingTree(snapshot.index, history);
  for await (const rows of loaded.rows) loading.add(rows);
  if (loading.finish() !== digest || loading.tree === undefined)
    throw new RollcallError('CORRUPT', 'the checkpoint does not match its digest');
  return { meta: snapshot, time: loaded.meta.time, tree: loading.tree };
}
