/**
 * `.rollcall/endpoint`: how programs started in this folder find the local cluster without being told.
 * The one who wrote it removes it; a file that another cluster has written since stays.
 */
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface EndpointFile {
  remove(): void;
}

export function writeEndpointFile(folder: string, endpoints: string): EndpointFile {
  const directory = join(folder, '.rollcall');
  const file = join(directory, 'endpoint');
  const text = `${endpoints}\n`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, text);
  return { remove: () => removeIfOurs({ directory, file, text }) };
}

function removeIfOurs({ directory, file, text }: Record<'directory' | 'file' | 'text', string>) {
  try {
    if (readFileSync(file, 'utf8') !== text) return;
    rmSync(file);
    rmdirSync(directory);
  } catch {
    // Already gone, or the folder holds something else: neither is ours to mend.
  }
}
