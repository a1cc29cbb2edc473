/** Questions to the members themselves, each a call of its own: to the one in use, or to a named one. */
import { RollcallError } from '../types/errors.js';
import { aborted } from './core/calls.js';
import type { Channel, ChannelFactory } from './core/channel.js';
import { parseEndpoint } from './core/endpoints.js';
import type { Links } from './core/links.js';
import type { Time } from './core/time.js';
import type { MemberCallOptions, MemberStatusView, MemberSummary } from './types.js';

export interface MemberCallsOptions {
  readonly links: Links;
  readonly open: ChannelFactory;
  readonly time: Time;
  readonly timeoutMs: number;
  readonly failFast: boolean;
}

/** A member that takes longer is hung. */
const STATUS_MS_MAX = 1_000;
/** It asks the others first. */
const MEMBERS_MS_MAX = 2_000;
const ELSEWHERE: ReadonlySet<string> = new Set(['UNAVAILABLE', 'TIMEOUT']);

type Ask<T> = (channel: Channel, timeoutMs: number) => Promise<T>;

export class MemberCalls {
  readonly #options: MemberCallsOptions;

  constructor(options: MemberCallsOptions) {
    this.#options = options;
  }

  status(options: MemberCallOptions): Promise<MemberStatusView> {
    return this.#ask(options, async (channel, timeoutMs) => {
      const status = await channel.status(Math.min(timeoutMs, STATUS_MS_MAX));
      const leader = status.leader === '' ? undefined : status.leader;
      return { ...status, leader, endpoint: channel.endpoint };
    });
  }

  members(options: MemberCallOptions): Promise<readonly MemberSummary[]> {
    return this.#ask(options, async (channel, timeoutMs) => {
      const { members } = await channel.members(Math.min(timeoutMs, MEMBERS_MS_MAX));
      return members.map((member) => ({ ...member }));
    });
  }

  async #ask<T>(options: MemberCallOptions, ask: Ask<T>): Promise<T> {
    const { timeoutMs = this.#options.timeoutMs, signal, endpoint } = options;
    if (signal?.aborted === true) throw aborted(signal);
    const asked =
      endpoint === undefined
        ? this.#askAny(ask, this.#options.time.nowMs() + timeoutMs)
        : this.#askOne(endpoint, ask, timeoutMs);
    return signal === undefined ? asked : untilAborted(asked, signal);
  }

  async #askOne<T>(text: string, ask: Ask<T>, timeoutMs: number): Promise<T> {
    const endpoint = parseEndpoint(text);
    if (endpoint === undefined)
      throw new RollcallError('INVALID_ARGUMENT', `no HOST:PORT: ${text}`);
    const channel = this.#options.open(endpoint);
    try {
      return await ask(channel, timeoutMs);
    } finally {
      channel.close();
    }
  }

  /** Whoever answers: a member that fails is left for the next, until the deadline. */
  async #askAny<T>(ask: Ask<T>, deadlineMs: number): Promise<T> {
    const { links, time, failFast } = this.#options;
    for (;;) {
      const leftMs = deadlineMs - time.nowMs();
      if (leftMs <= 0) throw this.#unreachable();
      const channel = links.current();
      if (typeof channel === 'number') {
        if (failFast && links.isExhausted) throw this.#unreachable();
        if (links.state.value === 'CLOSED')
          throw new RollcallError('CLOSED', 'the client was closed');
        await pause(Math.min(channel, leftMs));
        continue;
      }
      try {
        const answer = await ask(channel, leftMs);
        links.heard(channel);
        return answer;
      } catch (error) {
        if (!(error instanceof RollcallError) || !ELSEWHERE.has(error.code)) throw error;
        links.leave(channel, error);
      }
    }
  }

  #unreachable(): RollcallError {
    const cause = this.#options.links.lastError;
    const why = cause?.message.replace('UNAVAILABLE: ', '') ?? 'no endpoint is known';
    return new RollcallError('UNAVAILABLE', `no member answers: ${why}`, { cause });
  }
}

/** Keeps the process alive: somebody waits. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.ceil(ms)));
}

function untilAborted<T>(call: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(aborted(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    const done = (): void => signal.removeEventListener('abort', onAbort);
    call.then(resolve, reject).finally(done);
  });
}
