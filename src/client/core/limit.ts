/** The caller's signal and a deadline in one, for waiting; nothing of it is left when the wait has ended. */

export interface LimitTerms {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** `wait` is given a signal that aborts when either says so. The process stays alive for as long. */
export async function within<T>(
  { timeoutMs, signal }: LimitTerms,
  wait: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const end = (): void => limit.abort();
  const timer = setTimeout(end, timeoutMs);
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted === true) end();
  try {
    return await wait(limit.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}
