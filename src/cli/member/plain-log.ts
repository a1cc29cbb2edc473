/** Log lines for a person at a terminal: `12:04:09.113 warn  r1 message key=value`. */

/** What is no line of our log (a stack trace, a warning of Node's) stays as it is. */
export function plainLogLine(line: string): string {
  const record = parse(line);
  if (record === undefined) return line;
  const { time, level, member, msg, err, ...fields } = record;
  const clock = String(time).slice(11, 23);
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  const stack = (err as { stack?: string } | undefined)?.stack;
  const lead = `${clock} ${String(level).padEnd(5)} ${member} ${msg}`;
  return `${lead}${rest.join('')}${stack === undefined ? '' : `\n${stack}`}`;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'msg' in value ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
