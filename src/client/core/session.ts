/**
 * What a client may believe of its session, by its own clock: pure. CONNECTED while touches are
 * acknowledged, SUSPENDED past min(timeout, grace)·(1 − ρ) without one, LOST when the cluster says so or
 * past timeout·(1 − ρ): before any leader could have ended it and given its names away (S13).
 * Invariant: every bound counts from when the last acknowledged touch was sent, never from its answer.
 */
import { CLOCK_RATE_ERROR } from '../../types/limits.js';

export interface SessionTerms {
  readonly timeoutMs: number;
  /** 0: none. */
  readonly graceMs: number;
  /** False for sessions that own nothing: they wait for the cluster's word. */
  readonly losesByClock: boolean;
}

export type Belief = 'CONNECTED' | 'SUSPENDED' | 'LOST';

/** A touch unanswered through this many later ones is not waited for. */
const TOUCHES_OPEN_MAX = 16;

interface SentTouch {
  readonly number: number;
  readonly sentAtMs: number;
}

export class SessionBelief {
  readonly terms: SessionTerms;
  #state: Belief = 'CONNECTED';
  /** When the last acknowledged touch was sent. */
  #vouchedAtMs: number;
  #touchedAtMs: number;
  #touches = 0;
  #open: SentTouch[] = [];

  /** `sentAtMs`: when the request that opened or attached it was sent. */
  constructor(terms: SessionTerms, sentAtMs: number) {
    this.terms = terms;
    this.#vouchedAtMs = sentAtMs;
    this.#touchedAtMs = sentAtMs;
  }

  get state(): Belief {
    return this.#state;
  }

  get vouchedAtMs(): number {
    return this.#vouchedAtMs;
  }

  /** A third of whatever would end it first. */
  get touchIntervalMs(): number {
    return this.#shortMs / 3;
  }

  get touchDueMs(): number {
    return this.#touchedAtMs + this.touchIntervalMs;
  }

  /** Number of the touch to send now. */
  sendTouch(nowMs: number): number {
    this.#touches++;
    this.#touchedAtMs = nowMs;
    this.#open.push({ number: this.#touches, sentAtMs: nowMs });
    if (this.#open.length > TOUCHES_OPEN_MAX) this.#open.shift();
    return this.#touches;
  }

  touched(number: number): void {
    const found = this.#open.find((touch) => touch.number === number);
    if (found === undefined) return;
    this.#open = this.#open.filter((touch) => touch.number > number);
    this.#vouch(found.sentAtMs);
  }

  /** An attach is a log entry: as good as a touch. Touches of the former attachment are void. */
  attached(sentAtMs: number): void {
    this.#open = [];
    this.#touchedAtMs = sentAtMs;
    this.#vouch(sentAtMs);
  }

  lost(): void {
    this.#state = 'LOST';
  }

  /** To be called at least when `nextDueMs` has come. */
  tick(nowMs: number): Belief {
    if (this.#state === 'LOST') return this.#state;
    const sinceMs = nowMs - this.#vouchedAtMs;
    if (this.terms.losesByClock && sinceMs >= this.#lossMs) this.#state = 'LOST';
    else if (sinceMs >= this.#suspicionMs) this.#state = 'SUSPENDED';
    return this.#state;
  }

  nextDueMs(nowMs: number): number {
    const suspectedAtMs = this.#vouchedAtMs + this.#suspicionMs;
    if (nowMs < suspectedAtMs) return suspectedAtMs;
    if (!this.terms.losesByClock) return Number.POSITIVE_INFINITY;
    return this.#vouchedAtMs + this.#lossMs;
  }

  get #shortMs(): number {
    const { timeoutMs, graceMs } = this.terms;
    return graceMs > 0 ? Math.min(timeoutMs, graceMs) : timeoutMs;
  }

  get #suspicionMs(): number {
    return this.#shortMs * (1 - CLOCK_RATE_ERROR);
  }

  get #lossMs(): number {
    return this.terms.timeoutMs * (1 - CLOCK_RATE_ERROR);
  }

  #vouch(sentAtMs: number): void {
    if (this.#state === 'LOST') return;
    this.#vouchedAtMs = Math.max(this.#vouchedAtMs, sentAtMs);
    this.#state = 'CONNECTED';
  }
}
