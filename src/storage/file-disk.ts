/**
 * The disk port over one real directory. Writes go to explicit offsets, `sync` is fdatasync (which also
 * makes a changed size durable), and names become durable only with `syncDirectory`, an fsync of the
 * directory. It retries nothing: a failed write or sync is the caller's reason to stop.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk, DiskFile } from '../types/ports.js';

const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC;

/** The directory must exist. */
export function createFileDisk(directory: string): Disk {
  const at = (name: string): string => join(directory, name);
  return {
    open: async (name, mode) =>
      new RealFile(await open(at(name), mode === 'create' ? CREATE : 'r+')),
    list: async () => (await readdir(directory)).sort(),
    exists: (name) => isThere(at(name)),
    rename: (from, to) => rename(at(from), at(to)),
    remove: (name) => rm(at(name)),
    syncDirectory: () => syncDirectoryAt(directory),
  };
}

export async function syncDirectoryAt(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

class RealFile implements DiskFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** The kernel may take less than it was given; the rest is offered again. */
  async write(offset: number, parts: readonly Uint8Array[]): Promise<void> {
    let rest = parts.filter((part) => part.length > 0);
    let at = offset;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#handle.writev(rest, at);
      at += bytesWritten;
      rest = withoutFirst(rest, bytesWritten);
    }
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  truncate(length: number): Promise<void> {
    return this.#handle.truncate(length);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function withoutFirst(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = count;
  for (const part of parts) {
    if (skip < part.length) rest.push(part.subarray(skip));
    skip = Math.max(0, skip - part.length);
  }
  return rest;
}
