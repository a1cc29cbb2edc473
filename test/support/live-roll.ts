/**
 * Registrars that live through a drill, and a watcher that notes every leave it is told of. While the
 * registrars live, there must be none.
 */
import { type Client, connect, type Registration } from '../../src/client/index.js';

export interface LiveRollOptions {
  readonly endpoints: readonly string[];
  /** Where the watcher looks; by default where the registrars call. */
  readonly watchAt?: readonly string[];
  readonly clients: number;
  /** Registrations of each client, every one on a session of its own: 1. */
  readonly perClient?: number;
  readonly service?: string;
  readonly sessionTimeoutMs?: number;
  /** Stay at these endpoints, as through a proxy. */
  readonly learnMembers?: boolean;
  readonly onEnd: (close: () => Promise<void>) => void;
}

/** Clients that register side by side: a burst that a busy machine still answers in time. */
const BATCH = 10;
const SESSION_MS = 10_000;

export class LiveRoll {
  readonly registrations: Registration[] = [];
  readonly leaves: string[] = [];
  /** Endings of registrations: REPLACED, FAILED and the like, and every registering anew. */
  readonly upsets: string[] = [];
  readonly service: string;
  readonly #clients: Client[] = [];
  readonly #watcher: Client;
  readonly #present = new Set<string>();

  private constructor(service: string, watcher: Client) {
    this.service = service;
    this.#watcher = watcher;
  }

  static async start(options: LiveRollOptions): Promise<LiveRoll> {
    const { endpoints, watchAt = endpoints, clients, service = 'live', onEnd } = options;
    const roll = new LiveRoll(service, connect(watchAt));
    onEnd(() => roll.close());
    void roll.#watch();
    for (let first = 0; first < clients; first += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, clients - first) }, (_, i) => first + i);
      await Promise.all(numbers.map((number) => roll.#registerAll(number, options)));
    }
    return roll;
  }

  /** How many the watcher sees. */
  get size(): number {
    return this.#present.size;
  }

  get suspended(): number {
    return this.registrations.filter(({ state }) => state === 'SUSPENDED').length;
  }

  get registered(): number {
    return this.registrations.filter(({ state }) => state === 'REGISTERED').length;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients, this.#watcher].map((client) => client.close()));
  }

  async #registerAll(number: number, options: LiveRollOptions): Promise<void> {
    const { endpoints, perClient = 1, learnMembers = true } = options;
    const client = connect(endpoints, { learnMembers });
    this.#clients.push(client);
    const ids = Array.from({ length: perClient }, (_, i) => number * perClient + i);
    await Promise.all(ids.map((id, i) => this.#register(client, id, { ...options, extraMs: i })));
  }

  async #register(
    client: Client,
    number: number,
    { sessionTimeoutMs = SESSION_MS, extraMs }: LiveRollOptions & { readonly extraMs: number },
  ): Promise<void> {
    const target = { address: '127.0.0.1', port: 10_000 + number };
    const registration = await client.register(this.service, target, {
      id: `live-${number}`,
      // Registrations with one timeout share a session.
      sessionTimeoutMs: sessionTimeoutMs + extraMs,
      timeoutMs: 20_000,
    });
    this.registrations.push(registration);
    void this.#follow(registration);
  }

  async #follow(registration: Registration): Promise<void> {
    for await (const state of registration.states()) {
      const isWell = state === 'REGISTERED' || state === 'SUSPENDED' || state === 'CLOSED';
      if (!isWell) this.upsets.push(`${registration.id} ${state}`);
    }
  }

  async #watch(): Promise<void> {
    for await (const event of this.#watcher.roll(this.service)) {
      if (event.type === 'snapshot') for (const { id } of event.instances) this.#present.add(id);
      if (event.type === 'join') this.#present.add(event.instance.id);
      if (event.type !== 'leave') continue;
      this.#present.delete(event.instance.id);
      this.leaves.push(`${event.instance.id} ${event.reason}`);
    }
  }
}
