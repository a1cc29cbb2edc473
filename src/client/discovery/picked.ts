/** A pick that counts as a request under way until it is reported or disposed, once. */

import type { Instance } from '../../types/instance.js';
import type { Pick } from '../balancers/balancer.js';
import type { Picked } from '../types.js';

export class CountedPick implements Picked {
  readonly instance: Instance;
  readonly #pick: Pick;
  #isOver = false;

  constructor(pick: Pick) {
    this.instance = pick.instance;
    this.#pick = pick;
    pick.load.active++;
  }

  report(_result: 'ok' | 'error', _latencyMs?: number): void {
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pick.load.active--;
  }
}
