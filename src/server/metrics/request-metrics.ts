/**
 * Counts and latencies of requests by method. Requests are the one metric that is counted per
 * operation, so they are kept in plain arrays and turned into Prometheus' shape only when scraped.
 */
import type { Registry } from 'prom-client';
import { register, type Sample } from './readable.js';

const SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** Methods and codes are closed sets in our own code; this only keeps a mistake from growing. */
const METHODS_MAX = 200;
const CODES_MAX = 64;
const OTHER = 'other';

interface MethodStats {
  readonly method: string;
  readonly codes: Map<string, number>;
  /** Requests that took at most SECONDS[i] and more than the bound before; the last: all others. */
  readonly buckets: Float64Array;
  sum: number;
  count: number;
}

export class RequestMetrics {
  readonly #methods = new Map<string, MethodStats>();

  constructor(registry: Registry) {
    register(registry, {
      name: 'rollcall_requests_total',
      help: 'Requests answered, by method and code.',
      type: 'counter',
      values: () => this.#counts(),
    });
    register(registry, {
      name: 'rollcall_request_seconds',
      help: 'Time from the arrival of a request to its answer.',
      type: 'histogram',
      values: () => this.#latencies(),
    });
  }

  observe(method: string, code: string, seconds: number): void {
    const stats = this.#methods.get(method) ?? this.#begin(method);
    const known = stats.codes.has(code) || stats.codes.size < CODES_MAX;
    const name = known ? code : OTHER;
    stats.codes.set(name, (stats.codes.get(name) ?? 0) + 1);
    let i = 0;
    while (i < SECONDS.length && seconds > SECONDS[i]!) i++;
    stats.buckets[i]!++;
    stats.sum += seconds;
    stats.count++;
  }

  #begin(method: string): MethodStats {
    const name = this.#methods.size < METHODS_MAX ? method : OTHER;
    const known = this.#methods.get(name);
    if (known !== undefined) return known;
    const buckets = new Float64Array(SECONDS.length + 1);
    const stats = { method: name, codes: new Map(), buckets, sum: 0, count: 0 };
    this.#methods.set(name, stats);
    return stats;
  }

  #counts(): Sample[] {
    return [...this.#methods.values()].flatMap(({ method, codes }) =>
      [...codes].map(([code, value]) => ({ value, labels: { method, code } })),
    );
  }

  #latencies(): Sample[] {
    return [...this.#methods.values()].flatMap(latencySamples);
  }
}

/** Prometheus' buckets are cumulative. */
function latencySamples({ method, buckets, sum, count }: MethodStats): Sample[] {
  const metricName = 'rollcall_request_seconds_bucket';
  let below = 0;
  const steps = SECONDS.map((le, i) => {
    below += buckets[i]!;
    return { metricName, value: below, labels: { method, le } };
  });
  return [
    ...steps,
    { metricName, value: count, labels: { method, le: '+Inf' } },
    { metricName: 'rollcall_request_seconds_sum', value: sum, labels: { method } },
    { metricName: 'rollcall_request_seconds_count', value: count, labels: { method } },
  ];
}
