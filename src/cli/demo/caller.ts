/**
 * The caller: a steady stream of requests to whatever `discover('web')` picks, about fifty a second for
 * each server that is up, and an account of how each went.
 */
import { Agent, get } from 'node:http';
import type { Discovery, Instance } from '../../client/index.js';

const TICK_MS = 20;
const REQUEST_TIMEOUT_MS = 2_000;
/** Past this many open requests a tick is left out: a stuck server must not fill the memory. */
const OPEN_MAX = 500;

export interface Tally {
  ok: number;
  failed: number;
  /** Answered within the last full second. */
  perSecond: number;
}

export class Caller {
  readonly tallies = new Map<string, Tally>();
  readonly #discovery: Discovery;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #open = new Set<Promise<void>>();

  constructor(discovery: Discovery) {
    this.#discovery = discovery;
  }

  start(): void {
    this.#timers.push(setInterval(() => this.#tick(), TICK_MS));
    const before = new Map<string, number>();
    const measure = () => {
      for (const [id, tally] of this.tallies) {
        tally.perSecond = tally.ok - (before.get(id) ?? 0);
        before.set(id, tally.ok);
      }
    };
    this.#timers.push(setInterval(measure, 1_000));
  }

  get failed(): number {
    return [...this.tallies.values()].reduce((sum, { failed }) => sum + failed, 0);
  }

  get ok(): number {
    return [...this.tallies.values()].reduce((sum, { ok }) => sum + ok, 0);
  }

  /** Begins no more, and waits for those under way: to cut them would count as their failure. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#open);
    this.#agent.destroy();
  }

  #tick(): void {
    const up = this.#discovery.instances.filter(({ state }) => state === 'UP').length;
    for (let i = 0; i < up && this.#open.size < OPEN_MAX; i++) {
      const call = this.#call().finally(() => this.#open.delete(call));
      this.#open.add(call);
    }
  }

  async #call(): Promise<void> {
    let last = '';
    try {
      const id = await this.#discovery.run(
        (instance, { signal }) => {
          last = instance.id;
          return this.#request(instance, signal);
        },
        { timeoutMs: REQUEST_TIMEOUT_MS },
      );
      this.#tally(id).ok++;
    } catch {
      this.#tally(last).failed++;
    }
  }

  #request(instance: Instance, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = get(instance.url, { agent: this.#agent, signal }, (response) => {
        response.resume();
        response.once('error', reject);
        response.once('end', () => {
          if (response.statusCode === 200) resolve(instance.id);
          else reject(new Error(`status ${response.statusCode}`));
        });
      });
      request.once('error', reject);
    });
  }

  #tally(id: string): Tally {
    const found = this.tallies.get(id);
    if (found !== undefined) return found;
    const tally = { ok: 0, failed: 0, perSecond: 0 };
    this.tallies.set(id, tally);
    return tally;
  }
}
