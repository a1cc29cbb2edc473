/**
 * The life of sessions. Nothing here looks at a clock: the leader decides when to propose, apply decides
 * whether that still holds (contract 5, 6).
 */
import type {
  AttachSession,
  DetachSession,
  ExpireSession,
  OpenSession,
  RevokeSession,
} from '../../types/command.js';
import { asSessionId } from '../../types/ids.js';
import type { Done, Outcome, Refused, Removed, SessionAttached } from '../../types/outcome.js';
import { comparePaths } from '../../types/path.js';
import { isEqual } from '../secrets.js';
import { SessionRecord } from '../sessions.js';
import { type EndCause, refused, type Work } from '../work.js';

const DONE: Done = { type: 'done' };

/** A repeated open finds the session by its secret and attaches to it. */
export function applyOpen(body: OpenSession, work: Work): Outcome {
  const known = work.state.sessions.withSecret(body.secretHash);
  if (known !== undefined) return attach(known, work);
  const session = new SessionRecord({
    id: asSessionId(work.revision),
    secretHash: new Uint8Array(body.secretHash),
    timeoutMs: body.timeoutMs,
    graceMs: body.graceMs,
    epoch: 1,
    detached: false,
    lastSeq: 0,
    lastRevision: work.revision,
    label: body.label,
    openedTime: work.time,
    member: work.envelope.origin.member,
  });
  work.state.addSession(session);
  work.change = { type: 'opened', session: session.id, epoch: 1 };
  return attached(session);
}

export function applyAttach(body: AttachSession, work: Work): Outcome {
  const session = work.state.sessions.get(body.session);
  if (session === undefined) return refused('SESSION_EXPIRED', '');
  if (!isEqual(session.secretHash, body.secretHash)) return refused('WRONG_SECRET', '');
  return attach(session, work);
}

export function applyClose(work: Work): Done | Refused {
  if (work.session === undefined) return refused('NO_SESSION', '');
  endSession(work.session, 'close', work);
  return DONE;
}

/** A report of an older attachment, of another term, or of a session without grace means nothing. */
export function applyDetach(body: DetachSession, work: Work): Done {
  const session = work.state.sessions.get(body.session);
  if (session === undefined || body.term !== work.term) return DONE;
  if (session.epoch !== body.epoch || session.detached || session.graceMs === 0) return DONE;
  work.state.tracker.touch(session);
  session.detached = true;
  work.change = { type: 'detached', session: session.id, epoch: session.epoch };
  return DONE;
}

/** A session that attached or asked for anything since the leader decided lives on. */
export function applyExpire(body: ExpireSession, work: Work): Done {
  const session = work.state.sessions.get(body.session);
  if (session === undefined || body.term !== work.term) return DONE;
  if (session.epoch !== body.epoch || session.lastRevision > body.lastRevision) return DONE;
  if (body.cause === 'grace' && !session.detached) return DONE;
  endSession(session, body.cause, work);
  return DONE;
}

/** An operator's act: the nodes go as by a close, and the audit says who did it. */
export function applyRevoke(body: RevokeSession, work: Work): Removed | Refused {
  const session = work.state.sessions.get(body.session);
  if (session === undefined) return refused('SESSION_EXPIRED', `${body.session}`);
  work.hand = { who: body.who, why: body.why };
  work.audit('revoke', `${body.session}`);
  return { type: 'removed', nodes: endSession(session, 'revoke', work) };
}

function attach(session: SessionRecord, work: Work): SessionAttached {
  work.state.tracker.touch(session);
  session.epoch++;
  session.detached = false;
  session.lastRevision = work.revision;
  session.member = work.envelope.origin.member;
  work.change = { type: 'attached', session: session.id, epoch: session.epoch };
  return attached(session);
}

function attached(session: SessionRecord): SessionAttached {
  const { id, epoch, timeoutMs, graceMs, lastSeq } = session;
  return { type: 'attached', session: id, epoch, timeoutMs, graceMs, lastSeq };
}

/** All ephemerals go in this one revision, in the order of their paths (contract S12). */
function endSession(session: SessionRecord, cause: EndCause, work: Work): number {
  const nodes = [...session.ephemerals].sort((a, b) => comparePaths(a.path, b.path));
  for (const node of nodes) work.delete(node, cause);
  work.state.removeSession(session);
  work.change = { type: 'ended', session: session.id, cause };
  return nodes.length;
}
