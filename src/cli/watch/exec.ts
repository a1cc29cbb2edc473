/**
 * Runs a command for a change: the notice as JSON on its standard input and as variables in its environment.
 * Never rejects: whatever becomes of the command, the watch goes on. Invariant: nothing that a registrar wrote
 * becomes part of a command line.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { type Notice, noticeVariables } from './notice.js';

/** The words of a command line, run as they are. A text goes through the shell. */
export type HookCommand = readonly string[] | string;

/** As shells have it. */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;

/** Resolves with its exit code; 128 + the number of the signal that ended it. */
export function runHook(command: HookCommand, notice: Notice): Promise<number> {
  const [file, ...args] = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
  return new Promise((resolve) => {
    try {
      const env = { ...process.env, ...noticeVariables(notice) };
      const child = spawn(file!, args, { env, stdio: ['pipe', 'inherit', 'inherit'] });
      child.once('error', (error) => resolve(codeOf(error)));
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
      // It need not read what it is told.
      child.stdin.on('error', () => {});
      child.stdin.end(`${JSON.stringify(notice)}\n`);
    } catch (error) {
      resolve(codeOf(error as NodeJS.ErrnoException));
    }
  });
}

function codeOf({ code }: NodeJS.ErrnoException): number {
  return code === 'ENOENT' ? NOT_FOUND : NOT_RUNNABLE;
}

export function describeHook(command: HookCommand): string {
  return typeof command === 'string' ? command : command.join(' ');
}
