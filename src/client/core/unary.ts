/**
 * Calls of their own, outside any stream: to the member in use or to a named one. Whoever fails is left
 * for the next until the deadline, as long as asking twice does no harm; otherwise the failure says
 * whether the call may have been applied.
 */

import type { Method, Outgoing } from '../../rpc/shapes.js';
import { isRollcallError, RollcallError } from '../../types/errors.js';
import type { Random } from '../../types/ports.js';
import type { MemberCallOptions } from '../types.js';
import { delayMs, REQUEST_BACKOFF } from './backoff.js';
import { aborted } from './calls.js';
import type { Channel, ChannelFactory } from './channel.js';
import { checkRequest, checkSignal, checkTimeout } from './checks.js';
import { parseEndpoint } from './endpoints.js';
import { pause, within } from './limit.js';
import type { Links } from './links.js';
import { closed, unreachable, withOutcome } from './reasons.js';
import type { Time } from './time.js';

export interface UnaryOptions {
  readonly links: Links;
  readonly open: ChannelFactory;
  readonly time: Time;
  readonly random: Random;
  readonly timeoutMs: number;
  readonly failFast: boolean;
}

export interface Question<Request, Response> {
  readonly method: Method<Request, Response>;
  readonly request: Outgoing<Request>;
  /** `once`: not to be sent again when it may have been applied. */
  readonly kind: 'read' | 'repeatable' | 'once';
  /** A member that takes longer is hung. */
  readonly memberMsMax?: number;
}

export interface Answered<Response> {
  readonly answer: Response;
  /** The member that answered. */
  readonly endpoint: string;
}

/** As long as a member tries to serve a read; a healthy one answers in milliseconds. */
const MEMBER_MS_MAX = 2_500;
/** The member is at fault: another one may do better. */
const ELSEWHERE: ReadonlySet<string> = new Set(['UNAVAILABLE', 'TIMEOUT', 'CLOSED']);
const UNHEARD = { connected: () => undefined, failed: () => undefined };

export class UnaryCalls {
  readonly #options: UnaryOptions;

  constructor(options: UnaryOptions) {
    this.#options = options;
  }

  async ask<Request, Response>(
    question: Question<Request, Response>,
    options: MemberCallOptions = {},
  ): Promise<Answered<Response>> {
    const { timeoutMs = this.#options.timeoutMs, signal, endpoint } = options;
    checkTimeout(timeoutMs);
    checkSignal(signal);
    checkRequest(question.method.requestProblem(question.request));
    if (signal?.aborted === true) throw aborted(signal);
    const dueMs = this.#options.time.nowMs() + timeoutMs;
    return within({ timeoutMs, signal }, async (limit) => {
      const attempt = new Attempt(this.#options, question, { dueMs, limit });
      try {
        return endpoint === undefined ? await attempt.any() : await attempt.one(endpoint);
      } catch (error) {
        throw signal?.aborted === true ? aborted(signal, attempt.outcome) : error;
      }
    });
  }
}

interface AttemptTerms {
  readonly dueMs: number;
  /** Aborts at the deadline, or when the caller does. */
  readonly limit: AbortSignal;
}

class Attempt<Request, Response> {
  readonly #options: UnaryOptions;
  readonly #question: Question<Request, Response>;
  readonly #terms: AttemptTerms;
  /** What a failure now says about its effect. */
  outcome: 'not-applied' | 'unknown' = 'not-applied';

  constructor(options: UnaryOptions, question: Question<Request, Response>, terms: AttemptTerms) {
    this.#options = options;
    this.#question = question;
    this.#terms = terms;
  }

  async one(text: string): Promise<Answered<Response>> {
    const endpoint = parseEndpoint(text);
    if (endpoint === undefined)
      throw new RollcallError('INVALID_ARGUMENT', `no HOST:PORT: ${text}`);
    const channel = this.#options.open(endpoint);
    channel.connect(UNHEARD);
    try {
      return await this.#ask(channel);
    } finally {
      channel.close();
    }
  }

  async any(): Promise<Answered<Response>> {
    const { links, random } = this.#options;
    for (let failures = 0; ; failures++) {
      const channel = await this.#channel();
      try {
        const answered = await this.#ask(channel);
        links.heard(channel);
        return answered;
      } catch (error) {
        if (!this.#mayRepeat(error)) throw error;
        if (ELSEWHERE.has(error.code)) links.leave(channel, error);
        else {
          const waitMs = Math.max(
            error.retryAfterMs ?? 0,
            delayMs(REQUEST_BACKOFF, failures, random),
          );
          await pause(waitMs, this.#terms.limit);
          if (this.#terms.limit.aborted) throw error;
        }
      }
    }
  }

  async #ask(channel: Channel): Promise<Answered<Response>> {
    const { method, request, kind, memberMsMax = MEMBER_MS_MAX } = this.#question;
    const leftMs = this.#terms.dueMs - this.#options.time.nowMs();
    const timeoutMs = Math.max(1, kind === 'once' ? leftMs : Math.min(leftMs, memberMsMax));
    const before = this.outcome;
    try {
      if (kind !== 'read') this.outcome = 'unknown';
      const { limit: signal } = this.#terms;
      const answer = await channel.ask(method, request, { timeoutMs, signal });
      return { answer, endpoint: channel.endpoint };
    } catch (error) {
      const wasApplied = kind !== 'read' && isRollcallError(error) && error.outcome === 'unknown';
      this.outcome = wasApplied ? 'unknown' : before;
      throw this.#asSeen(error);
    }
  }

  /** A read has no effect, and what an earlier attempt may have done is not undone by a later one's refusal. */
  #asSeen(error: unknown): unknown {
    return isRollcallError(error) ? withOutcome(error, this.outcome) : error;
  }

  #mayRepeat(error: unknown): error is RollcallError {
    if (!isRollcallError(error) || this.#terms.limit.aborted) return false;
    const isSafe = this.#question.kind !== 'once' || error.outcome === 'not-applied';
    return isSafe && (error.retryable || ELSEWHERE.has(error.code));
  }

  /** Waits for a member to ask. */
  async #channel(): Promise<Channel> {
    const { links, failFast } = this.#options;
    for (;;) {
      const channel = links.current();
      if (typeof channel !== 'number') return channel;
      if (links.state.value === 'CLOSED') throw closed(this.outcome);
      if (failFast && links.isExhausted) throw unreachable(this.outcome, links.lastError);
      await pause(channel, this.#terms.limit);
      if (this.#terms.limit.aborted) throw unreachable(this.outcome, links.lastError);
    }
  }
}
