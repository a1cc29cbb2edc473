/** A registration without a command of its own: kept until a signal comes, or until somebody else ends it. */
import type { Registration } from '../../client/index.js';
import { EXIT, Exit } from '../errors.js';
import { note, printLine } from '../output.js';
import { type Announce, describeEnd, follow, leave, onSignals } from '../wrap.js';

export interface HoldOptions {
  /** It stays on the roll when we go. */
  readonly isStatic: boolean;
  /** Tells the roll how the server fares. */
  readonly announce: Announce | undefined;
}

export async function hold(registration: Registration, options: HoldOptions): Promise<void> {
  const { isStatic, announce } = options;
  const toStop = isStatic ? 'Ctrl-C stops its check' : 'Ctrl-C to leave';
  printLine(`${describeRegistered(registration)}; ${toStop}`);
  const done = new AbortController();
  const stop = onSignals(() => done.abort());
  registration.signal.addEventListener('abort', () => done.abort(), { once: true });
  void follow(registration, done.signal);
  void announce?.(registration, done.signal);
  await until(done.signal);
  stop();
  const { service, id } = registration;
  if (registration.signal.aborted) {
    const remedy = `see \`rollcall why ${service}/${id}\``;
    throw new Exit(EXIT.failure, `${service}/${id} ${describeEnd(registration)}`, remedy);
  }
  if (isStatic) note(`rollcall: ${service}/${id} stays ${registration.instance.state}`);
  else await leave(registration);
}

export function describeRegistered({ service, id, instance, revision }: Registration): string {
  return `registered ${service}/${id} at ${instance.url}, rev ${revision}`;
}

function until(signal: AbortSignal): Promise<void> {
  // A signal listener alone does not keep Node running.
  const alive = setInterval(() => {}, 60_000);
  return new Promise((resolve) => {
    const finish = () => {
      clearInterval(alive);
      resolve();
    };
    if (signal.aborted) finish();
    else signal.addEventListener('abort', finish, { once: true });
  });
}
