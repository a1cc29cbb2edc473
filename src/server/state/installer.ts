/**
 * Fetches the whole state from another member, when the log no longer reaches back to where this one
 * stands. It goes into a fresh directory, is synced and verified against its digest, and only then does
 * the log restart behind it and the pointer switch: a crash at any moment leaves the old state or the
 * new one, never a mixture.
 */
import { decodeCheckpointMeta, decodeRows } from '../../codec/checkpoint.js';
import type { InstallOrder } from '../../raft/raft.js';
import type { CheckpointStore, Install } from '../../storage/checkpoint-store.js';
import type { LogStore } from '../../storage/wal.js';
import type { CheckpointChunk, Transport } from '../../transport/transport.js';
import type { Tree } from '../../tree/tree.js';
import { RollcallError } from '../../types/errors.js';
import type { CheckpointMeta } from '../../types/log.js';
import type { Scheduler } from '../member.js';
import type { Tuning } from '../tuning.js';
import type { Checkpointer } from './checkpointer.js';
import { LoadingTree } from './loading-tree.js';

export interface InstallerOptions {
  readonly store: CheckpointStore;
  readonly log: LogStore;
  readonly transport: Transport;
  readonly tuning: Tuning;
  readonly checkpointer: Checkpointer;
  readonly scheduler: Scheduler;
}

export interface Installed {
  readonly meta: CheckpointMeta;
  readonly tree: Tree;
}

/** Between two pieces of a transfer. */
const SILENCE_MS = 3_000;
/** Times in a row that a transfer may break without another row. */
const RESUMES_MAX = 5;

export class Installer {
  readonly #options: InstallerOptions;

  constructor(options: InstallerOptions) {
    this.#options = options;
  }

  /** Rejects with a RollcallError when the fetch failed, with anything else when this disk did. */
  async install(order: InstallOrder): Promise<Installed> {
    const transfer = new Transfer(this.#options);
    try {
      return await this.#switch(await transfer.run(order));
    } catch (error) {
      await transfer.abort();
      throw error;
    }
  }

  async #switch({ install, meta, tree }: Fetched): Promise<Installed> {
    const { log, checkpointer } = this.#options;
    await checkpointer.suspend();
    await log.reset(meta.snapshot, install.name);
    await install.switchTo();
    return { meta, tree };
  }
}

/** Verified, not yet in force. */
interface Fetched {
  readonly install: Install;
  readonly meta: CheckpointMeta;
  readonly tree: Tree;
}

/** One fetch, with its interruptions. */
class Transfer {
  readonly #options: InstallerOptions;
  #meta: CheckpointMeta | undefined;
  #install: Install | undefined;
  #lastKey: Uint8Array | undefined;

  constructor(options: InstallerOptions) {
    this.#options = options;
  }

  async run(order: InstallOrder): Promise<Fetched> {
    for (let resumes = 0; ; resumes++) {
      const from = this.#lastKey;
      try {
        await this.#fetch(order);
        return await this.#verify();
      } catch (error) {
        if (this.#lastKey !== from) resumes = 0;
        const isOver = resumes >= RESUMES_MAX || this.#lastKey === undefined;
        if (isOver || !(error instanceof RollcallError) || !error.retryable) throw error;
      }
    }
  }

  async abort(): Promise<void> {
    await this.#install?.abort();
  }

  async #fetch(order: InstallOrder): Promise<void> {
    const { index, term } = this.#meta?.snapshot ?? order.snapshot;
    const request = { index, term, afterKey: this.#lastKey };
    const chunks = this.#options.transport.fetchCheckpoint(order.from, request);
    const iterator = chunks[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.#within(iterator.next());
        if (next.done === true) return;
        await this.#add(next.value);
      }
    } finally {
      // Not awaited: what stands behind a dead link may never answer.
      iterator.return?.().catch(() => {});
    }
  }

  /** A source that fell silent must not hold this member back for ever. */
  #within<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.#options.scheduler.every(SILENCE_MS, () => {
        stop();
        reject(new RollcallError('TIMEOUT', 'the member that serves the state fell silent'));
      });
      answer.then(resolve, reject).finally(stop);
    });
  }

  async #add(chunk: CheckpointChunk): Promise<void> {
    if (chunk.meta !== undefined) await this.#begin(chunk.meta);
    const rows = decodeRows(chunk.rows);
    if (rows === undefined || this.#install === undefined)
      throw new RollcallError('CORRUPT', 'a piece of the state cannot be read');
    await this.#install.add(rows);
    this.#lastKey = rows.at(-1)?.[0] ?? this.#lastKey;
  }

  async #begin(bytes: Uint8Array): Promise<void> {
    const meta = decodeCheckpointMeta(bytes);
    if (meta === undefined) throw new RollcallError('CORRUPT', 'the state has no readable head');
    this.#meta = meta;
    this.#install = await this.#options.store.beginInstall(meta);
  }

  /** What was stored is read back; the tree is built from that, and its digest must be the announced one. */
  async #verify(): Promise<Fetched> {
    if (this.#install === undefined || this.#meta === undefined)
      throw new RollcallError('CORRUPT', 'the state came without its head');
    const { snapshot } = this.#meta;
    const { historyEventsMax, historyBytesMax } = this.#options.tuning;
    const loading = new LoadingTree(snapshot.index, { historyEventsMax, historyBytesMax });
    const isWhole = await this.#install.finish(loading);
    if (!isWhole || loading.tree === undefined)
      throw new RollcallError('CORRUPT', 'the fetched state does not match its digest');
    return { install: this.#install, meta: this.#meta, tree: loading.tree };
  }
}
