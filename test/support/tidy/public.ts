/** What the package's entries export, and whether each of it says what it is. Text only, no compiler. */
import { posix } from 'node:path';

export interface PublicName {
  readonly name: string;
  /** Where it is declared. */
  readonly path: string;
  readonly isDocumented: boolean;
}

type Read = (path: string) => string;

const LIST = /export\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'([^']+)'/g;
const STAR = /export\s+(?:type\s+)?\*\s+from\s+'([^']+)'/g;
const DECLARATION =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:interface|type|class|function|const)\s+(\w+)/gm;

/** Of one entry, followed through its re-exports. */
export function publicNames(entry: string, read: Read): PublicName[] {
  const source = read(entry);
  const at = (specifier: string): string =>
    posix.join(posix.dirname(entry), specifier).replace(/\.js$/, '.ts');
  const listed = [...source.matchAll(LIST)].flatMap(([, names, specifier]) => {
    const there = publicNames(at(specifier!), read);
    return namesOf(names!).map(
      (name) =>
        there.find((one) => one.name === name) ?? { name, path: entry, isDocumented: false },
    );
  });
  const starred = [...source.matchAll(STAR)].flatMap(([, specifier]) =>
    publicNames(at(specifier!), read),
  );
  return [...declared(entry, source), ...listed, ...starred];
}

function namesOf(list: string): string[] {
  const names = list.split(',').map((name) => name.trim().replace(/^type\s+/, ''));
  return names.filter((name) => name !== '').map((name) => name.split(/\s+as\s+/)[0]!);
}

function declared(path: string, source: string): PublicName[] {
  return [...source.matchAll(DECLARATION)].map(({ 1: name, index }) => ({
    name: name!,
    path,
    isDocumented: isDocumentedAt(source, index),
  }));
}

/** A comment that opens the file is about the file, not about what happens to stand first. */
function isDocumentedAt(source: string, index: number): boolean {
  const before = source.slice(0, index).trimEnd();
  if (!before.endsWith('*/')) return false;
  const start = before.lastIndexOf('/**');
  return start > 0 && source.slice(before.length, index).split('\n').length === 2;
}
