/**
 * One process to a data directory. The lock is the one LevelDB keeps on an open database (fcntl, held by
 * the kernel for the process): it ends with the process however that ends, so it can never be stale. The
 * number of the holder stands beside it for the message only.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';

export interface DirectoryLock {
  release(): Promise<void>;
}

/** Rejects, naming the holder, when another process (or this one, before) holds the directory. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const holder = join(directory, 'lock', 'holder');
  await mkdir(join(directory, 'lock'), { recursive: true });
  const database = new Level(join(directory, 'lock'));
  try {
    await database.open();
  } catch (error) {
    throw await explain(directory, { error, holder });
  }
  await writeFile(holder, `${process.pid}\n`);
  return { release: () => database.close() };
}

async function explain(
  directory: string,
  found: { readonly error: unknown; readonly holder: string },
): Promise<Error> {
  const cause = (found.error as { readonly cause?: unknown }).cause;
  if ((cause as NodeJS.ErrnoException | undefined)?.code !== 'LEVEL_LOCKED') {
    return new Error(`cannot lock ${directory}: ${cause ?? found.error}`, { cause: found.error });
  }
  const pid = await readFile(found.holder, 'utf8').catch(() => 'unknown');
  return new Error(
    `${directory} is in use by process ${pid.trim()}: stop it, or give this member a directory of its own`,
    { cause: found.error },
  );
}
