/** Answers about sessions, as messages. */
import type * as wire from '../../gen/index.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { Answer } from '../../server/service.js';
import { RollcallError } from '../../types/errors.js';
import type { Revision } from '../../types/ids.js';
import type { SessionAttached } from '../../types/outcome.js';
import type { SessionInfo } from '../../types/session.js';

type Of<Type extends Answer['type']> = Answer & { readonly type: Type };
/** Its id when it has no name. */
type NameOfMember = (id: string) => string;

export function openResponse(attached: SessionAttached): Outgoing<wire.OpenSessionResponse> {
  const { session, timeoutMs, graceMs, epoch, lastSeq } = attached;
  return { session, timeoutMs, graceMs, epoch, lastSeq };
}

export function sessionsResponse(
  { sessions, more }: Of<'sessions'>,
  revision: Revision,
  nameOfMember: NameOfMember,
): Outgoing<wire.ListSessionsResponse> {
  const shown = sessions.map((session) => infoMessage(session, nameOfMember));
  return { sessions: shown, revision, nextAfter: more ? (sessions.at(-1)?.id ?? 0) : 0 };
}

export function sessionResponse(
  { session, paths, more }: Of<'session'>,
  revision: Revision,
  nameOfMember: NameOfMember,
): Outgoing<wire.GetSessionResponse> | RollcallError {
  if (session === undefined) return new RollcallError('SESSION_EXPIRED', 'no such session');
  const nextAfter = more ? (paths.at(-1) ?? '') : '';
  return { session: infoMessage(session, nameOfMember), paths, revision, nextAfter };
}

function infoMessage(info: SessionInfo, nameOfMember: NameOfMember): Outgoing<wire.SessionInfo> {
  const { id, ephemeralCount, openedTime, member, ...same } = info;
  const shown = { session: id, nodes: ephemeralCount, openedAt: openedTime };
  return { ...same, ...shown, member: nameOfMember(member) };
}
