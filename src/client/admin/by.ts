/** Who acts, when nobody says: the user and the host of this process, looked up once and only when needed. */
import { hostname, userInfo } from 'node:os';
import type { By } from '../types.js';

let known: string | undefined;

export function byline({ who, reason = '' }: By): {
  readonly who: string;
  readonly reason: string;
} {
  return { who: who ?? defaultWho(), reason };
}

function defaultWho(): string {
  known ??= `${userName()}@${hostname()}`;
  return known;
}

/** A container's user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
