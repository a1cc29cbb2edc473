/**
 * Puts one member together from what its disk holds: the state from the checkpoint, the log behind it,
 * and consensus on top. Production and the simulator start members here.
 */
import type { RaftLimits } from '../raft/raft.js';
import { RAFT_LIMITS_DEFAULT } from '../raft/raft.js';
import type { MemberStorage } from '../storage/open.js';
import type { Transport } from '../transport/transport.js';
import type { MemberId } from '../types/ids.js';
import type { Clock, Logger, Random } from '../types/ports.js';
import { Connections } from './clients/connections.js';
import type { CoreOptions } from './core.js';
import type { DiskSpace } from './integrity/disk-space.js';
import { Member, type Scheduler } from './member.js';
import { Checkpointer } from './state/checkpointer.js';
import { Installer } from './state/installer.js';
import { recoverMember } from './state/recovery.js';
import type { Tuning } from './tuning.js';

export interface MemberParts {
  readonly self: MemberId;
  readonly boot: number;
  readonly clusterId: string;
  /** Its log is not opened yet. */
  readonly storage: Pick<MemberStorage, 'openLog' | 'startOver'>;
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
  /** Left out where no door listens. */
  readonly connections?: Connections;
  readonly diskSpace?: Pick<DiskSpace, 'room'>;
}

export interface AssembledMember {
  readonly member: Member;
  readonly checkpointer: Checkpointer;
}

/** Rejects with CORRUPT when what is on the disk cannot be started with. */
export async function assembleMember(parts: MemberParts): Promise<AssembledMember> {
  const { log, recovered, checkpoints: store, state, quarantine } = await recoverMember(parts);
  const { meta, time, tree } = state;
  const checkpointer = new Checkpointer({ ...parts, log, store, loaded: meta });
  const installer = new Installer({ ...parts, log, store, checkpointer });
  const { hardState, base, runs } = recovered;
  const { heartbeatTicks, electionTicksMin, electionTicksMax } = parts.tuning;
  const raft = {
    self: parts.self,
    random: parts.random,
    heartbeatTicks,
    electionTicksMin,
    electionTicksMax,
    limits: parts.raftLimits ?? RAFT_LIMITS_DEFAULT,
    initial: { hardState, snapshot: base, runs, appliedIndex: meta.index },
  };
  const core = { ...parts, raft, tree, appliedAt: { ...meta, time }, quarantine };
  const connections = parts.connections ?? new Connections();
  const member = new Member(core, { ...parts, log, checkpointer, installer, connections });
  return { member, checkpointer };
}
