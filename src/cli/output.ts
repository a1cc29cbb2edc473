/**
 * The only place that writes to the terminal. Results go to stdout, everything about the run itself
 * (progress, remedies, what a registrar does) to stderr, so that pipes carry results alone.
 */
import { styleText } from 'node:util';
import type { InstanceState } from '../types/instance.js';
import type { DataFormat } from './parse.js';
import { type Column, printableLines, renderTable } from './table.js';

type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Whether colours help: a terminal that wants them. FORCE_COLOR and NO_COLOR win, as everywhere. */
export function wantsColour(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stream.isTTY === true && TERM !== 'dumb';
}

export function paint(
  style: Style,
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  return wantsColour(stream) ? styleText(style, text, { validateStream: false }) : text;
}

const STATE_STYLES: Readonly<Record<InstanceState, Style>> = {
  STARTING: 'cyan',
  UP: 'green',
  DRAINING: 'yellow',
  DOWN: 'red',
};

export function paintState(text: string, state: InstanceState): string {
  return paint(STATE_STYLES[state], text);
}

/** leader, follower…; whatever does not take part is red. */
export function paintRole(text: string, role: string): string {
  if (role === 'leader') return paint('green', text);
  return role === 'follower' || role === 'learner' ? text : paint('red', text);
}

const EVENT_STYLES: Readonly<Record<string, Style>> = {
  join: 'green',
  change: 'yellow',
  leave: 'red',
  stale: 'red',
};

export function paintEvent(text: string, type: string): string {
  const style = EVENT_STYLES[type];
  return style === undefined ? text : paint(style, text);
}

export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One thing: a line of JSON, or one YAML document. */
export async function printObject(value: unknown, format: DataFormat): Promise<void> {
  if (format === 'json') printLine(JSON.stringify(value));
  else process.stdout.write(await yamlText(value));
}

/** A list as one JSON array, an element a line (`jq` and `grep` both like it), or as one YAML sequence. */
export async function printList(rows: readonly unknown[], format: DataFormat): Promise<void> {
  if (format === 'yaml') return printObject(rows, format);
  const lines = rows.map((row) => `  ${JSON.stringify(row)}`);
  printLine(lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n]`);
}

/** One of a stream: a line of JSON, or a YAML document of its own. */
export async function printEvent(event: unknown, format: DataFormat): Promise<void> {
  if (format === 'json') printLine(JSON.stringify(event));
  else process.stdout.write(`---\n${await yamlText(event)}`);
}

/** Data as it is, byte for byte. Resolves when the reader has taken it. */
export function writeBytes(data: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

/** Only who asks for YAML pays for it. Lines are never folded: `grep` sees whole values. */
async function yamlText(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Fits the terminal; `whole` cuts nothing, for those who asked for more than fits. */
export function printTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  whole = false,
): void {
  const width = process.stdout.isTTY && !whole ? process.stdout.columns : undefined;
  const [header, ...lines] = renderTable(columns, rows, { width });
  printLine(paint('dim', header!));
  for (const line of lines) printLine(line);
}

/** About the run, not its result. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function printFailure(message: string, remedy: string): void {
  if (message !== '') note(`${paint('red', 'error:', process.stderr)} ${printableLines(message)}`);
  if (remedy !== '') note(`  ${paint('dim', 'remedy:', process.stderr)} ${printableLines(remedy)}`);
}

/**
 * A reader that went away (`| head -1`) ends us quietly, as it ends any filter; a result that cannot be
 * written is a failure. Nobody listening to what is said of the run changes nothing: COMMAND may run still.
 */
export function endWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    printFailure(`the result cannot be written: ${error.message}`, 'look at where stdout goes');
    process.exit(1);
  });
  process.stderr.on('error', () => {});
}
