/**
 * State directories in LevelDB. The description of the checkpoint is the row with the empty key, so that
 * rows and description change in one batch. Batches are filled in slices; the write itself, and reading,
 * happen on LevelDB's threads.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BatchOperation, Level } from 'level';
import { decodeCheckpointMeta, encodeCheckpointMeta } from '../codec/checkpoint.js';
import { assert } from '../types/assert.js';
import { syncDirectoryAt } from './file-disk.js';
import {
  type CheckpointMeta,
  type Row,
  type RowBatch,
  type RowPage,
  StateDamage,
  type StateDatabase,
  type StateDatabases,
  type StateView,
} from './state-database.js';

type Database = Level<Uint8Array, Uint8Array>;
type View = ReturnType<Database['snapshot']>;

const META_KEY = new Uint8Array(0);
const FIRST_ROW_KEY = Uint8Array.of(0);
/** Rows handed to LevelDB, or taken from it, before others get a turn: about a millisecond. */
const SLICE_ROWS = 1000;
const ASIDE = 'damaged-';
const STATE_ASIDE = `${ASIDE}state-`;
const READ_AHEAD_BYTES = 256 * 1024;

const MISSING_FILE = /No such file or directory|does not exist/;
/** LevelDB's own words for files that contradict each other. */
const DAMAGE_CODES: readonly unknown[] = ['LEVEL_CORRUPTION', 'LEVEL_INVALID_ARGUMENT'];

export function createLevelDatabases(directory: string): StateDatabases {
  const at = (name: string): string => join(directory, name);
  return {
    open: async (name, mode) => {
      if (mode === 'create') await rm(at(name), { recursive: true, force: true });
      const database = await openLevel(at(name), mode);
      await syncDirectoryAt(at(name));
      await syncDirectoryAt(directory);
      return new LevelStateDatabase(at(name), database);
    },
    list: async () => (await readdir(directory)).filter((name) => name.startsWith('state-')),
    setAside: async (names) => {
      const before = (await readdir(directory)).filter((name) => name.startsWith(STATE_ASIDE));
      for (const name of before) await rm(at(name), { recursive: true, force: true });
      for (const name of names) await rename(at(name), at(`${ASIDE}${name}`));
      await syncDirectoryAt(directory);
    },
    remove: async (name) => {
      await rm(at(name), { recursive: true, force: true });
      await syncDirectoryAt(directory);
    },
  };
}

async function openLevel(path: string, mode: 'create' | 'existing'): Promise<Database> {
  if (mode === 'create') await mkdir(path, { recursive: true });
  // Loaded with the first directory: members whose state is in memory do without.
  const { Level } = await import('level');
  const database: Database = new Level(path, { keyEncoding: 'view', valueEncoding: 'view' });
  try {
    await database.open({ createIfMissing: mode === 'create' });
    return database;
  } catch (error) {
    throw explain(path, error);
  }
}

function explain(path: string, error: unknown): Error {
  const cause = (error as { readonly cause?: unknown }).cause as NodeJS.ErrnoException | undefined;
  if (cause?.code === 'LEVEL_LOCKED') {
    return new Error(`${path} is in use by another process`, { cause: error });
  }
  if (isDamage(cause)) return new StateDamage(cause?.message, { cause: error });
  return new Error(`cannot open ${path}: ${cause?.message ?? error}`, { cause: error });
}

/** A missing file is an IO error to LevelDB, and only its text says which. */
function isDamage(error: unknown): boolean {
  const { code, message } = (error ?? {}) as {
    readonly code?: unknown;
    readonly message?: unknown;
  };
  return DAMAGE_CODES.includes(code) || MISSING_FILE.test(String(message));
}

function throwDamage(error: unknown): never {
  throw isDamage(error) ? new StateDamage((error as Error).message, { cause: error }) : error;
}

class LevelStateDatabase implements StateDatabase {
  readonly #path: string;
  #database: Database;

  constructor(path: string, database: Database) {
    this.#path = path;
    this.#database = database;
  }

  async view(): Promise<StateView> {
    const database = this.#database;
    const snapshot = database.snapshot();
    const stored = await database.get(META_KEY, { snapshot }).catch(throwDamage);
    return {
      meta: stored === undefined ? undefined : decodeMeta(stored),
      read: (after, bytesMax) => readPage(database, snapshot, { after, bytesMax }),
      close: () => snapshot.close(),
    };
  }

  async *rows(): AsyncIterable<readonly Row[]> {
    const iterator = this.#database.iterator({
      gte: FIRST_ROW_KEY,
      highWaterMarkBytes: READ_AHEAD_BYTES,
      fillCache: false,
    });
    try {
      for (;;) {
        const rows = await iterator.nextv(SLICE_ROWS);
        if (rows.length === 0) return;
        yield rows;
      }
    } catch (error) {
      throwDamage(error);
    } finally {
      await iterator.close();
    }
  }

  async write(batch: RowBatch, options: { readonly durable: boolean }): Promise<void> {
    const { puts, deletes, meta } = batch;
    const chain = this.#database.batch();
    for (let i = 0; i < puts.length; i++) {
      if (i % SLICE_ROWS === SLICE_ROWS - 1) await othersTurn();
      const [key, value] = puts[i]!;
      assert(key.length > 0, 'rows have keys');
      chain.put(key, value);
    }
    for (let i = 0; i < deletes.length; i++) {
      if (i % SLICE_ROWS === SLICE_ROWS - 1) await othersTurn();
      chain.del(deletes[i]!);
    }
    if (meta !== undefined) chain.put(META_KEY, encodeCheckpointMeta(meta));
    await chain.write({ sync: options.durable });
    if (meta !== undefined && puts.length > SLICE_ROWS) await this.#moveOutOfLog(meta);
  }

  async settle(): Promise<void> {
    await this.#database.close();
    this.#database = await openLevel(this.#path, 'existing');
    await syncDirectoryAt(this.#path);
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  /**
   * LevelDB starts to move a large batch from its log to sorted files only at the next write; until then
   * a start would have to read it all again.
   */
  async #moveOutOfLog(meta: CheckpointMeta): Promise<void> {
    const again: BatchOperation<Database, Uint8Array, Uint8Array> = {
      type: 'put',
      key: META_KEY,
      value: encodeCheckpointMeta(meta),
    };
    await this.#database.batch([again], { sync: true });
  }
}

async function readPage(
  database: Database,
  snapshot: View,
  from: { readonly after: Uint8Array | undefined; readonly bytesMax: number },
): Promise<RowPage> {
  const start = from.after === undefined ? { gte: FIRST_ROW_KEY } : { gt: from.after };
  const highWaterMarkBytes = Math.min(from.bytesMax, READ_AHEAD_BYTES);
  const iterator = database.iterator({ ...start, snapshot, highWaterMarkBytes, fillCache: false });
  const rows: Row[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const row = await iterator.next();
      if (row === undefined) return { rows, done: true };
      bytes += row[0].length + row[1].length;
      if (bytes > from.bytesMax && rows.length > 0) return { rows, done: false };
      rows.push(row);
    }
  } finally {
    await iterator.close();
  }
}

function decodeMeta(bytes: Uint8Array): CheckpointMeta {
  const meta = decodeCheckpointMeta(bytes);
  if (meta === undefined) throw new StateDamage('the description of the checkpoint is damaged');
  return meta;
}

function othersTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
