/**
 * From asking to holding: a seat in the line, a watch on the one in front and on nobody else, and a
 * linearizable look at the line before anything is granted. Whoever stops waiting is told at once; what
 * was under way for it is undone behind it. A session lost while waiting costs the place, not the wait.
 */
import { isRetryable, isRollcallError, RollcallError } from '../../types/errors.js';
import type { TreeNode } from '../../types/node.js';
import { onAbort } from '../core/aborts.js';
import { aborted } from '../core/calls.js';
import { pause, timeoutProblem, within } from '../core/limit.js';
import type { LockOptions } from '../types.js';
import { Held } from './held.js';
import type { RecipeHost } from './host.js';
import { firstAt, lineAt, onceGone, patient } from './line.js';
import { join, type Seat, type SeatTerms } from './seat.js';

/** Before standing in line again. */
const AGAIN_MS = 200;

interface Wait {
  readonly host: RecipeHost;
  readonly terms: SeatTerms;
  /** Not to be waited for at all. */
  readonly isTry: boolean;
  readonly limit: AbortSignal;
  /** Why it had to stand in line again, last. */
  trouble?: unknown;
}

export function acquire(
  host: RecipeHost,
  terms: SeatTerms,
  { timeoutMs, signal }: LockOptions,
): Promise<Held> {
  const problem = timeoutMs === undefined ? undefined : timeoutProblem(timeoutMs);
  if (problem !== undefined) return Promise.reject(new RollcallError('INVALID_ARGUMENT', problem));
  const isTry = timeoutMs === 0;
  return within({ timeoutMs: isTry ? host.timeoutMs : timeoutMs, signal }, (limit) => {
    const wait: Wait = { host, terms, isTry, limit };
    const tooLate = (): RollcallError =>
      signal?.aborted === true ? aborted(signal) : notGranted(wait);
    return unlessOver(limit, { start: () => stand(wait), tooLate });
  });
}

interface Task {
  readonly start: () => Promise<Held>;
  readonly tooLate: () => RollcallError;
}

/** The caller leaves when the limit says so; what it would have got is given back. */
function unlessOver(limit: AbortSignal, { start, tooLate }: Task): Promise<Held> {
  if (limit.aborted) return Promise.reject(tooLate());
  return new Promise((resolve, reject) => {
    const unlisten = onAbort(limit, () => reject(tooLate()));
    start().then((held) => {
      unlisten();
      // A caller that has left shares the limit with us: nobody else gives this back.
      if (limit.aborted) held.drop();
      else resolve(held);
    }, reject);
  });
}

async function stand(wait: Wait): Promise<Held> {
  const { host, terms, isTry, limit } = wait;
  // Spares the others the coming and going of one that does not wait.
  const first = isTry ? await firstAt(host.tree, terms.path, patient(limit)) : undefined;
  if (first !== undefined) throw taken(terms);
  for (;;) {
    try {
      return await standOnce(wait);
    } catch (error) {
      if (isTry || limit.aborted || !isPassing(error)) throw error;
      wait.trouble = error;
      host.log.warn({ path: terms.path, error }, 'waits from the end of the line again');
    }
    await pause(AGAIN_MS, limit);
  }
}

async function standOnce(wait: Wait): Promise<Held> {
  const { host, terms, limit } = wait;
  const { session, leave } = await host.session.take();
  let seat: Seat | undefined;
  try {
    if (limit.aborted) throw notGranted(wait);
    seat = await join(session, terms);
    await reachFront(wait, seat);
    return new Held(host, seat, leave);
  } catch (error) {
    const reason = seat?.signal.aborted === true ? seat.signal.reason : error;
    void leaveAll(host, { seat, leave });
    throw reason;
  }
}

async function leaveAll(
  { log }: RecipeHost,
  { seat, leave }: { readonly seat: Seat | undefined; readonly leave: () => Promise<void> },
): Promise<void> {
  try {
    await seat?.leave();
  } catch (error) {
    log.warn({ path: seat?.path, error }, 'a node may be left in line until its session ends');
  }
  await leave();
}

async function reachFront(wait: Wait, seat: Seat): Promise<void> {
  const { terms, isTry, limit } = wait;
  const { session } = seat;
  const over = AbortSignal.any([limit, seat.signal]);
  for (;;) {
    const { nodes, revision } = await lineAt(session, terms.path, patient(over));
    const place = nodes.findIndex(({ stat }) => stat.createRevision === seat.createRevision);
    if (place < 0) throw new RollcallError('NO_NODE', `somebody removed ${seat.path}`);
    if (place === 0) break;
    if (isTry) throw taken(terms);
    await untilGone(seat, { node: nodes[place - 1]!, revision }, over);
  }
  // A process that was stopped reads its mail before its timers: the session's clock has its say first.
  await pause(0, over);
  if (over.aborted || session.state !== 'CONNECTED') throw seat.signal.reason ?? notGranted(wait);
}

function untilGone(
  { session, signal }: Seat,
  { node, revision }: { readonly node: TreeNode; readonly revision: number },
  over: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      watch[Symbol.dispose]();
      reject(signal.reason ?? over.reason);
    };
    const unlisten = onAbort(over, leave);
    const standing = { path: node.path, createRevision: node.stat.createRevision, revision };
    const end = (settle: () => void): void => {
      unlisten();
      settle();
    };
    const watch = onceGone(session, standing, {
      gone: () => end(resolve),
      ended: (error) => end(() => (error === undefined ? resolve() : reject(error))),
    });
    if (over.aborted) leave();
  });
}

/** What another try can mend; the limit is the caller's. */
function isPassing(error: unknown): boolean {
  if (!isRollcallError(error)) return false;
  return error.code === 'SESSION_EXPIRED' || isRetryable(error.code);
}

function notGranted({ terms, trouble: cause }: Wait): RollcallError {
  return new RollcallError('TIMEOUT', `${terms.path} was not granted in time`, { cause });
}

function taken({ path }: SeatTerms): RollcallError {
  return new RollcallError('TIMEOUT', `${path} is held`);
}
