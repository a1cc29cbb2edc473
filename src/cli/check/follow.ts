/**
 * Keeps the state of an instance on the roll true to its check. Owns the order of things: one probe at a time,
 * each with a deadline, a pause after each. Never rejects. Invariant: what the roll was last told, or may have
 * been told, is never taken for what the check says.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Registration } from '../../client/index.js';
import { isRollcallError } from '../../types/errors.js';
import { CHECK_STARTING_INTERVAL_MS } from '../../types/limits.js';
import { describeDuration } from '../duration.js';
import { type CheckedState, Judge, type Thresholds } from './judge.js';
import { probe, type Verdict } from './probe.js';
import type { CheckTarget } from './target.js';

/** What it needs of a registration. */
export type Told = Pick<Registration, 'signal' | 'setState'>;

export interface CheckTerms extends Thresholds {
  readonly target: CheckTarget;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** About the instance, for people. */
  readonly say: (text: string) => void;
}

/** For one word to the cluster; what it was not told is told after the next probe. */
const TELL_MS_MAX = 2_000;
/** Of a pause, so that many checks of one server spread out. */
const JITTER = 0.1;

/** Ends when `signal` aborts or the registration ended. */
export async function followCheck(
  registration: Told,
  terms: CheckTerms,
  signal: AbortSignal,
): Promise<void> {
  const over = AbortSignal.any([signal, registration.signal]);
  const follower = new Follower(registration, terms);
  while (!over.aborted) {
    const verdict = await ask(terms, over);
    if (over.aborted) return;
    await follower.report(verdict, over);
    await pause(follower.pauseMs, over);
  }
}

class Follower {
  readonly #registration: Told;
  readonly #terms: CheckTerms;
  readonly #judge: Judge;
  /** undefined: it may be either. */
  #told: CheckedState | undefined = 'STARTING';

  constructor(registration: Told, terms: CheckTerms) {
    this.#registration = registration;
    this.#terms = terms;
    this.#judge = new Judge(terms);
  }

  /** Before its first success, it is awaited rather than observed. */
  get pauseMs(): number {
    const { intervalMs } = this.#terms;
    if (this.#judge.state !== 'STARTING') return intervalMs;
    return Math.min(intervalMs, CHECK_STARTING_INTERVAL_MS);
  }

  async report(verdict: Verdict, over: AbortSignal): Promise<void> {
    const { fall, say } = this.#terms;
    const state = this.#judge.report(verdict === undefined);
    const isLate = state === 'STARTING' && this.#judge.streak === fall;
    if (isLate && verdict !== undefined) say(`is not well yet: ${verdict}`);
    if (state === this.#told) return;
    const isTold = await this.#tell(state, verdict ?? 'its check succeeds', over);
    this.#told = isTold ? state : undefined;
  }

  async #tell(state: CheckedState, why: string, over: AbortSignal): Promise<boolean> {
    const { say } = this.#terms;
    try {
      const options = { timeoutMs: TELL_MS_MAX, signal: over };
      const { revision } = await this.#registration.setState(state, options);
      say(`${state}: ${why}, rev ${revision}`);
      return true;
    } catch (error) {
      if (!isRollcallError(error)) throw error;
      const isNews = this.#told !== undefined && !over.aborted;
      if (isNews) say(`${state}: ${why}; not told to the cluster yet: ${error.message}`);
      return false;
    }
  }
}

async function ask({ target, timeoutMs }: CheckTerms, over: AbortSignal): Promise<Verdict> {
  const limit = new AbortController();
  const stop = () => limit.abort();
  const timer = setTimeout(stop, timeoutMs);
  over.addEventListener('abort', stop, { once: true });
  const verdict = await probe(target, limit.signal);
  over.removeEventListener('abort', stop);
  clearTimeout(timer);
  const isLate = verdict !== undefined && limit.signal.aborted;
  return isLate ? `no answer within ${describeDuration(timeoutMs)}` : verdict;
}

async function pause(ms: number, over: AbortSignal): Promise<void> {
  const jittered = ms * (1 + JITTER * (2 * Math.random() - 1));
  await sleep(jittered, undefined, { signal: over }).catch(() => {});
}
