/**
 * Small facts as JSON that a person can read, with a checksum line, replaced as a whole: a reader finds
 * the old text or the new one, or learns that what it found is neither.
 */
import { crc32 } from 'node:zlib';
import type { Disk, DiskFile } from '../types/ports.js';

export type StoredJson =
  | { readonly type: 'missing' }
  | { readonly type: 'damaged' }
  | { readonly type: 'value'; readonly value: unknown };

/** Durable when it resolves. */
export async function writeStoredJson(disk: Disk, name: string, value: object): Promise<void> {
  const body = `${JSON.stringify(value, null, 2)}\n`;
  const text = `${body}crc32 ${checksumOf(body)}\n`;
  const temporary = `${name}.tmp`;
  await withFile(await disk.open(temporary, 'create'), async (file) => {
    await file.write(0, [Buffer.from(text)]);
    await file.sync();
  });
  await disk.rename(temporary, name);
  await disk.syncDirectory();
}

export async function readStoredJson(disk: Disk, name: string): Promise<StoredJson> {
  if (!(await disk.exists(name))) return { type: 'missing' };
  const bytes = await withFile(await disk.open(name, 'existing'), async (file) =>
    file.read(0, await file.size()),
  );
  return parseStoredJson(Buffer.from(bytes).toString('utf8'));
}

export async function removeStoredJson(disk: Disk, name: string): Promise<void> {
  if (!(await disk.exists(name))) return;
  await disk.remove(name);
  await disk.syncDirectory();
}

/** A field of a value that was read; `undefined` when it is missing or of another kind. */
export function textField(value: unknown, name: string): string | undefined {
  const field = fieldOf(value, name);
  return typeof field === 'string' ? field : undefined;
}

/** A safe integer, not negative. */
export function countField(value: unknown, name: string): number | undefined {
  const field = fieldOf(value, name);
  return typeof field === 'number' && Number.isSafeInteger(field) && field >= 0 ? field : undefined;
}

export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

export async function withFile<T>(file: DiskFile, use: (file: DiskFile) => Promise<T>): Promise<T> {
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

function parseStoredJson(text: string): StoredJson {
  const found = /^(.*\n)crc32 ([0-9a-f]{8})\n$/s.exec(text);
  if (found === null || checksumOf(found[1]!) !== found[2]) return { type: 'damaged' };
  try {
    return { type: 'value', value: JSON.parse(found[1]!) };
  } catch {
    return { type: 'damaged' };
  }
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
