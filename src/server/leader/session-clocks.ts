/**
 * The leader's countdowns: who has not been heard from for its timeout, whose disconnect grace is
 * over. Kept in *credited* milliseconds: a tick credits at most two tick lengths, so a stalled leader
 * charges its own pause to nobody (contract S6). Volatile: a new leader starts every countdown at full.
 * It names suspects; proposing their end, after a quorum round, is the caller's business.
 *
 * Invariant: no session is named before its timeout (or grace) of credited time after its last touch.
 */
import type { Revision, SessionId } from '../../types/ids.js';
import { MASS_DISCONNECT_SESSIONS_MIN, MASS_DISCONNECT_SHARE } from '../../types/limits.js';

export interface ClockedSession {
  readonly id: SessionId;
  readonly epoch: number;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly detached: boolean;
  readonly lastRevision: Revision;
}

interface Countdown {
  epoch: number;
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Credited time at which the timeout is over. */
  deadline: number;
  /** Credited time at which the grace is over; Infinity while attached. */
  graceDeadline: number;
  /** Slot of the wheel it will be looked at next. */
  slot: number;
  /** Its end has been proposed: touches are not acknowledged any more. */
  ending: boolean;
  /** The attachment whose loss was counted already; reports repeat until resolved. */
  droppedEpoch: number;
}

export interface Suspect {
  readonly session: SessionId;
  readonly epoch: number;
  readonly cause: 'expiry' | 'grace';
}

export class SessionClocks {
  readonly #tickMs: number;
  readonly #countdowns = new Map<SessionId, Countdown>();
  readonly #wheel = new Map<number, Set<SessionId>>();
  /** Credited times of recent peer closes of sessions with grace, oldest first. */
  #drops: number[] = [];
  #now = 0;
  #turned = 0;
  #graceSessions = 0;
  #longestGraceMs = 0;
  /** Of the sessions with grace: so long can the way back from a mass disconnect take. */
  #longestTimeoutMs = 0;
  #graceSuspendedUntil = 0;

  constructor(tickMs: number) {
    this.#tickMs = tickMs;
  }

  get count(): number {
    return this.#countdowns.size;
  }

  get isGraceSuspended(): boolean {
    return this.#now < this.#graceSuspendedUntil;
  }

  /** All that a new leader finds. Many without their connection are a mass disconnect that began before. */
  startAll(sessions: Iterable<ClockedSession>): void {
    let detached = 0;
    for (const session of sessions) {
      this.start(session);
      if (session.detached && session.graceMs > 0) detached++;
    }
    if (this.#isMass(detached)) this.#suspendGraces();
  }

  /** Opened, attached, or known when this member became leader: a full countdown. */
  start(session: ClockedSession): void {
    this.end(session.id);
    const { epoch, timeoutMs, graceMs } = session;
    const graceDeadline = session.detached && graceMs > 0 ? this.#now + graceMs : Infinity;
    const deadline = this.#now + timeoutMs;
    const state = { slot: 0, ending: false, droppedEpoch: 0 };
    const countdown = { epoch, timeoutMs, graceMs, deadline, graceDeadline, ...state };
    this.#countdowns.set(session.id, countdown);
    if (graceMs > 0) {
      this.#graceSessions++;
      this.#longestTimeoutMs = Math.max(this.#longestTimeoutMs, timeoutMs);
    }
    this.#longestGraceMs = Math.max(this.#longestGraceMs, graceMs);
    this.#place(session.id, countdown);
  }

  end(session: SessionId): void {
    const countdown = this.#countdowns.get(session);
    if (countdown === undefined) return;
    this.#countdowns.delete(session);
    if (countdown.graceMs > 0) this.#graceSessions--;
    this.#wheel.get(countdown.slot)?.delete(session);
  }

  /** Heard from. False, and not to be acknowledged: it is not alive here, moved on, or its end is under way. */
  touch(session: SessionId, epoch: number): boolean {
    const countdown = this.#countdowns.get(session);
    if (countdown === undefined || countdown.ending || countdown.epoch !== epoch) return false;
    countdown.deadline = this.#now + countdown.timeoutMs;
    return true;
  }

  /** Its connection was closed by the peer. True: its Detach should be proposed. */
  dropped(session: SessionId, epoch: number): boolean {
    const countdown = this.#countdowns.get(session);
    if (countdown === undefined || countdown.epoch !== epoch || countdown.graceMs === 0)
      return false;
    if (countdown.graceDeadline !== Infinity || countdown.droppedEpoch === epoch) return false;
    countdown.droppedEpoch = epoch;
    this.#countDrop();
    return true;
  }

  /** Its Detach was applied: the grace begins, unless too many went at once. */
  detached(session: SessionId, epoch: number): void {
    const countdown = this.#countdowns.get(session);
    if (countdown === undefined || countdown.epoch !== epoch || this.isGraceSuspended) return;
    countdown.graceDeadline = this.#now + countdown.graceMs;
    this.#place(session, countdown);
  }

  /** Time passes; what a stall took beyond two ticks is not charged. */
  advance(elapsedMs: number): void {
    this.#now += Math.min(Math.max(elapsedMs, 0), 2 * this.#tickMs);
  }

  /** Those whose countdown is over, at most `limit`; they stay suspects until ended or touched. */
  suspects(limit: number): Suspect[] {
    const found: Suspect[] = [];
    const current = Math.floor(this.#now / this.#tickMs);
    for (; this.#turned <= current; this.#turned++) {
      const slot = this.#wheel.get(this.#turned);
      if (slot !== undefined && !this.#turn(slot, limit, found)) break;
      this.#wheel.delete(this.#turned);
    }
    for (const { session } of found) this.#lookAgain(session);
    return found;
  }

  /** After the quorum round: still over? Marks it as ending. */
  confirm(suspect: Suspect): boolean {
    const countdown = this.#countdowns.get(suspect.session);
    if (countdown === undefined || countdown.ending || countdown.epoch !== suspect.epoch)
      return false;
    if (this.#cause(countdown) === undefined) return false;
    countdown.ending = true;
    return true;
  }

  /** False when the limit was reached before the slot was empty. */
  #turn(slot: Set<SessionId>, limit: number, found: Suspect[]): boolean {
    for (const session of slot) {
      if (found.length >= limit) return false;
      slot.delete(session);
      const countdown = this.#countdowns.get(session)!;
      const cause = this.#cause(countdown);
      if (cause === undefined) this.#place(session, countdown);
      else found.push({ session, epoch: countdown.epoch, cause });
    }
    return true;
  }

  #cause(countdown: Countdown): 'expiry' | 'grace' | undefined {
    if (countdown.deadline <= this.#now) return 'expiry';
    return countdown.graceDeadline <= this.#now ? 'grace' : undefined;
  }

  /** A suspect is looked at again soon: its round may fail. */
  #lookAgain(session: SessionId): void {
    const countdown = this.#countdowns.get(session)!;
    countdown.slot = this.#turned + LOOK_AGAIN_TICKS;
    this.#slot(countdown.slot).add(session);
  }

  #place(session: SessionId, countdown: Countdown): void {
    this.#wheel.get(countdown.slot)?.delete(session);
    const due = Math.min(countdown.deadline, countdown.graceDeadline);
    countdown.slot = Math.max(Math.ceil(due / this.#tickMs), this.#turned);
    this.#slot(countdown.slot).add(session);
  }

  #slot(number: number): Set<SessionId> {
    const known = this.#wheel.get(number);
    if (known !== undefined) return known;
    const slot = new Set<SessionId>();
    this.#wheel.set(number, slot);
    return slot;
  }

  /** Many at once is a proxy or a network, not so many deaths: graces are cancelled (contract 6). */
  #countDrop(): void {
    this.#drops.push(this.#now);
    const since = this.#now - this.#longestGraceMs;
    while (this.#drops.length > 0 && this.#drops[0]! < since) this.#drops.shift();
    if (this.#isMass(this.#drops.length)) this.#suspendGraces();
  }

  #isMass(dropped: number): boolean {
    if (dropped < MASS_DISCONNECT_SESSIONS_MIN) return false;
    return dropped > this.#graceSessions * MASS_DISCONNECT_SHARE;
  }

  /** For as long as it may take everyone to come back: some attach, and drop once more on the way. */
  #suspendGraces(): void {
    if (!this.isGraceSuspended)
      for (const countdown of this.#countdowns.values()) countdown.graceDeadline = Infinity;
    this.#graceSuspendedUntil = this.#now + this.#longestTimeoutMs;
  }
}

/** Session ticks until a suspect whose end has not come is named again. */
const LOOK_AGAIN_TICKS = 10;
