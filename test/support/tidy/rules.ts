/** What linters cannot know: sizes, words, forgotten files, and documents that lead somewhere. */
import { posix } from 'node:path';
import { codeOnly, functionsOf, importsOf } from './source.js';

export const FILE_LINES_MAX = 400;
export const FUNCTION_LINES_MAX = 70;

export function sizeProblems(path: string, source: string): string[] {
  const lines = source.split('\n').length - 1;
  const tooLong =
    lines > FILE_LINES_MAX ? [`${path}: ${lines} lines, ${FILE_LINES_MAX} allowed`] : [];
  const functions = functionsOf(source)
    .filter(({ length }) => length > FUNCTION_LINES_MAX)
    .map(({ line, length, text }) => `${path}:${line}: ${length} lines in one function: ${text}`);
  return [...tooLong, ...functions];
}

interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
}

/** In code; comments and strings are free. */
const BANNED_NAMES: readonly Ban[] = [
  { pattern: /\b\w*[lL]ease\w*\b(?<!\b[rR]elease\w*)(?<!Release\w*)/, instead: 'session' },
  { pattern: /\b[zZ]node\w*\b|\bzNode\w*\b/, instead: 'node' },
  { pattern: /\bmaybeApplied\b/, instead: 'outcome' },
  { pattern: /\b(master|slave)\b/i, instead: 'leader and follower' },
  { pattern: /\b(whitelist|blacklist)\b/i, instead: 'allowed and denied' },
];

/** Anywhere, comments included: what belongs into a tracker or onto nobody's screen. */
const BANNED_TEXT: readonly Ban[] = [
  { pattern: /\b(TODO|FIXME|XXX|HACK)\b/, instead: 'doing it, or a line in docs' },
  { pattern: /(^|[\s'"`(])\/(work|home|Users)\//, instead: 'a path relative to the repository' },
  { pattern: /@ts-(ignore|nocheck)|eslint-disable/, instead: 'a type that is true' },
];

const BANNED_IN_SRC: readonly Ban[] = [
  { pattern: /\bdebugger\b|\bconsole\.\w+/, instead: 'the logger, or the output of the command' },
];

export function wordProblems(path: string, source: string): string[] {
  const names = path.startsWith('src/') ? [...BANNED_NAMES, ...BANNED_IN_SRC] : BANNED_NAMES;
  return [...bansIn(path, codeOnly(source), names), ...bansIn(path, source, BANNED_TEXT)];
}

function bansIn(path: string, text: string, bans: readonly Ban[]): string[] {
  return text.split('\n').flatMap((line, i) =>
    bans.flatMap(({ pattern, instead }) => {
      const found = pattern.exec(line);
      return found ? [`${path}:${i + 1}: "${found[0].trim()}": use ${instead}`] : [];
    }),
  );
}

const VAGUE_FILE = /(^|\/)(utils?|helpers?|common|misc|shared|manager)\.\w+$/;

export function fileNameProblems(path: string): string[] {
  const name = posix.basename(path);
  if (VAGUE_FILE.test(path)) return [`${path}: name the one thing it owns`];
  return name === name.toLowerCase() ? [] : [`${path}: file names are lower case`];
}

/** Files open with what they own and what they refuse. */
export function headerProblems(path: string, source: string): string[] {
  const text = source.replace(/^#!.*\n/, '').trimStart();
  return /^(\/\*\*|\/\/)/.test(text) ? [] : [`${path}: opens without saying what it owns`];
}

const FOCUSED = /\b(?:it|test|describe|suite)(?:\.\w+)*\.(only|skip|todo|fails|skipIf|runIf)\b/;

/** A test that cannot run says so when it runs, with a reason: `context.skip('why')`. */
export function focusProblems(path: string, source: string): string[] {
  return codeOnly(source)
    .split('\n')
    .flatMap((line, i) => {
      const found = FOCUSED.exec(line);
      return found ? [`${path}:${i + 1}: ${found[0]}`] : [];
    });
}

export function defaultExportProblems(path: string, source: string): string[] {
  return /\bexport\s+default\b|\bas\s+default\b/.test(codeOnly(source))
    ? [`${path}: exports by default; give it a name`]
    : [];
}

/** Files that cannot be reached by imports from any of the entries. */
export function deadFiles(
  files: ReadonlyMap<string, string>,
  entries: readonly string[],
): string[] {
  const reached = new Set<string>();
  const waiting = entries.filter((path) => files.has(path));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const { specifier } of importsOf(files.get(path)!)) {
      const target = resolveImport(files, path, specifier);
      if (target !== undefined) waiting.push(target);
    }
  }
  return [...files.keys()].filter((path) => !reached.has(path)).map((path) => `${path}: unused`);
}

function resolveImport(files: ReadonlyMap<string, string>, from: string, specifier: string) {
  if (!specifier.startsWith('.')) return undefined;
  const target = posix.join(posix.dirname(from), specifier);
  return [target.replace(/\.js$/, '.ts'), target].find((path) => files.has(path));
}

const LINK = /\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g;

/** A title first, and links within the repository that lead to something. */
export function documentProblems(
  path: string,
  text: string,
  exists: (path: string) => boolean,
): string[] {
  const title = /^# \S/.test(text) ? [] : [`${path}: begins without a title`];
  const broken = [...text.matchAll(LINK)]
    .map(([, target]) => posix.join(posix.dirname(path), target!))
    .filter((target) => !exists(target))
    .map((target) => `${path}: links to ${target}, which is not there`);
  return [...title, ...broken];
}
