/**
 * What a watch does by itself: runs a command, posts to a webhook. Each follows the service at its own pace,
 * one change at a time and in order; a failure is told and never ends the watch. What is said goes to stderr:
 * stdout is the command's. Bounds: the command holds one change (the latest) besides its own, or with `each`
 * what the watch buffers; past that the watch itself starts again with a marked snapshot.
 */
import type { Client } from '../../client/index.js';
import { note } from '../output.js';
import { changesOf } from './changes.js';
import { describeHook, type HookCommand, runHook } from './exec.js';
import { latestOf } from './latest.js';
import { describeNotice, mergedNotice, type Notice, noticeOf } from './notice.js';
import { postNotice } from './webhook.js';

export interface Hooks {
  readonly command?: HookCommand | undefined;
  /** Run it for every change, not for the latest state. */
  readonly each: boolean;
  readonly debounceMs: number;
  readonly webhook?: string | undefined;
}

/** Ends when `signal` aborts, after what is under way. */
export async function runHooks(
  client: Client,
  { service, hooks }: { readonly service: string; readonly hooks: Hooks },
  signal: AbortSignal,
): Promise<void> {
  const { command, webhook } = hooks;
  const changes = () => changesOf(client, service, signal);
  const running: Promise<void>[] = [];
  if (command !== undefined) {
    const notices = hooks.each
      ? eachNotice(service, changes())
      : latestNotices(service, hooks, changes());
    running.push(runCommands(command, notices, signal));
  }
  if (webhook !== undefined) running.push(postAll(webhook, eachNotice(service, changes()), signal));
  await Promise.all(running);
}

type Changes = ReturnType<typeof changesOf>;

async function* eachNotice(service: string, changes: Changes): AsyncGenerator<Notice> {
  for await (const change of changes) yield noticeOf(service, change);
}

async function* latestNotices(
  service: string,
  { debounceMs }: Hooks,
  changes: Changes,
): AsyncGenerator<Notice> {
  for await (const { value, isMerged } of latestOf(changes, debounceMs)) {
    // A list that is whole by itself says more than that there were several changes.
    const isOne = !isMerged || value.event.type === 'snapshot';
    yield isOne ? noticeOf(service, value) : mergedNotice(service, value);
  }
}

async function runCommands(
  command: HookCommand,
  notices: AsyncIterable<Notice>,
  signal: AbortSignal,
): Promise<void> {
  for await (const notice of notices) {
    const code = await runHook(command, notice);
    if (code !== 0) {
      note(`rollcall: ${describeNotice(notice)}: ${describeHook(command)} ended with ${code}`);
    }
    if (signal.aborted) return;
  }
}

async function postAll(
  url: string,
  notices: AsyncIterable<Notice>,
  signal: AbortSignal,
): Promise<void> {
  for await (const notice of notices) {
    const undelivered = await postNotice(url, notice, { signal });
    if (undelivered !== undefined) {
      const { reason, tries } = undelivered;
      const after = `after ${tries} ${tries === 1 ? 'try' : 'tries'}: ${reason}`;
      note(`rollcall: ${describeNotice(notice)}: dropped by the webhook ${after}`);
    }
    if (signal.aborted) return;
  }
}
