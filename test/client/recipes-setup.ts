/** Locks and elections with short sessions, and what their tests look at: the line in the tree. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Client, SessionOptions } from '../../src/client/index.js';
import type { RecipeHost } from '../../src/client/recipes/host.js';
import { SharedSession } from '../../src/client/recipes/shared-session.js';

/** The shortest that the cluster allows. */
export const SHORT_MS = 2_000;

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** As a client makes it, but for the timeout of the session. */
export function hostOf(client: Client, options: SessionOptions = {}): RecipeHost {
  const session = new SharedSession(() => client.session({ timeoutMs: SHORT_MS, ...options }));
  return { tree: client, session, log: silent, timeoutMs: 1_000, label: 'test' };
}

/** Names of those who stand in line. */
export async function lineOf(client: Client, path: string): Promise<readonly string[]> {
  try {
    return (await client.list(path)).nodes.map((node) => node.path);
  } catch {
    return [];
  }
}

export async function untilInLine(client: Client, path: string, count: number): Promise<void> {
  await expect
    .poll(async () => (await lineOf(client, path)).length, { timeout: 5_000 })
    .toBe(count);
}

/** A resource that does what mutual exclusion outside the cluster needs: it refuses lower tokens. */
export class Resource {
  highest = 0;
  refused = 0;
  taken = 0;
  #users = 0;
  overlaps = 0;

  /** One use that takes a while, given up when the signal says so. */
  async use(token: number, signal: AbortSignal, ms: number): Promise<void> {
    if (token < this.highest) {
      this.refused++;
      return;
    }
    this.highest = token;
    this.taken++;
    if (++this.#users > 1) this.overlaps++;
    const left = (): void => void this.#users--;
    // At the very moment of the loss, not a turn later.
    signal.addEventListener('abort', left, { once: true });
    await sleep(ms);
    if (signal.aborted) return;
    signal.removeEventListener('abort', left);
    left();
  }
}
