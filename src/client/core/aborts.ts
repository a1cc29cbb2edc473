/**
 * Callers' signals: many calls may share one, and a signal gets one listener however many wait on it.
 * Invariant: a signal is listened to exactly as long as somebody waits.
 */

interface Waiting {
  readonly runs: Set<() => void>;
  readonly onAbort: () => void;
}

export class Aborts {
  readonly #waiting = new Map<AbortSignal, Waiting>();

  /** Calls `run` when the signal aborts. Returns how to take it back. */
  add(signal: AbortSignal, run: () => void): () => void {
    const { runs } = this.#waiting.get(signal) ?? this.#listen(signal);
    runs.add(run);
    return () => this.#remove(signal, run);
  }

  #listen(signal: AbortSignal): Waiting {
    const runs = new Set<() => void>();
    const onAbort = (): void => {
      for (const run of [...runs]) run();
    };
    const waiting = { runs, onAbort };
    this.#waiting.set(signal, waiting);
    signal.addEventListener('abort', onAbort, { once: true });
    return waiting;
  }

  #remove(signal: AbortSignal, run: () => void): void {
    const waiting = this.#waiting.get(signal);
    if (waiting === undefined || !waiting.runs.delete(run) || waiting.runs.size > 0) return;
    this.#waiting.delete(signal);
    signal.removeEventListener('abort', waiting.onAbort);
  }
}
