/**
 * Starts COMMAND so that it can never outlive the registrar. Node cannot ask the kernel for a death
 * signal, so a small shell stands in: it leaves a watcher behind, holding one end of a pipe, and then
 * becomes COMMAND (same pid, so signals and the exit code are COMMAND's own). When the registrar dies,
 * by whatever cause, the pipe closes and the watcher ends COMMAND's process group: SIGTERM, then
 * SIGKILL two seconds later. After a regular end the registrar writes a line, and the watcher goes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';

/** Descriptor 3 is the pipe; COMMAND itself does not get it. `$$` is the pid that COMMAND will have. */
const SCRIPT = [
  '( trap "" HUP INT TERM',
  '  read -r _ <&3 && exit 0',
  '  kill -s TERM -- "-$$"; sleep 2; kill -s KILL -- "-$$"',
  ') </dev/null >/dev/null 2>&1 &',
  'exec 3<&-',
  'exec "$@"',
].join('\n');

export interface GuardedCommand {
  /** Its exit code; 128 + the number of the signal that ended it. Never rejects. */
  readonly ended: Promise<number>;
  /** To COMMAND itself, not to its children: that is its own business, as under a shell or init. */
  signal(name: NodeJS.Signals): void;
}

/** A process group of its own: Ctrl-C reaches the registrar alone, which drains before passing it on. */
export function startGuarded(
  command: readonly string[],
  environment: NodeJS.ProcessEnv,
): GuardedCommand {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'rollcall', ...command], {
    detached: true,
    env: environment,
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  return {
    ended: ended(child),
    signal: (name) => void child.kill(name),
  };
}

function ended(child: ChildProcess): Promise<number> {
  const pipe = child.stdio[3] as Writable | null | undefined;
  // The watcher may be gone already, killed with the group.
  pipe?.on('error', () => {});
  return new Promise((resolve) => {
    child.once('error', () => resolve(126));
    child.once('exit', (code, signal) => {
      pipe?.end('done\n');
      resolve(code ?? 128 + constants.signals[signal!]);
    });
  });
}
