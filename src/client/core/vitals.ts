/**
 * When a stream was last heard of, by any word, by a leader's confirmation, and by its user: pure. Says
 * what is overdue and when to look again; acting on it is the connection's part.
 */

/** A quiet stream with watches is asked for a sign of life this often. */
export const PROBE_MS = 1_000;
/** Past this without a leader's confirmation watches are stale, whatever the reason. */
export const CONFIRMATION_MS_MAX = 2_500;
/** A connection that nobody uses is closed, so that it does not keep its process alive. */
export const IDLE_MS_MAX = 10_000;

export class Vitals {
  heardAtMs: number;
  confirmedAtMs: number;
  usedAtMs: number;

  constructor(nowMs: number) {
    this.heardAtMs = nowMs;
    this.confirmedAtMs = nowMs;
    this.usedAtMs = nowMs;
  }

  /** How old the last confirmation is, once it is too old. */
  doubtfulForMs(nowMs: number): number | undefined {
    const ageMs = nowMs - this.confirmedAtMs;
    return ageMs >= CONFIRMATION_MS_MAX ? Math.round(ageMs) : undefined;
  }

  isQuiet(nowMs: number): boolean {
    return nowMs - this.heardAtMs >= PROBE_MS;
  }

  isIdle(nowMs: number): boolean {
    return nowMs - this.usedAtMs >= IDLE_MS_MAX;
  }

  /** Infinity when nothing is to be watched over. */
  nextLookMs(nowMs: number, hasWatches: boolean, isUsed: boolean): number {
    const idleAtMs = isUsed ? Number.POSITIVE_INFINITY : this.usedAtMs + IDLE_MS_MAX;
    if (!hasWatches) return idleAtMs;
    const doubtAtMs = this.confirmedAtMs + CONFIRMATION_MS_MAX;
    const probeAtMs = this.heardAtMs + PROBE_MS;
    return Math.min(idleAtMs, doubtAtMs > nowMs ? doubtAtMs : Number.POSITIVE_INFINITY, probeAtMs);
  }
}
