/**
 * What this member tells the leader once per session tick: which sessions it heard from and whose
 * connection their client closed. A touch is answered to the client only when the report that carried
 * it has been confirmed by a leader with a quorum (contract S2), and the age of the latest such
 * confirmation is what decides LIVE or STALE for everyone connected here (contract 8).
 */
import type { SessionId } from '../types/ids.js';
import { CONFIRMATION_AGE_MS_MAX } from '../types/limits.js';
import type { Attachment, SessionReport, SessionReportReply } from '../types/peer.js';
import type { Gate } from './gate.js';

interface Touch {
  readonly epoch: number;
  readonly atMs: number;
  /** The first report that carried it; 0 while none has. */
  report: number;
}

interface WaitingTouch {
  readonly gate: Gate;
  readonly session: SessionId;
  readonly answer: () => void;
  report: number;
}

export class SessionReports {
  readonly #touched = new Map<SessionId, Touch>();
  readonly #closed = new Map<SessionId, number>();
  #waiting: WaitingTouch[] = [];
  #sent: { readonly number: number; readonly atMs: number }[] = [];
  #number = 0;
  #confirmedAtMs = Number.NEGATIVE_INFINITY;

  confirmationAgeMs(nowMs: number): number {
    return nowMs - this.#confirmedAtMs;
  }

  isConfirmed(nowMs: number): boolean {
    return this.confirmationAgeMs(nowMs) <= CONFIRMATION_AGE_MS_MAX;
  }

  touch(session: SessionId, epoch: number, nowMs: number): void {
    const known = this.#touched.get(session);
    if (known?.report === 0 && known.epoch === epoch) return;
    this.#touched.set(session, { epoch, atMs: nowMs, report: 0 });
  }

  /** `answer` runs once the leader has confirmed a report that includes a touch made now. */
  awaitTouch(gate: Gate, session: SessionId, answer: () => void): void {
    this.#waiting.push({ gate, session, answer, report: 0 });
  }

  /** The client's side closed the connection of this attachment: reported until resolved. */
  closed(session: SessionId, epoch: number): void {
    this.#closed.set(session, epoch);
  }

  /** Attached anew, detached or ended: the state machine knows. */
  resolved(session: SessionId, epoch: number): void {
    const closedEpoch = this.#closed.get(session);
    if (closedEpoch !== undefined && closedEpoch <= epoch) this.#closed.delete(session);
  }

  ended(session: SessionId): void {
    this.#closed.delete(session);
    this.#touched.delete(session);
  }

  build(nowMs: number): SessionReport {
    const number = ++this.#number;
    this.#sent.push({ number, atMs: nowMs });
    while (this.#sent[0]!.atMs < nowMs - CONFIRMATION_AGE_MS_MAX) this.#sent.shift();
    const touched: Attachment[] = [];
    for (const [session, touch] of this.#touched) {
      // A touch this old was never confirmed: the client has to touch again, it is not told otherwise.
      if (touch.atMs < nowMs - CONFIRMATION_AGE_MS_MAX) this.#touched.delete(session);
      else touched.push({ session, epoch: touch.epoch });
      if (touch.report === 0) touch.report = number;
    }
    for (const waiting of this.#waiting) if (waiting.report === 0) waiting.report = number;
    const closed = [...this.#closed].map(([session, epoch]) => ({ session, epoch }));
    return { type: 'sessionReport', number, touched, closed };
  }

  confirm(reply: SessionReportReply): void {
    const sent = this.#sent.find((report) => report.number === reply.number);
    if (sent === undefined) return;
    this.#confirmedAtMs = Math.max(this.#confirmedAtMs, sent.atMs);
    this.#sent = this.#sent.filter((report) => report.number > reply.number);
    const refused = new Set(reply.refused);
    for (const [session, touch] of this.#touched)
      if (touch.report !== 0 && touch.report <= reply.number) this.#touched.delete(session);
    this.#waiting = this.#waiting.filter((waiting) => {
      if (waiting.gate.isClosed) return false;
      if (waiting.report === 0 || waiting.report > reply.number) return true;
      if (!refused.has(waiting.session)) waiting.answer();
      return false;
    });
  }
}
