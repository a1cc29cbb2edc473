/**
 * Drills run short among the tests and at full length under `npm run drill`, which sets a file for their
 * figures. Figures are reported, not asserted: they say how fast, tests say whether.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const FIGURES = process.env.ROLLCALL_DRILL_FIGURES;

export const isFullLength = FIGURES !== undefined;

/** As many as this run has time for. */
export function scaled(short: number, full: number): number {
  return isFullLength ? full : short;
}

/** Chance repeats itself when this is set to what an earlier run printed. */
export const seed = Number(process.env.ROLLCALL_DRILL_SEED ?? 1);

export function figure(name: string, value: string | number): void {
  if (FIGURES === undefined) return;
  appendFileSync(FIGURES, `${JSON.stringify({ name, value })}\n`);
}

export function progress(text: string): void {
  if (isFullLength) process.stderr.write(`${text}\n`);
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} s`;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function summary(values: readonly number[]): string {
  return `median ${seconds(median(values))}, worst ${seconds(Math.max(...values))}`;
}

const POLL_MS = 25;

/** Resolves with the first answer that is not undefined or false. */
export async function until<T>(
  look: () => T | Promise<T>,
  what: string,
  timeoutMs = 20_000,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>;
    if (performance.now() > deadline) throw new Error(`never, in ${timeoutMs} ms: ${what}`);
    await sleep(POLL_MS);
  }
}
