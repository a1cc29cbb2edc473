/**
 * State directories in memory, as they behave through a power loss: durable batches stay, of the others a
 * prefix does, and whoever held a directory before the crash gets no answer any more.
 */
import { assert } from '../types/assert.js';
import type { Random } from '../types/ports.js';
import {
  type CheckpointMeta,
  type Row,
  type RowBatch,
  StateDamage,
  type StateDatabase,
  type StateDatabases,
  type StateView,
} from './state-database.js';

export type StateOperation = keyof StateDatabases | keyof StateDatabase;

export interface MemoryStateOptions {
  /** Decides when an operation completes. Default: at once. */
  readonly schedule?: (operation: StateOperation, complete: () => void) => void;
  readonly fault?: (operation: StateOperation, name: string) => Error | undefined;
}

const SLICE_ROWS = 1000;

/** Rows by the text of their key, one character a byte, so that text order is byte order. */
class Image {
  readonly rows = new Map<string, Row>();
  meta: CheckpointMeta | undefined;
  #sorted: readonly string[] | undefined;

  apply(batch: RowBatch): void {
    for (const [key, value] of batch.puts) {
      assert(key.length > 0, 'rows have keys');
      this.rows.set(textOf(key), [key.slice(), value.slice()]);
    }
    for (const key of batch.deletes) this.rows.delete(textOf(key));
    if (batch.meta !== undefined) this.meta = batch.meta;
    this.#sorted = undefined;
  }

  sorted(): Row[] {
    this.#sorted ??= [...this.rows.keys()].sort();
    return this.#sorted.map((key) => this.rows.get(key)!);
  }
}

interface Directory {
  readonly durable: Image;
  readonly seen: Image;
  pending: RowBatch[];
  isDamaged: boolean;
}

export class MemoryStateDatabases implements StateDatabases {
  readonly #options: MemoryStateOptions;
  readonly #directories = new Map<string, Directory>();
  #life = 0;

  constructor(options: MemoryStateOptions = {}) {
    this.#options = options;
  }

  open(name: string, mode: 'create' | 'existing'): Promise<StateDatabase> {
    return this.#perform('open', name, () => {
      if (mode === 'create') this.#directories.set(name, emptyDirectory());
      const directory = this.#directories.get(name);
      if (directory === undefined || directory.isDamaged) throw new StateDamage('unreadable');
      const life = this.#life;
      return new MemoryStateDatabase(directory, (operation, effect) =>
        this.#perform(operation, name, effect, life),
      );
    });
  }

  list(): Promise<string[]> {
    return this.#perform('list', '', () => [...this.#directories.keys()].sort());
  }

  setAside(names: readonly string[]): Promise<void> {
    return this.#perform('setAside', names[0] ?? '', () => {
      for (const name of names) this.#directories.delete(name);
    });
  }

  remove(name: string): Promise<void> {
    return this.#perform('remove', name, () => {
      this.#directories.delete(name);
    });
  }

  crash(random: Random): void {
    this.#life++;
    for (const [name, directory] of this.#directories) {
      const kept = directory.pending.slice(0, random.below(directory.pending.length + 1));
      const after = emptyDirectory();
      after.durable.apply(batchOf(directory.durable));
      for (const batch of kept) after.durable.apply(batch);
      after.seen.apply(batchOf(after.durable));
      after.isDamaged = directory.isDamaged;
      this.#directories.set(name, after);
    }
  }

  /** The process died, the machine did not: everything written stays. */
  kill(): void {
    this.#life++;
  }

  /** Makes a directory one that cannot be opened. */
  damage(name: string): void {
    const directory = this.#directories.get(name);
    assert(directory !== undefined, 'only what is there can be damaged');
    directory.isDamaged = true;
  }

  #perform<T>(
    operation: StateOperation,
    name: string,
    effect: () => T,
    life = this.#life,
  ): Promise<T> {
    const schedule = this.#options.schedule ?? ((_, complete) => queueMicrotask(complete));
    return new Promise((resolve, reject) => {
      if (life !== this.#life) return;
      schedule(operation, () => {
        if (life !== this.#life) return;
        try {
          const error = this.#options.fault?.(operation, name);
          if (error !== undefined) throw error;
          resolve(effect());
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}

type Perform = <T>(operation: StateOperation, effect: () => T) => Promise<T>;

class MemoryStateDatabase implements StateDatabase {
  readonly #directory: Directory;
  readonly #perform: Perform;

  constructor(directory: Directory, perform: Perform) {
    this.#directory = directory;
    this.#perform = perform;
  }

  view(): Promise<StateView> {
    return this.#perform('view', () => createView(this.#directory.seen, this.#perform));
  }

  async *rows(): AsyncIterable<readonly Row[]> {
    const sorted = await this.#perform('rows', () => this.#directory.seen.sorted());
    for (let i = 0; i < sorted.length; i += SLICE_ROWS) {
      yield await this.#perform('rows', () => sorted.slice(i, i + SLICE_ROWS));
    }
  }

  write(batch: RowBatch, options: { readonly durable: boolean }): Promise<void> {
    const copy = copyOf(batch);
    this.#directory.pending.push(copy);
    return this.#perform('write', () => {
      this.#directory.seen.apply(copy);
      if (options.durable) this.#flush();
    });
  }

  settle(): Promise<void> {
    return this.#perform('settle', () => this.#flush());
  }

  close(): Promise<void> {
    return this.#perform('close', () => {});
  }

  #flush(): void {
    for (const batch of this.#directory.pending) this.#directory.durable.apply(batch);
    this.#directory.pending = [];
  }
}

function createView(image: Image, perform: Perform): StateView {
  const rows = image.sorted();
  let isClosed = false;
  return {
    meta: image.meta,
    read: (after, bytesMax) =>
      perform('view', () => {
        assert(!isClosed, 'a view is read while it is open');
        const from = after === undefined ? '' : textOf(after);
        const start = rows.findIndex(([key]) => textOf(key) > from);
        if (start < 0) return { rows: [], done: true };
        const count = countWithin(rows, start, bytesMax);
        return { rows: rows.slice(start, start + count), done: start + count === rows.length };
      }),
    close: () =>
      perform('view', () => {
        isClosed = true;
      }),
  };
}

function countWithin(rows: readonly Row[], start: number, bytesMax: number): number {
  let bytes = 0;
  let count = 0;
  for (const [key, value] of rows.slice(start)) {
    bytes += key.length + value.length;
    if (bytes > bytesMax && count > 0) break;
    count++;
  }
  return count;
}

function emptyDirectory(): Directory {
  return { durable: new Image(), seen: new Image(), pending: [], isDamaged: false };
}

function batchOf(image: Image): RowBatch {
  const batch = { puts: image.sorted(), deletes: [] };
  return image.meta === undefined ? batch : { ...batch, meta: image.meta };
}

function copyOf(batch: RowBatch): RowBatch {
  return {
    ...batch,
    puts: batch.puts.map(([key, value]) => [key.slice(), value.slice()]),
    deletes: batch.deletes.map((key) => key.slice()),
  };
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
