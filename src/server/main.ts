/**
 * One member for as long as its process wants it. A member whose state contradicts the majority has fenced
 * itself: it is started again in place, at the same addresses, and refetches what it holds. One that has to
 * do so again and again is given up, as is one that fails for any other reason.
 */
import { Connections } from './clients/connections.js';
import type { Face } from './face.js';
import { Fenced, FencingLimit } from './integrity/fenced.js';
import { type Kept, type Life, type MemberConfig, startLife } from './life.js';
import { createMetrics, type Metrics } from './metrics/metrics.js';
import type { Service } from './service.js';
import { VERSION } from './version.js';

export type { MemberConfig } from './life.js';

/** `service` and `faces` are those of the present life. */
export interface RunningMember {
  readonly service: Service;
  readonly faces: readonly Face[];
  readonly metrics: Metrics;
  /** Leaves cleanly: hands leadership on, ends the faces, writes what is under way. */
  close(): Promise<void>;
  /** Resolves with the reason when the member had to stop by itself. */
  readonly failed: Promise<Error>;
}

/** Resolves when it serves; until the founders have met, it waits. */
export async function startMember(config: MemberConfig): Promise<RunningMember> {
  const closing = new AbortController();
  const { signal } = closing;
  const signals = config.signal === undefined ? [signal] : [config.signal, signal];
  const kept: Kept = {
    metrics: createMetrics(VERSION),
    connections: new Connections(config.maxConnections),
    peerListen: config.peerListen,
    faceAddresses: [],
    signal: AbortSignal.any(signals),
  };
  return new Lives({ config, kept, closing }, await startLife(config, kept));
}

interface LivesOptions {
  readonly config: MemberConfig;
  readonly kept: Kept;
  /** Aborted when the member is to close. */
  readonly closing: AbortController;
}

class Lives implements RunningMember {
  readonly #options: LivesOptions;
  #life: Life;
  /** Between two lives. */
  #hasEnded = false;
  /** Resolves when the life that is beginning has begun, or when it cannot. */
  #restarting: Promise<void> | undefined;
  readonly #limit = new FencingLimit();
  #closed: Promise<void> | undefined;
  #fail!: (error: Error) => void;
  readonly failed = new Promise<Error>((resolve) => {
    this.#fail = resolve;
  });

  constructor(options: LivesOptions, first: Life) {
    this.#options = options;
    this.#life = first;
    this.#follow(first);
  }

  get service(): Service {
    return this.#life.member;
  }

  get faces(): readonly Face[] {
    return this.#life.faces;
  }

  get metrics(): Metrics {
    return this.#options.kept.metrics;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#options.closing.abort();
    await this.#restarting;
    if (!this.#hasEnded) await this.#life.leave();
  }

  #follow(life: Life): void {
    life.member.failed.then((error) => {
      if (this.#closed !== undefined) return;
      const isOver = !(error instanceof Fenced) || !this.#limit.allows(performance.now());
      if (isOver) return this.#fail(error);
      this.#restarting = this.#restart(life).catch((failure) => this.#fail(failure));
    });
  }

  async #restart(ended: Life): Promise<void> {
    const { config, kept } = this.#options;
    const faceAddresses = ended.faces.map(({ address }) => address);
    this.#hasEnded = true;
    await ended.end();
    if (this.#closed !== undefined) return;
    config.logger.warn({}, 'starts again in place');
    const again = { ...kept, peerListen: ended.peerAddress, faceAddresses };
    this.#life = await startLife(config, again);
    this.#hasEnded = false;
    this.#restarting = undefined;
    this.#follow(this.#life);
  }
}
