/**
 * Opens what a member keeps on disk, in the only right order: the lock, who it is, and, once it knows its
 * cluster, log and checkpoints together. It brings the two in line: a state that is ahead of the log
 * becomes the log's base; a log that begins behind a missing state is reported, since the entries between
 * are gone. A member whose state is no good starts over with nothing, in quarantine.
 */
import { randomInt } from 'node:crypto';
import { assert } from '../types/assert.js';
import type { SnapshotMeta } from '../types/log.js';
import type { Clock, Disk, Random } from '../types/ports.js';
import {
  type CheckpointMeta,
  type CheckpointStore,
  openCheckpointStore,
} from './checkpoint-store.js';
import { makeDirectory } from './directory.js';
import { createFileDisk } from './file-disk.js';
import { type Identity, nextBoot, readIdentity, writeIdentity } from './identity.js';
import { createLevelDatabases } from './level-state-database.js';
import { lockDirectory } from './lock.js';
import { StateDamage, type StateDatabases } from './state-database.js';
import { type IdleTimer, type LogStore, openWal, type RecoveredLog } from './wal.js';

export interface StorageOptions {
  readonly clock?: Pick<Clock, 'monotonicMs'>;
  readonly onSync?: (ms: number) => void;
  readonly segmentBytes?: number;
  readonly allocateBytes?: number;
}

export interface MemoryStorageOptions extends StorageOptions {
  readonly disk: Disk;
  readonly databases: StateDatabases;
  readonly random: Random;
  readonly timer?: IdleTimer;
}

export interface OpenedLog {
  readonly log: LogStore;
  readonly recovered: RecoveredLog;
  readonly checkpoints: CheckpointStore;
  /** What `checkpoints.load` will give; undefined when there is none. */
  readonly checkpoint: CheckpointMeta | undefined;
  /** The state cannot be had from this disk: why. A snapshot must be installed before anything is applied. */
  readonly stateDamage: string | undefined;
}

export interface MemberStorage {
  /** With the boot number of this life; undefined when the directory is empty. */
  readonly identity: Identity | undefined;
  /** Durable when it resolves. For an empty directory, and again when the cluster's id is known. */
  writeIdentity(identity: Identity): Promise<Identity>;
  /** Once, and only when the identity names its cluster. */
  openLog(): Promise<OpenedLog>;
  /** The state that was opened is no good: it and the log are set aside, and both begin empty. */
  startOver(reason: string): Promise<OpenedLog>;
  close(): Promise<void>;
}

/** Not guessable; for everything on disk that must be unique or unforgeable. */
export function createCryptoRandom(): Random {
  return { below: (bound) => randomInt(bound) };
}

export async function openStorage(
  directory: string,
  options: StorageOptions = {},
): Promise<MemberStorage> {
  await makeDirectory(directory);
  const lock = await lockDirectory(directory);
  try {
    const disk = createFileDisk(directory);
    const databases = createLevelDatabases(directory);
    const random = createCryptoRandom();
    const all = { ...options, disk, databases, random, timer: createIdleTimer() };
    return await Storage.open(all, () => lock.release());
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The same over disks in memory, which outlive it: what a crash left is found by the next call. */
export function openMemoryStorage(options: MemoryStorageOptions): Promise<MemberStorage> {
  return Storage.open(options, async () => {});
}

function createIdleTimer(): IdleTimer {
  return {
    start: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs).unref();
      return () => clearTimeout(timer);
    },
  };
}

class Storage implements MemberStorage {
  readonly #options: MemoryStorageOptions;
  readonly #release: () => Promise<void>;
  #identity: Identity | undefined;
  #opened: OpenedLog | undefined;

  static async open(
    options: MemoryStorageOptions,
    release: () => Promise<void>,
  ): Promise<MemberStorage> {
    const found = await readIdentity(options.disk);
    const identity = found === undefined ? undefined : await nextBoot(options.disk, found);
    return new Storage(options, release, identity);
  }

  constructor(
    options: MemoryStorageOptions,
    release: () => Promise<void>,
    identity: Identity | undefined,
  ) {
    this.#options = options;
    this.#release = release;
    this.#identity = identity;
  }

  get identity(): Identity | undefined {
    return this.#identity;
  }

  async writeIdentity(identity: Identity): Promise<Identity> {
    const known = this.#identity;
    assert(known === undefined || known.memberId === identity.memberId, 'an id is minted once');
    await writeIdentity(this.#options.disk, identity);
    this.#identity = identity;
    return identity;
  }

  async openLog(): Promise<OpenedLog> {
    const { memberId, clusterId, founders } = this.#identity ?? {};
    assert(this.#opened === undefined, 'a log is opened once');
    assert(memberId !== undefined && clusterId !== undefined, 'a log belongs to a cluster');
    const { disk, databases } = this.#options;
    const identity = { memberId, clusterId, founders: founders! };
    const opened = await openWal(disk, { ...this.#options, ...identity });
    try {
      const { checkpoint, startsOver } = opened.recovered;
      const state = await openCheckpointStore(disk, databases, checkpoint);
      if (startsOver) {
        await state.store.setAside();
        await opened.log.startedOver();
      }
      this.#opened = await align(opened, state);
      return this.#opened;
    } catch (error) {
      await opened.log.close();
      throw error;
    }
  }

  /** The record first: whoever opens what stands behind it finds both begun anew. */
  async startOver(reason: string): Promise<OpenedLog> {
    const opened = this.#opened;
    assert(opened !== undefined, 'only what was opened is set aside');
    const { log, recovered, checkpoints } = opened;
    const { hardStateIntact } = recovered;
    await log.quarantine(recovered.damage ?? reason, { hardStateIntact, startsOver: true });
    await log.close();
    await checkpoints.close();
    this.#opened = undefined;
    return this.openLog();
  }

  async close(): Promise<void> {
    await this.#opened?.log.close();
    await this.#opened?.checkpoints.close();
    await this.#release();
  }
}

async function align(
  opened: { readonly log: LogStore; readonly recovered: RecoveredLog },
  state: { readonly store: CheckpointStore; readonly damage: string | undefined },
): Promise<OpenedLog> {
  const { log, recovered } = opened;
  const checkpoints = state.store;
  const { meta: checkpoint, damage } = await readMeta(checkpoints);
  const index = checkpoint?.snapshot.index ?? 0;
  const stateDamage = state.damage ?? damage;
  if (checkpoint === undefined || index <= lastIndexOf(recovered)) {
    const gap = index < recovered.base.index ? describeGap(index, recovered.base) : undefined;
    return { log, recovered, checkpoints, checkpoint, stateDamage: stateDamage ?? gap };
  }
  const behind = await beginAt(opened, checkpoint.snapshot, checkpoints.directory);
  return { log, recovered: behind, checkpoints, checkpoint, stateDamage };
}

/**
 * The log has nothing at or behind the state. What was applied is committed, so the state stands for it;
 * but a log that has not even seen the state's term has lost its end, and perhaps a vote with it.
 */
async function beginAt(
  opened: { readonly log: LogStore; readonly recovered: RecoveredLog },
  base: SnapshotMeta,
  checkpoint: string,
): Promise<RecoveredLog> {
  const { log, recovered } = opened;
  const isIntact = recovered.hardState.term >= base.term && recovered.hardStateIntact;
  const lost = `the log has not seen term ${base.term}, which the state has`;
  const damage = recovered.damage ?? (isIntact ? undefined : lost);
  if (damage !== undefined) await log.quarantine(damage, { hardStateIntact: isIntact });
  await log.reset(base, checkpoint);
  return { ...recovered, base, checkpoint, runs: [], damage, hardStateIntact: isIntact };
}

async function readMeta(
  checkpoints: CheckpointStore,
): Promise<{ readonly meta: CheckpointMeta | undefined; readonly damage: string | undefined }> {
  try {
    return { meta: (await checkpoints.load())?.meta, damage: undefined };
  } catch (error) {
    if (!(error instanceof StateDamage)) throw error;
    return { meta: undefined, damage: error.message };
  }
}

function lastIndexOf(recovered: RecoveredLog): number {
  const run = recovered.runs.at(-1);
  return run === undefined ? recovered.base.index : run.first + run.count - 1;
}

function describeGap(index: number, base: SnapshotMeta): string {
  return `the state ends at ${index}, and the log begins behind ${base.index}`;
}
