/** Whether a member could keep its data in a folder, before anything is written: for words, not for safety. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** What stands in the way; undefined when nothing does. */
export function dataDirProblem(path: string): string | undefined {
  for (let at = path; ; at = dirname(at)) {
    const isFolder = folderAt(at);
    if (isFolder === undefined && at !== dirname(at)) continue;
    if (isFolder !== true) return `${at} is not a folder`;
    return isWritable(at) ? undefined : `${at} cannot be written to by this user`;
  }
}

/** undefined: nothing is there, or what is above is no folder, which the next step up tells. */
function folderAt(path: string): boolean | undefined {
  try {
    return statSync(path).isDirectory();
  } catch {
    return undefined;
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
