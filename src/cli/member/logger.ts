/** The log of a member: to stderr, as JSON for machines, as plain lines for a person at a terminal. */
import { pino } from 'pino';
import type { LogLevel } from '../../server/config.js';
import type { Logger } from '../../types/ports.js';
import { plainLogLine } from './plain-log.js';

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
  return pino(
    settings,
    process.stderr.isTTY ? { write: (line) => file.write(`${plainLogLine(line)}\n`) } : file,
  );
}
