/**
 * Decides what is out of date: the installed packages against the lock file, the build against its
 * sources. By content, never by time stamps, which a clone, a copy or a cache changes at will.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const stampFile = join(root, 'dist', '.sources');

/** Whether node_modules holds exactly what the lock file asks for. */
export function packagesAreCurrent() {
  const installed = readLock(join(root, 'node_modules', '.package-lock.json'));
  const wanted = readLock(join(root, 'package-lock.json'));
  if (installed === undefined || wanted === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => isPresent(path, entry, installed));
}

function isPresent(path, entry, installed) {
  if (path === '') return true;
  const found = installed[path];
  if (found === undefined) return entry.optional === true;
  return found.version === entry.version && existsSync(join(root, path));
}

function readLock(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Fingerprint of everything that the build reads. */
export function sourcesFingerprint() {
  const hash = createHash('sha256');
  for (const file of ['package.json', 'tsconfig.json', ...listFiles('src')]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

export function buildIsCurrent() {
  if (!existsSync(stampFile)) return false;
  return readFileSync(stampFile, 'utf8') === sourcesFingerprint();
}

/** All files of ours below a folder, relative to the root, in a stable order. */
export function listFiles(folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries
    .filter(({ name }) => name !== 'node_modules')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? listFiles(path) : [path];
    });
}
