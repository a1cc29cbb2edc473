/** The caller's signal and a deadline in one, for waiting; nothing of it is left when the wait has ended. */
import { onAbort } from './aborts.js';

export interface LimitTerms {
  /** Unset: the signal alone ends it. */
  readonly timeoutMs: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a timer of Node takes. */
export const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** Why this is no deadline, or undefined when it is. */
export function timeoutProblem(timeoutMs: number): string | undefined {
  if (typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs <= TIMEOUT_MS_MAX)
    return undefined;
  return `timeoutMs must be from 0 to ${TIMEOUT_MS_MAX}: ${timeoutMs}`;
}

/** `wait` is given a signal that aborts when either says so. The process stays alive for as long. */
export async function within<T>(
  { timeoutMs, signal }: LimitTerms,
  wait: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const end = (): void => limit.abort();
  const timer = timeoutMs === undefined ? undefined : setTimeout(end, timeoutMs);
  const unlisten = signal && onAbort(signal, end);
  if (signal?.aborted === true) end();
  try {
    return await wait(limit.signal);
  } finally {
    clearTimeout(timer);
    unlisten?.();
  }
}

/** Ends early when the limit aborts. Keeps the process alive: somebody waits. */
export function pause(ms: number, limit: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      limit.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(TIMEOUT_MS_MAX, Math.ceil(ms)));
    limit.addEventListener('abort', done, { once: true });
    if (limit.aborted) done();
  });
}

/** For a call of several parts: each has what is left of the time that all of them have together. */
export function sharedLimit(
  timeoutMs: number,
  nowMs: () => number,
): { readonly takeMs: () => number } {
  const dueMs = nowMs() + timeoutMs;
  let isFirst = true;
  const takeMs = (): number => {
    const leftMs = isFirst ? timeoutMs : Math.max(0, dueMs - nowMs());
    isFirst = false;
    return leftMs;
  };
  return { takeMs };
}
