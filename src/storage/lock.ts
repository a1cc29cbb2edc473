/**
 * One process to a data directory. The lock is the one LevelDB keeps on an open database (fcntl, held by
 * the kernel for the process): it ends with the process however that ends, so it can never be stale. The
 * number of the holder stands beside it for the message only.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Level } from 'level';

const LOCK_FILE = 'LOCK';
const HOLDER_FILE = 'holder';

export interface DirectoryLock {
  release(): Promise<void>;
}

/** Rejects, naming the holder, when another process (or this one, before) holds the directory. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, 'lock');
  await mkdir(path, { recursive: true });
  const database = await openOrRemake(path).catch((error) => explain(directory, error));
  await writeFile(join(path, HOLDER_FILE), `${process.pid}\n`);
  return { release: () => database.close() };
}

/**
 * The database is empty, so damage to it, by a power loss say, must not keep the member down. LevelDB
 * reads it only with the lock in hand, and the lock's own file stays.
 */
async function openOrRemake(path: string): Promise<Level> {
  try {
    return await openDatabase(path);
  } catch (error) {
    if (codeOf(error) === 'LEVEL_LOCKED') throw error;
    const files = (await readdir(path)).filter((name) => name !== LOCK_FILE);
    for (const name of files) await rm(join(path, name), { recursive: true, force: true });
    return openDatabase(path);
  }
}

async function openDatabase(path: string): Promise<Level> {
  // Loaded when a directory is there to lock: state in memory does without.
  const { Level } = await import('level');
  const database = new Level(path);
  await database.open();
  return database;
}

function codeOf(error: unknown): unknown {
  return ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code;
}

async function explain(directory: string, error: unknown): Promise<never> {
  if (codeOf(error) !== 'LEVEL_LOCKED') {
    const reason = (error as Error).cause ?? error;
    throw new Error(`cannot lock ${directory}: ${reason}`, { cause: error });
  }
  const pid = await readFile(join(directory, 'lock', HOLDER_FILE), 'utf8').catch(() => 'unknown');
  const held = new Error(`${directory} is in use by process ${pid.trim()}`, { cause: error });
  throw Object.assign(held, { code: 'EBUSY' });
}
