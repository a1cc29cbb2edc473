/**
 * Keeps a session, and with it its nodes, for as long as a command runs or until a signal. Invariant: when
 * the session is lost first, COMMAND is told to end: it must not go on as if its node were there.
 */
import type { Session } from '../client/index.js';
import { startGuarded } from './guard.js';
import { onSignals } from './wrap.js';

export interface HoldEnd {
  /** Of COMMAND; 0 without one. */
  readonly code: number;
  /** Why the session is gone, if it is. */
  readonly lost: string | undefined;
}

export async function holdNode(session: Session, commandLine: readonly string[]): Promise<HoldEnd> {
  const code = await (commandLine.length === 0
    ? untilToldOrLost(session.signal)
    : runWhileHeld(session.signal, commandLine));
  return { code, lost: session.signal.aborted ? reasonOf(session.signal) : undefined };
}

async function runWhileHeld(held: AbortSignal, commandLine: readonly string[]): Promise<number> {
  const child = startGuarded(commandLine, process.env);
  const stopRelay = onSignals((signal) => child.signal(signal));
  const end = () => child.signal('SIGTERM');
  held.addEventListener('abort', end, { once: true });
  const code = await child.ended;
  held.removeEventListener('abort', end);
  stopRelay();
  return code;
}

function untilToldOrLost(held: AbortSignal): Promise<number> {
  // A signal listener alone does not keep Node running.
  const alive = setInterval(() => {}, 60_000);
  return new Promise((resolve) => {
    const finish = () => {
      clearInterval(alive);
      stop();
      held.removeEventListener('abort', finish);
      resolve(0);
    };
    const stop = onSignals(finish);
    if (held.aborted) finish();
    else held.addEventListener('abort', finish, { once: true });
  });
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : String(reason);
}
