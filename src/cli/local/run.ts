/**
 * What `dev` and `demo` share: a local cluster from its start to the last trace of it. Data goes to a
 * temporary folder that is removed, unless a folder was named: that one is never removed.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type LocalCluster, startLocalCluster } from '../local-cluster.js';
import { writeEndpointFile } from './endpoint-file.js';
import { checkPortsFree } from './ports.js';

export interface LocalRunOptions {
  readonly members: number;
  readonly basePort: number;
  readonly data: string | undefined;
  readonly logLevel?: string | undefined;
  readonly onEvent: (name: string, what: string) => void;
  readonly onLog: (line: string) => void;
}

export interface LocalRun {
  readonly cluster: LocalCluster;
  readonly readyInMs: number;
  /** Aborts when the run is to end. */
  readonly signal: AbortSignal;
}

export const dataNote = (data: string | undefined): string =>
  data === undefined ? 'Data in a temporary folder, removed on exit' : `Data in ${resolve(data)}`;

/** Runs `use` beside a cluster that is ready. Resolves when nothing is left of it. */
export async function withLocalCluster(
  options: LocalRunOptions,
  stop: AbortSignal,
  use: (run: LocalRun) => Promise<void>,
): Promise<void> {
  await checkPortsFree(options.members, options.basePort);
  const dataDir = openDataDir(options.data);
  const start = performance.now();
  const cluster = startLocalCluster({ ...options, dataDir });
  const file = writeEndpointFile(process.cwd(), cluster.endpoints);
  try {
    const isReady = await Promise.race([cluster.ready(), aborted(stop)]);
    const readyInMs = performance.now() - start;
    if (isReady) await use({ cluster, readyInMs, signal: stop });
  } finally {
    file.remove();
    await cluster.close();
    if (options.data === undefined) rmSync(dataDir, { recursive: true, force: true });
  }
}

function openDataDir(data: string | undefined): string {
  if (data === undefined) return mkdtempSync(join(tmpdir(), 'rollcall-'));
  mkdirSync(data, { recursive: true });
  return resolve(data);
}

/** Resolves false when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(false);
    else signal.addEventListener('abort', () => resolve(false), { once: true });
  });
}

/** Aborts on Ctrl-C, a termination, a closed terminal, or after `forMs`. */
export function stopSignal(forMs: number | undefined): AbortController {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => controller.abort());
  }
  if (forMs !== undefined) setTimeout(() => controller.abort(), forMs).unref();
  return controller;
}

export const readyLine = ({ cluster, readyInMs }: LocalRun): string =>
  `ready  ${cluster.endpoints}  in ${(readyInMs / 1000).toFixed(1)} s`;
