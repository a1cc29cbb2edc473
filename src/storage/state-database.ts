/**
 * The port below the checkpoint store: one directory of sorted rows, changed by atomic batches, and a
 * place where such directories are made, listed and removed. A crash leaves a directory as after some
 * completed batch; `settle` makes sure that it is the last one.
 */
import type { CheckpointMeta, CheckpointRow as Row } from '../types/log.js';

export type { CheckpointMeta, CheckpointRow as Row } from '../types/log.js';

/** Puts and deletes of one batch name each key once. */
export interface RowBatch {
  readonly puts: readonly Row[];
  readonly deletes: readonly Uint8Array[];
  readonly meta?: CheckpointMeta;
}

export interface RowPage {
  readonly rows: readonly Row[];
  readonly done: boolean;
}

/** The rows as they were at one moment. */
export interface StateView {
  readonly meta: CheckpointMeta | undefined;
  /** Rows behind a key, at least one, until their bytes exceed the maximum. */
  read(after: Uint8Array | undefined, bytesMax: number): Promise<RowPage>;
  close(): Promise<void>;
}

export interface StateDatabase {
  view(): Promise<StateView>;
  /** All rows in slices, in order. */
  rows(): AsyncIterable<readonly Row[]>;
  /** All or nothing; `durable` when it resolves, or at the next durable one, or at `settle`. */
  write(batch: RowBatch, options: { readonly durable: boolean }): Promise<void>;
  /** Brings all that was written to disk and opens it again, so that what is read then is what was stored. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export interface StateDatabases {
  /** A directory made by `create` is empty. Rejects with `StateDamage` when what is there cannot be opened. */
  open(name: string, mode: 'create' | 'existing'): Promise<StateDatabase>;
  list(): Promise<string[]>;
  /** Keeps them for a look later, under other names; what was set aside before goes. */
  setAside(names: readonly string[]): Promise<void>;
  remove(name: string): Promise<void>;
}

/** What is on disk is no state that was ever written. */
export class StateDamage extends Error {
  override readonly name = 'StateDamage';
}
