/**
 * The data of nodes: how it is given on the command line (text, `-` for standard input, `@FILE`), and how
 * it is shown. What is no text is never passed off as text, and a terminal never gets control characters.
 */
import { createReadStream } from 'node:fs';
import { NODE_DATA_BYTES_MAX } from '../../types/limits.js';
import { UsageError } from '../errors.js';
import { printable } from '../table.js';
import { describeSize } from './sizes.js';

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Nothing given is no data. */
export async function readPayload(argument: string | undefined): Promise<Uint8Array> {
  if (argument === undefined) return new Uint8Array(0);
  if (argument === '-') return readAll(process.stdin, 'standard input');
  if (!argument.startsWith('@')) return Buffer.from(argument, 'utf8');
  const file = argument.slice(1);
  try {
    return await readAll(createReadStream(file), file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UsageError(message, 'name a file after @; text that begins with @ goes through -');
  }
}

async function readAll(stream: AsyncIterable<Buffer>, name: string): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of stream) {
    bytes += part.length;
    if (bytes > NODE_DATA_BYTES_MAX) throw tooLarge(name);
    parts.push(part);
  }
  return Buffer.concat(parts, bytes);
}

function tooLarge(name: string): UsageError {
  const remedy = 'store the bulk elsewhere and its place here';
  return new UsageError(`${name} holds more than a node may: 1 MiB`, remedy);
}

/** undefined: it is no text. */
export function textOf(data: Uint8Array): string | undefined {
  try {
    return DECODER.decode(data);
  } catch {
    return undefined;
  }
}

export type PayloadRow =
  | { readonly data: string; readonly encoding: 'utf8' }
  | { readonly data: string; readonly encoding: 'base64' };

/** For JSON. */
export function payloadRow(data: Uint8Array): PayloadRow {
  const text = textOf(data);
  return text === undefined
    ? { data: Buffer.from(data).toString('base64'), encoding: 'base64' }
    : { data: text, encoding: 'utf8' };
}

const SHOWN_LENGTH_MAX = 60;

/** One line of it, for a list of events. */
export function describePayload(data: Uint8Array): string {
  if (data.length === 0) return 'empty';
  const text = textOf(data);
  if (text === undefined) return `${describeSize(data.length)}, binary`;
  const shown = printable(text.slice(0, SHOWN_LENGTH_MAX));
  return text.length > SHOWN_LENGTH_MAX ? `${describeSize(data.length)}, ${shown}…` : shown;
}

/** For a terminal: lines stay lines, everything else that is no character is made visible. */
export function terminalText(data: Uint8Array): string | undefined {
  return textOf(data)
    ?.split('\n')
    .map((line) => line.split('\t').map(printable).join('\t'))
    .join('\n');
}
