/**
 * Where a client that was told nothing looks for its cluster: the environment, the file of a local cluster
 * in this directory or one above it, and last the default port on this machine. Loads nothing of gRPC.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ENDPOINT_DEFAULT = '127.0.0.1:8655';
const ENDPOINT_FILE = join('.rollcall', 'endpoint');

/** HOST:PORT, several separated by commas. */
export function findEndpoints(): string {
  const fromEnvironment = process.env.ROLLCALL_ENDPOINTS;
  if (fromEnvironment !== undefined && fromEnvironment.trim() !== '') return fromEnvironment;
  return findFile(process.cwd()) ?? ENDPOINT_DEFAULT;
}

function findFile(start: string): string | undefined {
  for (let directory = start; ; directory = dirname(directory)) {
    const found = readText(join(directory, ENDPOINT_FILE));
    if (found !== undefined && found.trim() !== '') return found;
    if (dirname(directory) === directory) return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
