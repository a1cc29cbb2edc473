/** The log of a member: to stderr, as JSON for machines, as plain lines for a person at a terminal. */
import { pino } from 'pino';
import type { LogLevel } from '../../server/config.js';
import type { Logger } from '../../types/ports.js';

export type MemberLogger = Logger;

interface LogOptions {
  readonly name: string;
  readonly logLevel: LogLevel;
}

export function createLogger({ name, logLevel }: LogOptions): MemberLogger {
  const settings = {
    level: logLevel,
    base: { member: name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  // Synchronous: the last words of a failing member are the ones that matter.
  const file = pino.destination({ dest: 2, sync: true });
  return pino(settings, process.stderr.isTTY ? { write: (line) => file.write(plain(line)) } : file);
}

/** `12:04:09.113 warn  r1 message key=value`. */
export function plain(line: string): string {
  const { time, level, member, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time).slice(11, 23);
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  const stack = (err as { stack?: string } | undefined)?.stack;
  const lead = `${clock} ${String(level).padEnd(5)} ${member} ${msg}`;
  return `${lead}${rest.join('')}${stack === undefined ? '' : `\n${stack}`}\n`;
}
