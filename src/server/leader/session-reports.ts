/**
 * What this member tells the leader once per session tick: which sessions it heard from and whose
 * connection their client closed. A touch is answered to the client only when the report that carried
 * it has been confirmed by a leader with a quorum (contract S2), and the age of the latest such
 * confirmation is what decides LIVE or STALE for everyone connected here (contract 8).
 */
import type { SessionId } from '../../types/ids.js';
import { CONFIRMATION_AGE_MS_MAX, SESSION_REPORT_ATTACHMENTS_MAX } from '../../types/limits.js';
import type { Attachment, SessionReport, SessionReportReply } from '../../types/peer.js';
import type { Gate } from '../clients/gate.js';

/** A few questions within the age at which streams turn STALE: an idle member asks no more often. */
const CONFIRMATION_INTERVAL_MS = CONFIRMATION_AGE_MS_MAX / 5;

interface Touch {
  readonly epoch: number;
  readonly atMs: number;
  /** The first report that carried it; 0 while none has. */
  report: number;
}

/** A report in parts, each a message that a peer takes; it counts when all of them are confirmed. */
interface Sent {
  readonly first: number;
  readonly last: number;
  readonly atMs: number;
  /** Parts without an answer. */
  readonly awaited: Set<number>;
  readonly refused: Set<SessionId>;
}

interface WaitingTouch {
  readonly gate: Gate;
  readonly session: SessionId;
  /** With false when the session ended meanwhile. */
  answer: (isAlive: boolean) => void;
  report: number;
}

export class SessionReports {
  readonly #touched = new Map<SessionId, Touch>();
  readonly #closed = new Map<SessionId, number>();
  #waiting: WaitingTouch[] = [];
  /** Of each connection, what waits for the next report: however many touches it sends. */
  readonly #unreported = new Map<Gate, WaitingTouch>();
  #sent: Sent[] = [];
  #number = 0;
  #confirmedAtMs = Number.NEGATIVE_INFINITY;

  confirmationAgeMs(nowMs: number): number {
    return nowMs - this.#confirmedAtMs;
  }

  isConfirmed(nowMs: number): boolean {
    return this.confirmationAgeMs(nowMs) <= CONFIRMATION_AGE_MS_MAX;
  }

  /** There is something to tell, or it is time to ask again whether the leader still leads. */
  isDue(nowMs: number): boolean {
    const isNews = this.#touched.size > 0 || this.#closed.size > 0 || this.#waiting.length > 0;
    return isNews || this.confirmationAgeMs(nowMs) >= CONFIRMATION_INTERVAL_MS;
  }

  touch(session: SessionId, epoch: number, nowMs: number): void {
    const known = this.#touched.get(session);
    if (known?.report === 0 && known.epoch === epoch) return;
    this.#touched.set(session, { epoch, atMs: nowMs, report: 0 });
  }

  /** After `touch`: `answer` runs once the leader has confirmed a report that includes it. */
  awaitTouch(gate: Gate, session: SessionId, answer: (isAlive: boolean) => void): void {
    this.#waiting.push({ gate, session, answer, report: 0 });
  }

  /** The same for a connection's own session: the last touch before a report is answered for all. */
  awaitLastTouch(gate: Gate, session: SessionId, answer: (isAlive: boolean) => void): void {
    const earlier = this.#unreported.get(gate);
    if (earlier?.session === session) {
      earlier.answer = answer;
      return;
    }
    const waiting = { gate, session, answer, report: 0 };
    this.#waiting.push(waiting);
    this.#unreported.set(gate, waiting);
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
    for (const waiting of this.#forget(new Set([session]))) waiting.answer(false);
  }

  /** Where the state was replaced: what it resolved in between. `epochOf` is undefined for sessions that ended. */
  reconcile(epochOf: (session: SessionId) => number | undefined): void {
    for (const [session, epoch] of this.#closed)
      if (epochOf(session) !== epoch) this.#closed.delete(session);
    const known = new Set([...this.#touched.keys(), ...this.#waiting.map((w) => w.session)]);
    for (const session of known) if (epochOf(session) === undefined) this.ended(session);
  }

  /** A touch that was not confirmed for so long: the client has to touch again, it is not told otherwise. */
  dropOld(nowMs: number): void {
    const old = new Set<SessionId>();
    for (const [session, touch] of this.#touched)
      if (touch.atMs < nowMs - CONFIRMATION_AGE_MS_MAX) old.add(session);
    if (old.size === 0) return;
    for (const session of old) this.#touched.delete(session);
    this.#forget(old);
  }

  /** One message, or several when there is more to tell than a peer takes at once. */
  build(nowMs: number): readonly SessionReport[] {
    this.dropOld(nowMs);
    const touched = [...this.#touched].map(([session, { epoch }]) => ({ session, epoch }));
    const closed = [...this.#closed].map(([session, epoch]) => ({ session, epoch }));
    const first = this.#number + 1;
    const parts = partsOf(touched, closed).map((part): SessionReport => {
      return { type: 'sessionReport', number: ++this.#number, ...part };
    });
    this.#noteSent(first, nowMs);
    return parts;
  }

  #noteSent(first: number, atMs: number): void {
    const last = this.#number;
    const awaited = new Set<number>();
    for (let number = first; number <= last; number++) awaited.add(number);
    this.#sent.push({ first, last, atMs, awaited, refused: new Set() });
    while (this.#sent[0]!.atMs < atMs - CONFIRMATION_AGE_MS_MAX) this.#sent.shift();
    for (const touch of this.#touched.values()) if (touch.report === 0) touch.report = last;
    for (const waiting of this.#waiting) if (waiting.report === 0) waiting.report = last;
    this.#unreported.clear();
  }

  confirm({ number, refused }: SessionReportReply): void {
    const sent = this.#sent.find(({ first, last }) => first <= number && number <= last);
    if (sent === undefined) return;
    sent.awaited.delete(number);
    for (const session of refused) sent.refused.add(session);
    if (sent.awaited.size === 0) this.#confirmed(sent);
  }

  #confirmed({ last, atMs, refused }: Sent): void {
    this.#confirmedAtMs = Math.max(this.#confirmedAtMs, atMs);
    this.#sent = this.#sent.filter((report) => report.first > last);
    for (const [session, touch] of this.#touched)
      if (touch.report !== 0 && touch.report <= last) this.#touched.delete(session);
    this.#waiting = this.#waiting.filter((waiting) => {
      if (waiting.gate.isClosed) return false;
      if (waiting.report === 0 || waiting.report > last) return true;
      if (!refused.has(waiting.session)) waiting.answer(true);
      return false;
    });
  }

  #forget(sessions: ReadonlySet<SessionId>): readonly WaitingTouch[] {
    const forgotten = this.#waiting.filter(({ session }) => sessions.has(session));
    for (const { gate } of forgotten) this.#unreported.delete(gate);
    if (forgotten.length > 0)
      this.#waiting = this.#waiting.filter(({ session }) => !sessions.has(session));
    return forgotten.filter(({ gate }) => !gate.isClosed);
  }
}

type Part = Pick<SessionReport, 'touched' | 'closed'>;

/** At least one: an empty report asks whether the leader still leads. */
function partsOf(touched: readonly Attachment[], closed: readonly Attachment[]): Part[] {
  const size = SESSION_REPORT_ATTACHMENTS_MAX;
  const parts: Part[] = [];
  for (let at = 0; at < touched.length; at += size)
    parts.push({ touched: touched.slice(at, at + size), closed: [] });
  for (let at = 0; at < closed.length; at += size)
    parts.push({ touched: [], closed: closed.slice(at, at + size) });
  if (parts.length === 2 && touched.length + closed.length <= size) return [{ touched, closed }];
  return parts.length > 0 ? parts : [{ touched, closed }];
}
