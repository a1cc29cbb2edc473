/** Sessions as operators see them: pages in the order of ids, and the paths of one's nodes in theirs. */
import type { SessionId } from '../types/ids.js';
import { comparePaths } from '../types/path.js';
import type { SessionInfo } from '../types/session.js';
import type { SessionRecord, SessionTable } from './sessions.js';

export interface SessionsPage {
  readonly sessions: SessionInfo[];
  readonly more: boolean;
}

export interface PathsRequest {
  /** The last path seen, or empty. */
  readonly after: string;
  readonly limit: number;
  /** The others are passed over: a page holds as many of these as it may. */
  readonly isShown?: (path: string) => boolean;
}

export interface PathsPage {
  readonly paths: string[];
  readonly more: boolean;
}

export function infoOf(session: SessionRecord): SessionInfo {
  return {
    id: session.id,
    timeoutMs: session.timeoutMs,
    graceMs: session.graceMs,
    epoch: session.epoch,
    detached: session.detached,
    lastSeq: session.lastSeq,
    lastRevision: session.lastRevision,
    ephemeralCount: session.ephemerals.size,
    label: session.label,
    openedTime: session.openedTime,
    member: session.member,
  };
}

/** Ids rise, and the table is in the order of opening. */
export function readSessions(
  table: SessionTable,
  request: { readonly after: SessionId; readonly limit: number },
): SessionsPage {
  const sessions: SessionInfo[] = [];
  for (const session of table.values()) {
    if (session.id <= request.after) continue;
    if (sessions.length >= request.limit) return { sessions, more: true };
    sessions.push(infoOf(session));
  }
  return { sessions, more: false };
}

/** The first paths behind `after`. A session may own many more than a page: they are not all sorted. */
export function readEphemerals(
  session: SessionRecord | undefined,
  request: PathsRequest,
): PathsPage {
  const wanted = request.limit + 1;
  let paths: string[] = [];
  let last: string | undefined;
  for (const { path } of session?.ephemerals ?? []) {
    const isSeen = request.after !== '' && comparePaths(path, request.after) <= 0;
    if (isSeen || (last !== undefined && comparePaths(path, last) > 0)) continue;
    if (request.isShown?.(path) === false) continue;
    paths.push(path);
    if (paths.length < 2 * wanted) continue;
    paths = paths.sort(comparePaths).slice(0, wanted);
    last = paths.at(-1);
  }
  paths.sort(comparePaths);
  return { paths: paths.slice(0, request.limit), more: paths.length > request.limit };
}
