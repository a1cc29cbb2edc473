/**
 * One call to an instance of a service: picked, accounted, under a deadline, and repeated once on another
 * instance when the connection was refused.
 */
import { RollcallError } from '../../types/errors.js';
import type { Instance } from '../../types/instance.js';
import { onAbort } from '../core/aborts.js';
import { aborted } from '../core/calls.js';
import { check, checkSignal, checkTimeout } from '../core/checks.js';
import type { Picked, PickOptions, RunContext, RunOptions } from '../types.js';
import { wasRefusedBy } from './refused.js';

const ATTEMPTS_MAX = 2;

/** The call to make, on the instance that was picked. */
export type RunFunction<T> = (instance: Instance, context: RunContext) => Promise<T>;
export type Acquire = (options: PickOptions) => Picked;

export async function runPicked<T>(
  acquire: Acquire,
  fn: RunFunction<T>,
  options: RunOptions = {},
): Promise<T> {
  if (options.timeoutMs !== undefined) checkTimeout(options.timeoutMs);
  checkSignal(options.signal);
  check('fn', typeof fn === 'function', 'a function');
  const limit = new Limit(options);
  try {
    return await attempt(acquire, fn, { options, limit });
  } finally {
    limit.release();
  }
}

interface Terms {
  readonly options: RunOptions;
  readonly limit: Limit;
}

async function attempt<T>(acquire: Acquire, fn: RunFunction<T>, terms: Terms): Promise<T> {
  const { options, limit } = terms;
  const exclude = [...(options.exclude ?? [])];
  for (let number = 1; ; number++) {
    limit.signal.throwIfAborted();
    const picked = acquire({ exclude, key: options.key });
    const context = { signal: limit.signal, attempt: number };
    try {
      const result = await limit.race(called(fn, picked.instance, context));
      picked.report('ok');
      return result;
    } catch (error) {
      picked.report('error');
      exclude.push(picked.instance.id);
      if (number === ATTEMPTS_MAX || limit.signal.aborted || !wasRefusedBy(picked.instance, error))
        throw error;
      if (!hasAnother(acquire, exclude)) throw error;
    }
  }
}

/** What throws at once, or answers without a promise, is like what does so later. */
async function called<T>(fn: RunFunction<T>, instance: Instance, context: RunContext): Promise<T> {
  return fn(instance, context);
}

/** The refusal says more than "nothing left to pick". */
function hasAnother(acquire: Acquire, exclude: readonly string[]): boolean {
  try {
    acquire({ exclude })[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}

/** The caller's signal and the deadline in one; linked by hand and unlinked when the call has ended. */
class Limit {
  readonly #controller = new AbortController();
  readonly #onAbort: () => void;
  readonly #unlisten: (() => void) | undefined;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor({ signal, timeoutMs }: RunOptions) {
    this.#onAbort = () => this.#controller.abort(aborted(signal!, 'unknown'));
    if (signal?.aborted === true) this.#onAbort();
    else this.#unlisten = signal && onAbort(signal, this.#onAbort);
    if (timeoutMs === undefined) return;
    const late = new RollcallError('TIMEOUT', `not done within ${timeoutMs} ms`, {
      outcome: 'unknown',
    });
    this.#timer = setTimeout(() => this.#controller.abort(late), timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends with the limit, even when the call does not heed its signal. */
  race<T>(call: Promise<T>): Promise<T> {
    const { signal } = this.#controller;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      const done = (): void => signal.removeEventListener('abort', onAbort);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
      call.then(resolve, reject).finally(done);
    });
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#unlisten?.();
  }
}
