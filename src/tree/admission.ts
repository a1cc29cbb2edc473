/**
 * Whether a session's request is the one to apply now: order and exactly-once (contract 3). A request of
 * an older attachment, one already applied, or one ahead of a gap is answered here and changes nothing.
 */
import { NO_SESSION } from '../types/ids.js';
import type { Applied, Outcome } from '../types/outcome.js';
import type { SessionRecord } from './sessions.js';
import { refused, type Work } from './work.js';

/** The answer when the body must not be applied; otherwise sets `work.session` and returns nothing. */
export function admit(work: Work, bodyHash: number): Applied | undefined {
  const { envelope, state } = work;
  if (envelope.session === NO_SESSION) return undefined;
  const session = state.sessions.get(envelope.session);
  if (session === undefined) return turnAway(work, refused('SESSION_EXPIRED', ''));
  if (session.epoch !== envelope.epoch) return turnAway(work, refused('MOVED', ''));
  state.tracker.touch(session);
  session.lastRevision = work.revision;
  work.session = session;
  return envelope.seq === 0 ? undefined : admitSeq(work, session, bodyHash);
}

/** After the body was applied. A session that ended with it has no window any more. */
export function storeOutcome(work: Work, bodyHash: number, outcome: Outcome): void {
  const { session, envelope, revision } = work;
  if (session === undefined || envelope.seq === 0 || session.isRemoved) return;
  session.store({ seq: envelope.seq, bodyHash, revision, outcome });
}

function admitSeq(work: Work, session: SessionRecord, bodyHash: number): Applied | undefined {
  const { seq, ackedSeq } = work.envelope;
  session.trim(ackedSeq);
  if (seq <= session.lastSeq) return repeat(work, session, bodyHash);
  if (seq > session.lastSeq + 1) return turnAway(work, refused('SEQ_GAP', `${session.lastSeq}`));
  return session.isFull ? turnAway(work, refused('WINDOW_FULL', '')) : undefined;
}

function repeat(work: Work, session: SessionRecord, bodyHash: number): Applied {
  const stored = session.stored(work.envelope.seq);
  if (stored === undefined) return turnAway(work, refused('RESULT_DROPPED', ''));
  if (stored.bodyHash !== bodyHash) return turnAway(work, refused('SEQ_REUSED', ''));
  return { outcome: stored.outcome, revision: stored.revision };
}

function turnAway(work: Work, outcome: Outcome): Applied {
  return { outcome, revision: work.revision };
}
