/**
 * Whom to call next: pure. Knows the configured endpoints and those learned from the cluster, prefers
 * whoever failed longest ago, random among equals, and never says "none" while it knows one: when all
 * rest after a failure, it says how long.
 */
import type { Random } from '../../types/ports.js';
import { type Backoff, delayMs, RECONNECT_BACKOFF } from './backoff.js';

/** A cluster has a handful of members; what learns more than this is misled. */
export const ENDPOINTS_MAX = 64;

interface Standing {
  readonly endpoint: string;
  readonly isConfigured: boolean;
  failures: number;
  /** Not to be tried before. */
  restsUntilMs: number;
  failedAtMs: number;
  lastError: string | undefined;
}

export interface EndpointView {
  readonly endpoint: string;
  readonly isFailing: boolean;
  /** Of the last failure, while it is failing. */
  readonly lastError: string | undefined;
}

export interface Choice {
  readonly endpoint: string;
  readonly waitMs: number;
}

export class Endpoints {
  readonly #standings = new Map<string, Standing>();
  readonly backoff: Backoff;
  readonly #random: Random;

  constructor(endpoints: readonly string[], random: Random, backoff: Backoff = RECONNECT_BACKOFF) {
    this.#random = random;
    this.backoff = backoff;
    for (const endpoint of endpoints) this.#add(endpoint, true);
  }

  get all(): readonly string[] {
    return [...this.#standings.keys()];
  }

  /** Every endpoint failed at its last try. */
  get allFailed(): boolean {
    return [...this.#standings.values()].every(({ failures }) => failures > 0);
  }

  describe(): EndpointView[] {
    return [...this.#standings.values()].map(({ endpoint, failures, lastError }) => ({
      endpoint,
      isFailing: failures > 0,
      lastError,
    }));
  }

  /** The members as the cluster tells them: configured ones stay whatever it says. */
  learn(endpoints: readonly string[]): void {
    const named = new Set(endpoints);
    for (const { endpoint, isConfigured } of this.#standings.values()) {
      if (!isConfigured && !named.has(endpoint)) this.#standings.delete(endpoint);
    }
    for (const endpoint of named) this.#add(endpoint, false);
  }

  succeeded(endpoint: string): void {
    const standing = this.#standings.get(endpoint);
    if (standing === undefined) return;
    standing.failures = 0;
    standing.restsUntilMs = 0;
    standing.lastError = undefined;
  }

  failed(endpoint: string, nowMs: number, reason?: string): void {
    const standing = this.#standings.get(endpoint);
    if (standing === undefined) return;
    standing.restsUntilMs = nowMs + delayMs(this.backoff, standing.failures, this.#random);
    standing.failures++;
    standing.failedAtMs = nowMs;
    standing.lastError = reason;
  }

  /** undefined only when every endpoint is excluded. */
  choose(nowMs: number, excluded?: string): Choice | undefined {
    const open = [...this.#standings.values()].filter(({ endpoint }) => endpoint !== excluded);
    if (open.length === 0) return undefined;
    const rested = open.filter(({ restsUntilMs }) => restsUntilMs <= nowMs);
    if (rested.length > 0) return { endpoint: this.#leastSuspect(rested).endpoint, waitMs: 0 };
    const soonest = open.reduce((a, b) => (b.restsUntilMs < a.restsUntilMs ? b : a));
    return { endpoint: soonest.endpoint, waitMs: soonest.restsUntilMs - nowMs };
  }

  #leastSuspect(standings: readonly Standing[]): Standing {
    const well = standings.filter(({ failures }) => failures === 0);
    if (well.length > 0) return well[this.#random.below(well.length)]!;
    return standings.reduce((a, b) => (b.failedAtMs < a.failedAtMs ? b : a));
  }

  #add(endpoint: string, isConfigured: boolean): void {
    if (this.#standings.has(endpoint) || this.#standings.size >= ENDPOINTS_MAX) return;
    this.#standings.set(endpoint, {
      endpoint,
      isConfigured,
      failures: 0,
      restsUntilMs: 0,
      failedAtMs: 0,
      lastError: undefined,
    });
  }
}

/** `undefined` when it is no HOST:PORT; an IPv6 host stands in brackets. */
export function parseEndpoint(text: string): string | undefined {
  const match = /^(\[[0-9a-fA-F:.%]+\]|[^\s:/[\],]+):(\d{1,5})$/.exec(text.trim());
  if (match === null) return undefined;
  const port = Number(match[2]);
  return port > 0 && port <= 65_535 ? `${match[1]}:${port}` : undefined;
}

export function isLoopback(endpoint: string): boolean {
  const host = endpoint.slice(0, endpoint.lastIndexOf(':'));
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
