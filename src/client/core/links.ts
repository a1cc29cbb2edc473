/**
 * The connections of one client: the member in use and a warm one to another member, already connected,
 * so that leaving a dead or hung member costs no dialling. Everyone who had a stream on a connection
 * that is left is told, once; who left first decides for all.
 */
import { services } from '../../rpc/definitions.js';
import { plainText } from '../../rpc/failure.js';
import { RollcallError } from '../../types/errors.js';
import type { Random } from '../../types/ports.js';
import type { ClientDescription, ClientLogger } from '../types.js';
import { delayMs } from './backoff.js';
import type { Channel, ChannelFactory } from './channel.js';
import type { Dials } from './dials.js';
import type { Endpoints } from './endpoints.js';
import { StateCell } from './states.js';
import { Alarm, type Time } from './time.js';

export type LinkState = 'IDLE' | 'CONNECTING' | 'READY' | 'DEGRADED' | 'CLOSED';

export interface LinksOptions {
  readonly endpoints: Endpoints;
  readonly open: ChannelFactory;
  readonly time: Time;
  readonly random: Random;
  readonly learnMembers: boolean;
  readonly log: ClientLogger;
  readonly dials: Dials;
}

/** How often the list of members is asked for. */
const LEARN_INTERVAL_MS = 60_000;
const LEARN_TIMEOUT_MS = 2_000;
/** A connection that takes longer to be made has company: whichever is made first is used. */
const DIAL_ALONE_MS = 250;
/** With company every connection costs twice, so the allowance for others counts little here. */
const ALONE_SHARE = 0.1;
/** Silence allowed while a connection is being made. */
const CONNECT_MS_MAX = 1_500;
/** A connection that served for less than this counts as a failed one. */
const STEADY_MS = 1_000;

interface Link {
  readonly channel: Channel;
  readonly dialledAtMs: number;
  heardAtMs: number | undefined;
  isConnected: boolean;
  /** It is being made no longer, for better or worse. */
  readonly settled: () => void;
}

export class Links {
  readonly state = new StateCell<LinkState>('IDLE');
  readonly #options: LinksOptions;
  readonly #listeners = new Set<(left: Channel) => void>();
  readonly #alarm: Alarm;
  #current: Link | undefined;
  #warm: Link | undefined;
  #flaps = 0;
  #notBeforeMs = 0;
  #learnedAtMs = Number.NEGATIVE_INFINITY;
  #lastError: RollcallError | undefined;

  constructor(options: LinksOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.time, () => this.#keepWarm());
  }

  get lastError(): RollcallError | undefined {
    return this.#lastError;
  }

  /** No endpoint answers: every one was tried in vain. */
  get isExhausted(): boolean {
    return this.#current?.heardAtMs === undefined && this.#options.endpoints.allFailed;
  }

  /** Another member is connected and waiting. */
  get hasWarm(): boolean {
    return this.#warm?.isConnected === true;
  }

  /** How long a connection may take to be made, as busy as this process is with making them. */
  get connectMsMax(): number {
    return CONNECT_MS_MAX + this.#options.dials.allowanceMs;
  }

  describe(): ClientDescription['endpoints'] {
    const [current, standby] = [this.#current, this.#warm].map((link) => link?.channel.endpoint);
    return this.#options.endpoints.describe().map(({ endpoint, isFailing, lastError }) => {
      const otherwise = isFailing ? 'failing' : 'idle';
      const use = endpoint === current ? 'current' : endpoint === standby ? 'standby' : otherwise;
      return { endpoint, use, lastError };
    });
  }

  /** The connection to use, or how long to wait for one. */
  current(): Channel | number {
    if (this.state.value === 'CLOSED') return Number.POSITIVE_INFINITY;
    if (this.#current !== undefined) return this.#current.channel;
    const nowMs = this.#options.time.nowMs();
    if (nowMs < this.#notBeforeMs) return this.#notBeforeMs - nowMs;
    const link = this.#takeWarm() ?? this.#dialNext(nowMs);
    if (typeof link === 'number') return link;
    this.#current = link;
    if (!link.isConnected) this.#alarm.by(nowMs + this.#aloneMs);
    this.state.set(this.state.value === 'IDLE' ? 'CONNECTING' : this.state.value);
    return link.channel;
  }

  /** Called for each connection that is left. */
  onLeave(listener: (left: Channel) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The member answers. */
  heard(channel: Channel): void {
    const link = this.#current;
    if (link === undefined || link.channel !== channel || link.heardAtMs !== undefined) return;
    link.heardAtMs = this.#options.time.nowMs();
    link.isConnected = true;
    this.#options.endpoints.succeeded(channel.endpoint);
    const wasLost = this.state.value === 'DEGRADED';
    this.state.set('READY');
    const { endpoint } = channel;
    this.#options.log.info({ endpoint }, wasLost ? 'connection regained' : 'connected');
    this.#learn(channel);
    this.#keepWarm();
  }

  /** It failed, hung or asked to be left. Does nothing when it was left before. */
  leave(channel: Channel, error: RollcallError): void {
    const link = this.#current;
    if (link === undefined || link.channel !== channel) return;
    const { endpoints, time } = this.#options;
    const nowMs = time.nowMs();
    this.#current = undefined;
    this.#lastError = error;
    endpoints.failed(channel.endpoint, nowMs, plainText(error));
    this.#countFlap(link, nowMs);
    const { endpoint } = channel;
    if (this.state.value === 'READY') {
      this.state.set('DEGRADED');
      this.#options.log.warn({ endpoint, error }, `connection lost: ${plainText(error)}`);
    } else this.#options.log.debug({ endpoint, error }, `no connection: ${plainText(error)}`);
    link.settled();
    channel.close();
    for (const listener of [...this.#listeners]) listener(channel);
  }

  close(): void {
    this.#alarm.stop();
    for (const link of [this.#current, this.#warm]) {
      link?.settled();
      link?.channel.close();
    }
    this.#current = undefined;
    this.#warm = undefined;
    this.state.close('CLOSED');
  }

  /** Connections that break soon after they began are not made in a tight circle. */
  #countFlap(link: Link, nowMs: number): void {
    const wasSteady = link.heardAtMs !== undefined && nowMs - link.heardAtMs >= STEADY_MS;
    if (link.heardAtMs === undefined) return;
    this.#flaps = wasSteady ? 0 : this.#flaps + 1;
    if (this.#flaps < 2) return;
    this.#notBeforeMs =
      nowMs + delayMs(this.#options.endpoints.backoff, this.#flaps, this.#options.random);
  }

  get #aloneMs(): number {
    return DIAL_ALONE_MS + this.#options.dials.allowanceMs * ALONE_SHARE;
  }

  #takeWarm(): Link | undefined {
    const warm = this.#warm;
    this.#warm = undefined;
    return warm;
  }

  #dialNext(nowMs: number): Link | number {
    const choice = this.#options.endpoints.choose(nowMs);
    if (choice === undefined) return Number.POSITIVE_INFINITY;
    return choice.waitMs > 0 ? choice.waitMs : this.#dial(choice.endpoint);
  }

  #dial(endpoint: string): Link {
    const channel = this.#options.open(endpoint);
    const dialledAtMs = this.#options.time.nowMs();
    const settled = this.#options.dials.began();
    const link: Link = { channel, dialledAtMs, heardAtMs: undefined, isConnected: false, settled };
    channel.connect({
      connected: () => {
        link.isConnected = true;
        settled();
        this.#outrun(link);
      },
      failed: (error) => this.#failed(link, error),
    });
    return link;
  }

  /** The other one is there first. */
  #outrun(link: Link): void {
    const current = this.#current;
    if (link !== this.#warm || current === undefined || current.isConnected) return;
    const { endpoint } = current.channel;
    this.leave(current.channel, lost(endpoint, `${endpoint} takes too long to connect`));
  }

  #failed(link: Link, error: RollcallError): void {
    this.leave(link.channel, error);
    if (link !== this.#warm) return;
    this.#warm = undefined;
    link.settled();
    link.channel.close();
    const nowMs = this.#options.time.nowMs();
    this.#options.endpoints.failed(link.channel.endpoint, nowMs, plainText(error));
    this.#keepWarm();
  }

  #keepWarm(): void {
    const current = this.#current;
    if (this.#warm !== undefined || current === undefined) return;
    const nowMs = this.#options.time.nowMs();
    if (current.heardAtMs === undefined) {
      if (current.isConnected) return;
      const slowAtMs = current.dialledAtMs + this.#aloneMs;
      if (nowMs < slowAtMs) return this.#alarm.by(slowAtMs);
    }
    const choice = this.#options.endpoints.choose(nowMs, current.channel.endpoint);
    if (choice === undefined) return;
    if (choice.waitMs > 0) this.#alarm.by(nowMs + choice.waitMs);
    else this.#warm = this.#dial(choice.endpoint);
  }

  #learn(channel: Channel): void {
    const nowMs = this.#options.time.nowMs();
    if (!this.#options.learnMembers || nowMs - this.#learnedAtMs < LEARN_INTERVAL_MS) return;
    this.#learnedAtMs = nowMs;
    channel.ask(services.Cluster.Members, {}, { timeoutMs: LEARN_TIMEOUT_MS }).then(
      ({ members }) => {
        if (this.state.value === 'CLOSED') return;
        this.#options.endpoints.learn(members.map(({ address }) => address).filter(Boolean));
        this.#keepWarm();
      },
      // Asked again at the next connection; the endpoints known so far serve until then.
      () => {
        this.#learnedAtMs = Number.NEGATIVE_INFINITY;
      },
    );
  }
}

export function lost(endpoint: string, why: string): RollcallError {
  return new RollcallError('UNAVAILABLE', why, { outcome: 'unknown', endpoint });
}
