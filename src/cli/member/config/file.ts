/**
 * A configuration file: YAML in, settings with the lines they stand on out, or everything that is wrong
 * with it. Refuses what a configuration does not need and an accident or an attack does: aliases, anchors,
 * tags, several documents, keys twice, more than 64 KiB. Its texts are never evaluated or expanded.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { isMap, isScalar, LineCounter, type Node, type Pair, parseDocument, visit } from 'yaml';
import { type GivenSetting, SETTING_NAMES, type SettingName } from '../../../server/config.js';
import { CONFIG_BYTES_MAX } from '../../../types/limits.js';
import { describeNear, nearNames } from '../../near/names.js';

export interface FileSettings {
  readonly given: { readonly [K in SettingName]?: GivenSetting };
  readonly problems: readonly string[];
}

/** One mistake can make the parser complain of every line behind it. */
const FAULTS_MAX = 10;
const NESTED = 'is nested too deeply';
const BYTE_ORDER_MARK = '\uFEFF';

export function readSettingsFile(path: string): FileSettings {
  const text = readText(path);
  return typeof text === 'string' ? parseSettingsFile(path, text) : { given: {}, ...text };
}

export function parseSettingsFile(path: string, text: string): FileSettings {
  try {
    return parse(path, text);
  } catch (error) {
    // The parser goes down into what is nested, and the stack ends before 64 KiB of brackets do.
    if (!(error instanceof RangeError)) throw error;
    return { given: {}, problems: [`${path}: ${NESTED}`] };
  }
}

function parse(path: string, text: string): FileSettings {
  const lines = new LineCounter();
  const at = (offset: number): string => `${path}:${lines.linePos(offset).line}`;
  if (text.startsWith(BYTE_ORDER_MARK)) {
    return { given: {}, problems: [`${path}:1: begins with a byte order mark: save it without`] };
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults = [...document.errors, ...document.warnings].slice(0, FAULTS_MAX);
  const problems = faults.map(({ pos, message }) => `${at(pos[0])}: ${wordsOf(message)}`);
  problems.push(...extras(document, at));
  const root = document.contents;
  if (problems.length > 0) return { given: {}, problems };
  if (root === null || (isScalar(root) && root.value === null)) return { given: {}, problems };
  if (!isMap(root)) {
    return { given: {}, problems: [`${path}:1: must be settings, a line each, as "name: r1"`] };
  }
  const plain = (node: Node | null): unknown => node?.toJS(document) ?? null;
  return settingsOf(root.items as readonly SettingPair[], { at, plain });
}

type At = (offset: number) => string;
type SettingPair = Pair<Node, Node | null>;

interface Reading {
  readonly at: At;
  readonly plain: (node: Node | null) => unknown;
}

/** What YAML could do and a configuration must not. */
function extras(document: ReturnType<typeof parseDocument>, at: At): string[] {
  const problems: string[] = [];
  visit(document, {
    Alias: (_, node) => void problems.push(`${at(node.range![0])}: aliases are not allowed`),
    Node: (_, node) => {
      const where = node.range === undefined || node.range === null ? '' : at(node.range[0]);
      if ('anchor' in node && node.anchor !== undefined)
        problems.push(`${where}: anchors are not allowed`);
      if (node.tag !== undefined) problems.push(`${where}: tags are not allowed`);
    },
  });
  return problems;
}

function settingsOf(items: readonly SettingPair[], { at, plain }: Reading): FileSettings {
  const given: { [K in SettingName]?: GivenSetting } = {};
  const problems: string[] = [];
  for (const { key, value } of items) {
    const name = String((key as { readonly value?: unknown }).value ?? key);
    const where = at(key.range![0]);
    if (!isSettingName(name)) {
      problems.push(
        `${where}: ${name} is not a setting${describeNear(nearNames(name, SETTING_NAMES))}`,
      );
    } else {
      given[name] = { value: plain(value), label: `${where}: ${name}` };
    }
  }
  return { given, problems };
}

function isSettingName(name: string): name is SettingName {
  return (SETTING_NAMES as readonly string[]).includes(name);
}

/** The parser's words, without its advice to programmers. */
function wordsOf(message: string): string {
  if (message.includes('call stack')) return NESTED;
  return message.split(/[\n;]/)[0]!;
}

function readText(path: string): string | { readonly problems: readonly string[] } {
  try {
    return decode(readBounded(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problems: [`${path}: ${reason}`] };
  }
}

function readBounded(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    if (!fstatSync(file).isFile()) throw new Error('is not a file');
    const buffer = Buffer.alloc(CONFIG_BYTES_MAX + 1);
    const length = readSync(file, buffer, 0, buffer.length, 0);
    if (length > CONFIG_BYTES_MAX) throw new Error(`has more than ${CONFIG_BYTES_MAX} bytes`);
    return buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error('is not UTF-8 text');
  }
}
