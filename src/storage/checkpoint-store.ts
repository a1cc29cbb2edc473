/**
 * The member's checkpoints: the current state directory, named by a pointer file, and at most one that is
 * being installed. The pointer moves only to a directory that was settled and verified. A log whose base
 * came with an installed snapshot names the directory it needs; a start that finds the pointer behind
 * completes the switch.
 */
import { assert } from '../types/assert.js';
import type { Disk } from '../types/ports.js';
import {
  type CheckpointMeta,
  type Row,
  type RowPage,
  StateDamage,
  type StateDatabase,
  type StateDatabases,
} from './state-database.js';
import { readStoredJson, textField, writeStoredJson } from './stored-json.js';

export type { CheckpointMeta, Row, RowPage } from './state-database.js';

export interface CheckpointBatch {
  readonly meta: CheckpointMeta;
  readonly puts: readonly Row[];
  readonly deletes: readonly Uint8Array[];
}

export interface LoadedCheckpoint {
  readonly meta: CheckpointMeta;
  /** Once, from the first to the last. The reader compares its digest with the one in `meta`. */
  readonly rows: AsyncIterable<readonly Row[]>;
}

/** The last checkpoint held still for a member that lags; saves and later checkpoints do not touch it. */
export interface CheckpointSnapshot {
  readonly meta: CheckpointMeta;
  /** Goes on behind a key, so a transfer may be resumed. */
  read(after: Uint8Array | undefined, bytesMax: number): Promise<RowPage>;
  close(): Promise<void>;
}

/** The owner of the rows knows how to digest them, in order of their keys. */
export interface RowDigest {
  add(rows: readonly Row[]): void;
  finish(): string;
}

/** In this order: add…, finish, then the caller resets its log to `name`, then switchTo. */
export interface Install {
  /** The directory; `LogStore.reset` records it. */
  readonly name: string;
  add(rows: readonly Row[]): Promise<void>;
  /** Durable and read back; false when the digest is not the one announced. */
  finish(digest: RowDigest): Promise<boolean>;
  switchTo(): Promise<void>;
  abort(): Promise<void>;
}

export interface CheckpointStore {
  /** Name of the current directory. */
  readonly directory: string;
  load(): Promise<LoadedCheckpoint | undefined>;
  save(batch: CheckpointBatch): Promise<void>;
  openSnapshot(): Promise<CheckpointSnapshot | undefined>;
  /** At most one at a time. */
  beginInstall(meta: CheckpointMeta): Promise<Install>;
  /** What is current must not be used: unless it is empty it is kept for a look later. The store is empty then. */
  setAside(): Promise<void>;
  close(): Promise<void>;
}

const POINTER_FILE = 'current-state.json';
const NAME = /^state-(\d+)$/;

/** `damage`: the state cannot be opened; it is set aside and the store is empty. */
export async function openCheckpointStore(
  disk: Disk,
  databases: StateDatabases,
  neededByLog: string | undefined,
): Promise<{ readonly store: CheckpointStore; readonly damage: string | undefined }> {
  const pointer = await readPointer(disk);
  const wanted = newest(pointer.directory, neededByLog);
  const found = wanted === undefined ? undefined : await openExisting(databases, wanted);
  if (pointer.damage !== undefined) await setOthersAside(databases, wanted);
  const directory =
    found?.database === undefined ? await freshName(databases, wanted) : (wanted as string);
  const database = found?.database ?? (await databases.open(directory, 'create'));
  if (directory !== pointer.directory) await writePointer(disk, directory);
  await removeOthers(databases, directory);
  const store = new Checkpoints(disk, databases, { directory, database });
  return { store, damage: found?.damage ?? pointer.damage };
}

async function openExisting(
  databases: StateDatabases,
  name: string,
): Promise<{ readonly database?: StateDatabase; readonly damage?: string }> {
  if (!(await databases.list()).includes(name)) return { damage: `${name} is missing` };
  try {
    return { database: await databases.open(name, 'existing') };
  } catch (error) {
    if (!(error instanceof StateDamage)) throw error;
    await databases.setAside([name]);
    return { damage: `${name}: ${error.message}` };
  }
}

async function readPointer(
  disk: Disk,
): Promise<{ readonly directory: string | undefined; readonly damage: string | undefined }> {
  const stored = await readStoredJson(disk, POINTER_FILE);
  if (stored.type === 'missing') return { directory: undefined, damage: undefined };
  const directory = stored.type === 'value' ? textField(stored.value, 'directory') : undefined;
  if (directory !== undefined && NAME.test(directory)) return { directory, damage: undefined };
  return { directory: undefined, damage: `${POINTER_FILE} is damaged` };
}

function writePointer(disk: Disk, directory: string): Promise<void> {
  return writeStoredJson(disk, POINTER_FILE, { directory });
}

function numberOf(name: string | undefined): number {
  return Number(NAME.exec(name ?? '')?.[1] ?? 0);
}

function newest(a: string | undefined, b: string | undefined): string | undefined {
  return numberOf(b) > numberOf(a) ? b : a;
}

async function freshName(databases: StateDatabases, behind: string | undefined): Promise<string> {
  const numbers = [...(await databases.list()), behind].map(numberOf);
  return `state-${Math.max(...numbers) + 1}`;
}

/** One of them was current, and nothing says which. */
async function setOthersAside(databases: StateDatabases, keep: string | undefined): Promise<void> {
  const others = (await databases.list()).filter((name) => name !== keep);
  if (others.length > 0) await databases.setAside(others);
}

/** What a crash left of an install or a switch. */
async function removeOthers(databases: StateDatabases, keep: string): Promise<void> {
  for (const name of await databases.list()) {
    if (name !== keep && NAME.test(name)) await databases.remove(name);
  }
}

interface Current {
  readonly directory: string;
  readonly database: StateDatabase;
}

class Checkpoints implements CheckpointStore {
  readonly #disk: Disk;
  readonly #databases: StateDatabases;
  #current: Current;
  #install: StateInstall | undefined;

  constructor(disk: Disk, databases: StateDatabases, current: Current) {
    this.#disk = disk;
    this.#databases = databases;
    this.#current = current;
  }

  get directory(): string {
    return this.#current.directory;
  }

  async load(): Promise<LoadedCheckpoint | undefined> {
    const { database } = this.#current;
    const view = await database.view();
    await view.close();
    return view.meta === undefined ? undefined : { meta: view.meta, rows: database.rows() };
  }

  save(batch: CheckpointBatch): Promise<void> {
    return this.#current.database.write(batch, { durable: true });
  }

  async openSnapshot(): Promise<CheckpointSnapshot | undefined> {
    const view = await this.#current.database.view();
    const { meta } = view;
    if (meta === undefined) {
      await view.close();
      return undefined;
    }
    return {
      meta,
      read: (after, bytesMax) => view.read(after, bytesMax),
      close: () => view.close(),
    };
  }

  async beginInstall(meta: CheckpointMeta): Promise<Install> {
    assert(this.#install === undefined, 'one install at a time');
    const name = await freshName(this.#databases, this.directory);
    const database = await this.#databases.open(name, 'create');
    const install = new StateInstall(name, meta, {
      database,
      switchTo: () => this.#switchTo({ directory: name, database }),
      abort: ({ keep }) => this.#abort({ directory: name, database }, keep),
    });
    this.#install = install;
    return install;
  }

  async setAside(): Promise<void> {
    assert(this.#install === undefined, 'nothing is installed meanwhile');
    const old = this.#current;
    if (await this.#isEmpty()) return;
    const directory = await freshName(this.#databases, old.directory);
    await old.database.close();
    await this.#databases.setAside([old.directory]);
    const database = await this.#databases.open(directory, 'create');
    await writePointer(this.#disk, directory);
    this.#current = { directory, database };
  }

  async #isEmpty(): Promise<boolean> {
    try {
      return (await this.load()) === undefined;
    } catch (error) {
      if (error instanceof StateDamage) return false;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#install?.abort();
    await this.#current.database.close();
  }

  async #switchTo(next: Current): Promise<void> {
    const old = this.#current;
    await writePointer(this.#disk, next.directory);
    this.#current = next;
    this.#install = undefined;
    await old.database.close();
    await this.#databases.remove(old.directory);
  }

  /** Once verified, the log may name it already, even if its reset failed: the next start decides. */
  async #abort(unfinished: Current, keep: boolean): Promise<void> {
    this.#install = undefined;
    await unfinished.database.close();
    if (keep) return;
    await this.#databases.remove(unfinished.directory);
  }
}

interface InstallHost {
  readonly database: StateDatabase;
  readonly switchTo: () => Promise<void>;
  readonly abort: (options: { readonly keep: boolean }) => Promise<void>;
}

class StateInstall implements Install {
  readonly name: string;
  readonly #meta: CheckpointMeta;
  readonly #host: InstallHost;
  #phase: 'adding' | 'verified' | 'over' = 'adding';

  constructor(name: string, meta: CheckpointMeta, host: InstallHost) {
    this.name = name;
    this.#meta = meta;
    this.#host = host;
  }

  add(rows: readonly Row[]): Promise<void> {
    assert(this.#phase === 'adding', 'rows come before the end');
    return this.#host.database.write({ puts: rows, deletes: [] }, { durable: false });
  }

  async finish(digest: RowDigest): Promise<boolean> {
    assert(this.#phase === 'adding', 'an install ends once');
    const { database } = this.#host;
    await database.write({ puts: [], deletes: [], meta: this.#meta }, { durable: true });
    await database.settle();
    for await (const rows of database.rows()) digest.add(rows);
    const isVerified = digest.finish() === this.#meta.digest;
    if (isVerified) this.#phase = 'verified';
    return isVerified;
  }

  switchTo(): Promise<void> {
    assert(this.#phase === 'verified', 'only what was verified becomes current');
    this.#phase = 'over';
    return this.#host.switchTo();
  }

  async abort(): Promise<void> {
    if (this.#phase === 'over') return;
    const mayBeNamed = this.#phase === 'verified';
    this.#phase = 'over';
    await this.#host.abort({ keep: mayBeNamed });
  }
}
