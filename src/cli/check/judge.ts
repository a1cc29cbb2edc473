/**
 * From single probes to the state of an instance: one answer is no verdict. Pure. Invariant: an instance
 * that has never been well is STARTING, however often its check fails: it is late, not broken.
 */
import type { InstanceState } from '../../client/index.js';

export type CheckedState = InstanceState & ('STARTING' | 'UP' | 'DOWN');

export interface Thresholds {
  /** Successes in a row that make it UP. */
  readonly rise: number;
  /** Failures in a row that make it DOWN. */
  readonly fall: number;
}

export class Judge {
  readonly #thresholds: Thresholds;
  #state: CheckedState = 'STARTING';
  #wasWell = false;
  #isWell = false;
  #streak = 0;

  constructor(thresholds: Thresholds) {
    this.#thresholds = thresholds;
  }

  get state(): CheckedState {
    return this.#state;
  }

  /** Answers that agree, up to the latest. */
  get streak(): number {
    return this.#streak;
  }

  /** The state after one more probe. */
  report(isWell: boolean): CheckedState {
    this.#streak = isWell === this.#isWell ? this.#streak + 1 : 1;
    this.#isWell = isWell;
    this.#wasWell ||= isWell;
    const { rise, fall } = this.#thresholds;
    if (isWell && this.#streak >= rise) this.#state = 'UP';
    if (!isWell && this.#wasWell && this.#streak >= fall) this.#state = 'DOWN';
    return this.#state;
  }
}
