/**
 * COMMAND and its registration, bound to each other: STARTING until its port accepts, UP while it runs (or
 * as its health check says), DRAINING before a signal reaches it, off the roll as soon as it ended. Everything said here goes to
 * stderr: stdout is COMMAND's. Invariant: COMMAND is never left running by an end of the registrar.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { InstanceState, Registration } from '../client/index.js';
import { isRollcallError } from '../types/errors.js';
import { startGuarded } from './guard.js';
import { note } from './output.js';
import { untilAccepting } from './ports.js';

export const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const LOOPBACK = '127.0.0.1';
/** A cluster that does not answer must not keep COMMAND from its signal for longer. */
const DRAIN_WAIT_MS = 1_000;
/** Nor our own end; past it the session's grace does the rest. */
const LEAVE_WAIT_MS = 2_000;
const STATE_RETRY_MS = 250;

/** Tells the roll how the server fares until `signal` aborts. Never rejects. */
export type Announce = (registration: Registration, signal: AbortSignal) => Promise<void>;

/** Resolves with the exit code of COMMAND once it ended and its instance left the roll. */
export async function runWrapped(
  registration: Registration,
  command: readonly string[],
  announce: Announce = announceUp,
): Promise<number> {
  const { instance } = registration;
  say(registration, `${instance.state} at ${instance.url}, rev ${registration.revision}`);
  const child = startGuarded(command, { ...process.env, PORT: String(instance.port) });
  const ended = new AbortController();
  const draining = new AbortController();
  const stopRelay = onSignals((signal) => {
    const first = !draining.signal.aborted;
    draining.abort();
    void (first ? drain(registration, signal) : Promise.resolve()).then(() => child.signal(signal));
  });
  void follow(registration, ended.signal);
  void announce(registration, AbortSignal.any([ended.signal, draining.signal]));
  const code = await child.ended;
  ended.abort();
  stopRelay();
  await leave(registration);
  say(registration, `left: ${command[0]} ended with ${code}`);
  return code;
}

export function onSignals(handle: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of SIGNALS) process.on(signal, handle);
  return () => {
    for (const signal of SIGNALS) process.off(signal, handle);
  };
}

/** Off the roll, but never waiting for a cluster that does not answer. Never rejects. */
export async function leave(registration: Registration): Promise<void> {
  await within(LEAVE_WAIT_MS, registration.close());
}

/** Says what becomes of the registration, until `signal` aborts. Never rejects. */
export async function follow(registration: Registration, signal: AbortSignal): Promise<void> {
  let wasAway = false;
  try {
    for await (const state of registration.states({ signal })) {
      if (signal.aborted) return;
      if (state === 'REGISTERED' && wasAway) say(registration, 'registered, as before');
      if (state === 'SUSPENDED') say(registration, 'the cluster does not answer; trying again');
      if (isFinal(state)) say(registration, describeEnd(registration));
      wasAway = state !== 'REGISTERED';
    }
  } catch (error) {
    if (!signal.aborted) say(registration, String(error));
  }
}

export function say(registration: Registration, text: string): void {
  note(`rollcall: ${registration.service}/${registration.id} ${text}`);
}

export function describeEnd(registration: Registration): string {
  return `is off the roll: ${registration.reason?.message ?? registration.state}`;
}

function isFinal(state: Registration['state']): boolean {
  return state === 'REPLACED' || state === 'DEREGISTERED' || state === 'FAILED';
}

/** The registered address may not be reachable from here (a translated one), so loopback counts too. */
async function announceUp(registration: Registration, signal: AbortSignal): Promise<void> {
  const { address, port } = registration.instance;
  if (!(await untilAccepting([...new Set([address, LOOPBACK])], port, signal))) return;
  while (!signal.aborted && !registration.signal.aborted) {
    if (await trySetState(registration, 'UP')) return;
    await sleep(STATE_RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

/** Then the signal may go to COMMAND: callers look elsewhere by now. Never rejects. */
async function drain(registration: Registration, signal: NodeJS.Signals): Promise<void> {
  say(registration, `${signal}: draining`);
  if (!registration.signal.aborted) {
    await within(DRAIN_WAIT_MS, trySetState(registration, 'DRAINING'));
  }
}

/** False when it is worth another try. */
async function trySetState(registration: Registration, state: InstanceState): Promise<boolean> {
  try {
    const { revision } = await registration.setState(state);
    say(registration, `${state}, rev ${revision}`);
    return true;
  } catch (error) {
    return !isRollcallError(error) || !error.retryable;
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const patience = sleep(ms, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([work.catch(() => {}), patience]);
  timer.abort();
}
