/**
 * The metrics of a member. What happens is counted where it happens, at the cost of an addition; what the
 * member is (`metric-table.ts`) is read once for each scrape, all of it at the same moment.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { TABLE } from './metric-table.js';
import { register } from './readable.js';
import type { Reading } from './reading.js';
import { RequestMetrics } from './request-metrics.js';

export type ExpiryReason = 'timeout' | 'grace' | 'revoked';

export interface Metrics {
  readonly registry: Registry;
  /** A request was answered: `code` is OK or an error's code. */
  request(method: string, code: string, seconds: number): void;
  inFlight(delta: number): void;
  fsync(seconds: number): void;
  /** From the apply of a change to its hand-over to a subscriber's connection. */
  pushLag(seconds: number): void;
  sessionExpired(reason: ExpiryReason): void;
  /** Where the readings come from, once the member runs. */
  setSource(source: () => Reading): void;
}

const PREFIX = 'rollcall_';
const FSYNC_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1,
];
const PUSH_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
/** Of the library's: gauges that are called like counters. */
const MISNAMED = ['handles', 'requests', 'resources'].map(
  (what) => `${PREFIX}nodejs_active_${what}_total`,
);

export function createMetrics(version = 'unknown'): Metrics {
  const registry = new Registry();
  const setSource = registerTable(registry);
  const requests = new RequestMetrics(registry);
  const events = createEventMetrics(registry);
  collectDefaultMetrics({ register: registry, prefix: PREFIX });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const info = { name: 'rollcall_build_info', help: 'The version that runs.' };
  new Gauge({ ...info, labelNames: ['version'], registers: [registry] }).set({ version }, 1);
  return {
    registry,
    request: (method, code, seconds) => requests.observe(method, code, seconds),
    setSource,
    ...events,
  };
}

/** A scrape asks its metrics in the order of registration, and the first takes the reading for all. */
function registerTable(registry: Registry): Metrics['setSource'] {
  let source: (() => Reading) | undefined;
  let reading: Reading | undefined;
  TABLE.forEach(({ name, type, help, values }, i) => {
    const read = () => {
      if (i === 0) reading = source?.();
      return reading === undefined ? [] : values(reading);
    };
    register(registry, { name: PREFIX + name, type, help, values: read });
  });
  return (wanted) => {
    source = wanted;
  };
}

function createEventMetrics(registry: Registry) {
  const registers = [registry];
  const inFlight = new Gauge({
    name: 'rollcall_requests_in_flight',
    help: 'Requests that clients wait for.',
    registers,
  });
  const fsync = new Histogram({
    name: 'rollcall_log_fsync_seconds',
    help: 'Time to make a write to the log durable.',
    buckets: FSYNC_SECONDS,
    registers,
  });
  const push = new Histogram({
    name: 'rollcall_push_lag_seconds',
    help: 'From the apply of a change to its hand-over to a subscriber.',
    buckets: PUSH_SECONDS,
    registers,
  });
  const expired = createExpired(registers);
  return {
    inFlight: (delta: number) => inFlight.inc(delta),
    fsync: (seconds: number) => fsync.observe(seconds),
    pushLag: (seconds: number) => push.observe(seconds),
    sessionExpired: (reason: ExpiryReason) => expired[reason].inc(),
  };
}

/** All reasons exist from the start, so that a rate has a zero to rise from. */
function createExpired(registers: Registry[]): Record<ExpiryReason, Counter.Internal> {
  const counter = new Counter({
    name: 'rollcall_sessions_expired_total',
    help: 'Sessions that the cluster ended, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const child = (reason: ExpiryReason) => {
    counter.inc({ reason }, 0);
    return counter.labels(reason);
  };
  return { timeout: child('timeout'), grace: child('grace'), revoked: child('revoked') };
}
