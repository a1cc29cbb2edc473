/**
 * How long a failover is felt by a writer: writes one after the other around the moment that the
 * leader is killed, and takes the longest time between two acknowledgements.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../client/index.js';

const PATH = '/demo-writes';
const PAUSE_MS = 2;
const BEFORE_MS = 200;
const AFTER_MS = 1_500;
const WRITE_TIMEOUT_MS = 5_000;

interface Pulse {
  acknowledgedAt: number;
  longestGapMs: number;
  acknowledged: number;
}

/** Calls `act` between two writes. Resolves undefined when the signal aborts first. */
export async function measureWriteGap(
  client: Client,
  act: () => void,
  signal: AbortSignal,
): Promise<number | undefined> {
  await ensureNode(client);
  const pulse = { acknowledgedAt: performance.now(), longestGapMs: 0, acknowledged: 0 };
  await writeFor(BEFORE_MS, { client, pulse, signal });
  pulse.longestGapMs = 0;
  act();
  const before = pulse.acknowledged;
  await writeFor(AFTER_MS, { client, pulse, signal });
  while (pulse.acknowledged === before && !signal.aborted) {
    await writeFor(PAUSE_MS, { client, pulse, signal });
  }
  return signal.aborted ? undefined : pulse.longestGapMs;
}

/** In a folder that is kept it is there from the last time. */
async function ensureNode(client: Client): Promise<void> {
  const options = { timeoutMs: WRITE_TIMEOUT_MS };
  if ((await client.get(PATH, options)) === undefined) await client.create(PATH, '', options);
}

interface Writing {
  readonly client: Client;
  readonly pulse: Pulse;
  readonly signal: AbortSignal;
}

/** A write that fails is a longer gap, nothing else. */
async function writeFor(ms: number, { client, pulse, signal }: Writing): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end && !signal.aborted) {
    const text = String(pulse.acknowledged);
    await client.set(PATH, text, { timeoutMs: WRITE_TIMEOUT_MS, signal }).then(
      () => acknowledge(pulse),
      () => {},
    );
    await sleep(PAUSE_MS);
  }
}

function acknowledge(pulse: Pulse): void {
  const now = performance.now();
  pulse.longestGapMs = Math.max(pulse.longestGapMs, now - pulse.acknowledgedAt);
  pulse.acknowledgedAt = now;
  pulse.acknowledged++;
}
