/**
 * Metrics whose values are kept elsewhere and read when scraped, in Prometheus' shape. The library's own
 * classes want to be told of every change, and its counters can only be added to.
 */
import type { Metric, Registry } from 'prom-client';

export interface Sample {
  readonly metricName?: string;
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
}

export interface Readable {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: () => Sample[];
}

/** A registry asks its metrics for nothing but `get`; the type wants one of the library's classes. */
export function register(registry: Registry, { name, help, type, values }: Readable): void {
  const metric = {
    name,
    help,
    type,
    get: async () => ({ name, help, type, values: values(), aggregator: 'sum' }),
    reset: () => {},
  };
  registry.registerMetric(metric as unknown as Metric);
}
