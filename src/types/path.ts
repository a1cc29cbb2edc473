/**
 * Paths of nodes, by ZooKeeper's rules: absolute, no empty, "." or ".." segment, no control, surrogate,
 * private-use or special code units. Because surrogates are refused, the order of JavaScript strings is
 * the order of their UTF-8 bytes, which is what every ordered list of names relies on.
 */
import { NAME_BYTES_MAX, PATH_BYTES_MAX } from './limits.js';

export const ROOT = '/';

/** Digits of the largest safe integer: what a sequence suffix may add. */
const SUFFIX_BYTES_MAX = 16;

const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * Why this is not a path, or undefined when it is. A sequential create may leave its last segment
 * empty: the suffix fills it.
 */
export function pathProblem(path: string, sequential = false): string | undefined {
  if (path.charCodeAt(0) !== SLASH) return 'path must start with /';
  if (path === ROOT) return undefined;
  if (path.charCodeAt(path.length - 1) === SLASH && !sequential) return 'path must not end with /';
  const bytesMax = sequential ? PATH_BYTES_MAX - SUFFIX_BYTES_MAX : PATH_BYTES_MAX;
  return charactersProblem(path, bytesMax) ?? segmentsProblem(path, sequential);
}

/** Why this is not a single segment (the name of a service or an instance). */
export function nameProblem(name: string): string | undefined {
  if (name.length === 0) return 'name is empty';
  if (name === '.' || name === '..') return 'name is relative';
  if (name.includes('/')) return 'name contains /';
  return charactersProblem(name, NAME_BYTES_MAX);
}

/** Path of the parent; the root has none. */
export function parentPath(path: string): string | undefined {
  if (path === ROOT) return undefined;
  const slash = path.lastIndexOf('/');
  return slash === 0 ? ROOT : path.slice(0, slash);
}

/** Last segment; empty for the root. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function childPath(parent: string, name: string): string {
  return parent === ROOT ? `/${name}` : `${parent}/${name}`;
}

/** Whether `path` is `ancestor` or below it. */
export function isWithin(path: string, ancestor: string): boolean {
  if (ancestor === ROOT) return true;
  if (!path.startsWith(ancestor)) return false;
  return path.length === ancestor.length || path.charCodeAt(ancestor.length) === SLASH;
}

/**
 * Order of a depth-first walk: by segments, each by its UTF-8 bytes, so that a subtree is one
 * contiguous range. Negative, zero or positive.
 */
export function comparePaths(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    if (x === SLASH) return -1;
    return y === SLASH ? 1 : x - y;
  }
  return a.length - b.length;
}

/** Order of names below one parent, which is the order of their UTF-8 bytes. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function charactersProblem(text: string, bytesMax: number): string | undefined {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x20 && code < 0x7f) continue;
    if (isForbidden(code)) return `invalid character at ${i}`;
    bytes += code < 0x800 ? 1 : 2;
  }
  return bytes > bytesMax ? `longer than ${bytesMax} bytes` : undefined;
}

/** The ranges that ZooKeeper refuses: controls, surrogates and private use, specials. */
function isForbidden(code: number): boolean {
  if (code < 0x20) return true;
  if (code >= 0x7f && code <= 0x9f) return true;
  if (code >= 0xd800 && code <= 0xf8ff) return true;
  return code >= 0xfff0;
}

function segmentsProblem(path: string, sequential: boolean): string | undefined {
  let start = 1;
  for (let i = 1; i <= path.length; i++) {
    if (i < path.length && path.charCodeAt(i) !== SLASH) continue;
    const last = i === path.length;
    if (i === start && !(last && sequential)) return 'empty segment';
    if (!(last && sequential) && isRelative(path, start, i)) return 'relative segment';
    start = i + 1;
  }
  return undefined;
}

function isRelative(path: string, start: number, end: number): boolean {
  const length = end - start;
  if (length > 2 || path.charCodeAt(start) !== DOT) return false;
  return length === 1 || path.charCodeAt(start + 1) === DOT;
}
