/**
 * Callers' signals: thousands of calls, watches and clients may share one, and each signal gets one
 * listener however many wait on it. Invariant: a signal is listened to exactly as long as somebody waits.
 */

interface Waiting {
  readonly runs: Set<() => void>;
  readonly onAbort: () => void;
}

const waitingOn = new WeakMap<AbortSignal, Waiting>();

/** Calls `run`, of which each is its own, once when the signal aborts. Returns how to take it back. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const { runs } = waitingOn.get(signal) ?? listen(signal);
  runs.add(run);
  return () => forget(signal, run);
}

function listen(signal: AbortSignal): Waiting {
  const runs = new Set<() => void>();
  const onAbort = (): void => {
    waitingOn.delete(signal);
    for (const run of [...runs]) run();
  };
  const waiting = { runs, onAbort };
  waitingOn.set(signal, waiting);
  signal.addEventListener('abort', onAbort, { once: true });
  return waiting;
}

function forget(signal: AbortSignal, run: () => void): void {
  const waiting = waitingOn.get(signal);
  if (waiting === undefined || !waiting.runs.delete(run) || waiting.runs.size > 0) return;
  waitingOn.delete(signal);
  signal.removeEventListener('abort', waiting.onAbort);
}
