/** Locks and elections over ordered ephemeral nodes. Types only. */
import type { Bytes, CallOptions } from './tree.js';

/** How long to wait for a lock or an election. */
export interface LockOptions {
  /**
   * How long to wait for it; unset: until the signal aborts, through every loss of connection. 0: TIMEOUT
   * at once when it is held; its calls may take the client's timeout.
   */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Released on dispose. */
export interface HeldLock extends AsyncDisposable {
  /**
   * Aborts when it is held no more: its session is LOST, somebody removed its node, or it is released
   * (reason CLOSED). Always before it can be granted to the next, unless its node or session was removed
   * by force or this process stood still: then only the fencing token protects.
   */
  readonly signal: AbortSignal;
  /**
   * Rises with every grant. Mutual exclusion outside Rollcall holds only if the resource rejects lower
   * tokens than the highest that it has seen.
   */
  readonly fencingToken: number;
  /**
   * Resolves when others can have it; at once when it was lost. TIMEOUT with outcome `unknown` when the
   * cluster does not confirm it within the client's timeout: it is still being given back.
   */
  release(): Promise<void>;
}

/**
 * First come, first served. Not re-entrant: who holds it and asks again waits for itself. All locks of a
 * client share a session without disconnect grace.
 */
export interface Lock {
  readonly path: string;
  acquire(options?: LockOptions): Promise<HeldLock>;
  /** Runs `fn` while holding it, and releases it whatever happens. */
  run<T>(
    fn: (held: Omit<HeldLock, 'release' | typeof Symbol.asyncDispose>) => Promise<T>,
    options?: LockOptions,
  ): Promise<T>;
}

/** Held until resigned or lost. Resigns on dispose. */
export interface Leadership extends AsyncDisposable {
  /** Aborts as that of a lock. */
  readonly signal: AbortSignal;
  readonly fencingToken: number;
  /** Changes what observers see. */
  set(value: Bytes, options?: CallOptions): Promise<void>;
  resign(): Promise<void>;
}

/** Who leads, by the value that it set. */
export interface Leader {
  readonly value: Uint8Array;
  readonly fencingToken: number;
}

/** One leader at a time; the others wait in the order of their coming. */
export interface Election {
  readonly path: string;
  /** Resolves when elected. */
  campaign(value: Bytes, options?: LockOptions): Promise<Leadership>;
  /** undefined: nobody leads. */
  leader(options?: CallOptions): Promise<Leader | undefined>;
  /** The leader now, then every other one; never an old one as if it were current. */
  observe(options?: {
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<Leader | undefined>;
}
