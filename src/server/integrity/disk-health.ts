/**
 * Whether the log's disk keeps up. A write that does not end within the bound makes it sick, at once; it is
 * well again when that write has ended and several small ones of our own, some time apart, were quick. Time
 * is credited a few ticks at most, so that a process that stood still does not blame its disk for it.
 */
interface Write {
  readonly begunAtMs: number;
  readonly isProbe: boolean;
}

/** Of the bound for a write: a probe this slow says that the disk is not well yet. */
const QUICK_SHARE = 0.25;
const QUICK_PROBES = 5;
const PROBE_INTERVAL_MS = 500;

export class DiskHealth {
  readonly #limitMs: number;
  readonly #tickMs: number;
  /** The credited time. */
  #nowMs = 0;
  #tickedAtMs: number | undefined;
  /** Under way, oldest first: they end in this order. */
  readonly #writes: Write[] = [];
  #isSick = false;
  #quickProbes = 0;
  #probedAtMs = 0;

  constructor(options: { readonly limitMs: number; readonly tickMs: number }) {
    this.#limitMs = options.limitMs;
    this.#tickMs = options.tickMs;
  }

  get isSick(): boolean {
    return this.#isSick;
  }

  /** Of the oldest write under way. */
  get waitingMs(): number {
    const oldest = this.#writes[0];
    return oldest === undefined ? 0 : this.#nowMs - oldest.begunAtMs;
  }

  began(isProbe = false): void {
    this.#writes.push({ begunAtMs: this.#nowMs, isProbe });
  }

  ended(): void {
    const tookMs = this.waitingMs;
    const write = this.#writes.shift();
    if (tookMs > this.#limitMs * QUICK_SHARE) this.#quickProbes = 0;
    else if (write?.isProbe === true) this.#quickProbes++;
  }

  /** Changes `isSick`, which nothing else does. */
  tick(nowMs: number): void {
    const passedMs = nowMs - (this.#tickedAtMs ?? nowMs);
    this.#tickedAtMs = nowMs;
    this.#nowMs += Math.min(passedMs, 2 * this.#tickMs);
    if (this.waitingMs > this.#limitMs) {
      this.#isSick = true;
      this.#quickProbes = 0;
    } else if (this.#quickProbes >= QUICK_PROBES) {
      this.#isSick = false;
      this.#quickProbes = 0;
    }
  }

  /** True when a small write of our own is due. */
  takeProbe(): boolean {
    if (!this.#isSick || this.#writes.some(({ isProbe }) => isProbe)) return false;
    if (this.#nowMs - this.#probedAtMs < PROBE_INTERVAL_MS) return false;
    this.#probedAtMs = this.#nowMs;
    return true;
  }
}
