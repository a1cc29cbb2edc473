/**
 * Writes at a steady rate and a ledger of what was promised about each: acknowledged, refused, or
 * unknown. Each write has a content of its own and asks for a new name, so that one that was lost and
 * one that was made twice both show.
 */
import { type Client, type Consistency, isRollcallError } from '../../src/client/index.js';

export interface WriteLoadOptions {
  readonly perSecond?: number;
  readonly parent?: string;
  readonly timeoutMs?: number;
  /** Contents are at least this long. */
  readonly bytes?: number;
}

/** What the tree holds against what was promised; all empty is as it must be. */
export interface Discrepancies {
  readonly lost: string[];
  readonly twice: string[];
  /** Said to be without effect, and there all the same. */
  readonly unwanted: string[];
}

const TICK_MS = 5;
/** The load itself never runs away with memory. */
const OPEN_MAX = 20_000;

export class WriteLoad {
  /** When each acknowledgement came, by performance.now(). */
  readonly acknowledgedAtMs: number[] = [];
  readonly failures: string[] = [];
  readonly #client: Client;
  readonly #options: Required<WriteLoadOptions>;
  readonly #acknowledged = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #open = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #issued = 0;

  private constructor(client: Client, options: Required<WriteLoadOptions>) {
    this.#client = client;
    this.#options = options;
  }

  static async start(client: Client, options: WriteLoadOptions = {}): Promise<WriteLoad> {
    const { perSecond = 200, parent = '/load', timeoutMs = 20_000, bytes = 0 } = options;
    const load = new WriteLoad(client, { perSecond, parent, timeoutMs, bytes });
    await client.create(parent, '', { timeoutMs });
    load.#run();
    return load;
  }

  get parent(): string {
    return this.#options.parent;
  }

  get count(): number {
    return this.acknowledgedAtMs.length;
  }

  /** Resolves when every write has its answer. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
  }

  /** Longest time without an acknowledgement that touches the span. */
  longestGapMs(fromMs: number, toMs: number): number {
    const times = [...this.acknowledgedAtMs.filter((at) => at < toMs || at === this.#last), toMs];
    let longest = 0;
    for (let i = 1; i < times.length; i++) {
      const [before, after] = [times[i - 1]!, times[i]!];
      if (after > fromMs && before < toMs) longest = Math.max(longest, after - before);
    }
    return longest;
  }

  /** `session`: what the member that `client` reaches has applied. */
  async compare(client: Client = this.#client, consistency?: Consistency): Promise<Discrepancies> {
    const seen = await this.#read(client, consistency);
    const is = (counts: (count: number) => boolean, content: string) =>
      counts(seen.get(content) ?? 0);
    return {
      lost: [...this.#acknowledged].filter((content) => is((count) => count === 0, content)),
      twice: [...seen].filter(([, count]) => count > 1).map(([content]) => content),
      unwanted: [...this.#refused].filter((content) => is((count) => count > 0, content)),
    };
  }

  get #last(): number | undefined {
    return this.acknowledgedAtMs.at(-1);
  }

  #run(): void {
    const startMs = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - startMs) * this.#options.perSecond) / 1000;
      while (this.#issued < due && this.#open.size < OPEN_MAX) {
        this.#write(String(this.#issued++).padEnd(this.#options.bytes, '.'));
      }
    }, TICK_MS);
  }

  #write(content: string): void {
    const { parent, timeoutMs } = this.#options;
    const written = this.#client
      .create(`${parent}/w-`, content, { sequential: true, timeoutMs })
      .then(
        () => {
          this.#acknowledged.add(content);
          this.acknowledgedAtMs.push(performance.now());
        },
        (error: unknown) => this.#failed(content, error),
      )
      .finally(() => void this.#open.delete(written));
    this.#open.add(written);
  }

  #failed(content: string, error: unknown): void {
    this.failures.push(String(error));
    if (isRollcallError(error) && error.outcome === 'not-applied') this.#refused.add(content);
  }

  async #read(client: Client, consistency?: Consistency): Promise<Map<string, number>> {
    const seen = new Map<string, number>();
    const { parent } = this.#options;
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page = await client.list(parent, {
        after,
        withData: true,
        timeoutMs: 20_000,
        consistency,
      });
      for (const { data } of page.nodes) {
        const content = Buffer.from(data).toString();
        seen.set(content, (seen.get(content) ?? 0) + 1);
      }
      after = page.next;
    }
    return seen;
  }
}
