/**
 * Tells an HTTP server of a change, and tries again when it could not be told: what failed once may go well
 * later, so a receiver can hear of a change twice and knows it by its headers. Never rejects, and never tries
 * for longer than a bound, because the changes behind it wait.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Notice } from './notice.js';

export interface WebhookTiming {
  /** Of one try. */
  readonly timeoutMs: number;
  readonly tries: number;
  /** Before the second try; each further one waits twice as long, with jitter. */
  readonly pauseMs: number;
  readonly pauseMsMax: number;
}

/** A minute at most: a restart of the receiver is survived, one that is gone holds up the rest no longer. */
export const WEBHOOK_TIMING: WebhookTiming = {
  timeoutMs: 5_000,
  tries: 8,
  pauseMs: 250,
  pauseMsMax: 8_000,
};

/** undefined: it was taken. */
export type Undelivered = { readonly reason: string; readonly tries: number } | undefined;

export async function postNotice(
  url: string,
  notice: Notice,
  { timing = WEBHOOK_TIMING, signal }: { readonly timing?: WebhookTiming; signal: AbortSignal },
): Promise<Undelivered> {
  let pauseMs = timing.pauseMs;
  for (let tries = 1; ; tries++) {
    const failure = await post(url, notice, timing.timeoutMs);
    if (failure === undefined) return undefined;
    const { reason } = failure;
    if (failure.isFinal || tries >= timing.tries || signal.aborted) return { reason, tries };
    await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
    pauseMs = Math.min(2 * pauseMs, timing.pauseMsMax);
  }
}

interface PostFailure {
  readonly reason: string;
  /** The same request would fail again. */
  readonly isFinal: boolean;
}

async function post(
  url: string,
  notice: Notice,
  timeoutMs: number,
): Promise<PostFailure | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: headersOf(notice),
      body: JSON.stringify(notice),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    if (response.ok) return undefined;
    return { reason: `it answered ${response.status}`, isFinal: response.status < 500 };
  } catch (error) {
    return { reason: describeProblem(error, timeoutMs), isFinal: false };
  }
}

/** Several changes may share a revision; the key tells them apart. */
function headersOf({ type, service, instance, revision }: Notice): Record<string, string> {
  const what = instance === undefined ? type : `${type}/${instance.id}`;
  return {
    'content-type': 'application/json',
    'user-agent': 'rollcall-watch',
    'rollcall-revision': String(revision),
    'idempotency-key': encodeURI(`${service}/${revision}/${what}`),
  };
}

function describeProblem(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `no answer in ${timeoutMs} ms`;
  const cause = (error as { readonly cause?: NodeJS.ErrnoException }).cause;
  return cause?.code ?? String(error);
}
