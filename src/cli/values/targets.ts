/**
 * What operators point at: SERVICE/ID, a session, a path, an access list. Text in, value out, or a commander
 * InvalidArgumentError that says the form (exit code 2). Pure.
 */
import { InvalidArgumentError } from 'commander';
import { type AclEntry, ADMIN, CREATE, DELETE, READ, WRITE } from '../../types/node.js';
import { nameProblem, pathProblem } from '../../types/path.js';
import { parseDuration } from '../duration.js';
import { parseSize } from './sizes.js';

export interface InstanceName {
  readonly service: string;
  readonly id: string;
}

export function parseInstanceName(text: string): InstanceName {
  const [service, id, ...more] = text.split('/');
  if (service === undefined || id === undefined || more.length > 0) {
    throw new InvalidArgumentError('Expected SERVICE/ID, as in web/host1-8080.');
  }
  const problem = nameProblem(service) ?? nameProblem(id);
  if (problem !== undefined) throw new InvalidArgumentError(`Expected SERVICE/ID: ${problem}.`);
  return { service, id };
}

/** Collects the several names of one command. */
/** Collects several, each once. */
export function parseInstanceNames(
  text: string,
  earlier: readonly InstanceName[] = [],
): InstanceName[] {
  const name = parseInstanceName(text);
  const isNamed = earlier.some(({ service, id }) => service === name.service && id === name.id);
  return isNamed ? [...earlier] : [...earlier, name];
}

export function describeInstanceName({ service, id }: InstanceName): string {
  return `${service}/${id}`;
}

export function parsePath(text: string): string {
  const problem = pathProblem(text);
  if (problem !== undefined) {
    throw new InvalidArgumentError(`Expected a path, as in /services/web: ${problem}.`);
  }
  return text;
}

/** For a name that is completed by digits, the last part may be empty. */
export function parseNewPath(text: string): string {
  const problem = pathProblem(text, true);
  if (problem === undefined) return text;
  throw new InvalidArgumentError(`Expected a path, as in /locks/a: ${problem}.`);
}

/** As shown (0x14c), or the same number in decimal. */
export function parseSessionId(text: string): number {
  const id = /^(?:0x[0-9a-f]{1,14}|\d{1,16})$/i.test(text) ? Number(text) : 0;
  if (id > 0 && Number.isSafeInteger(id)) return id;
  throw new InvalidArgumentError('Expected the id of a session: 0x14c, or 332.');
}

/** Hexadecimal, so that nobody takes it for a revision. */
export function describeSession(id: number): string {
  return `0x${id.toString(16)}`;
}

export function parseVersion(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a version: a whole number, 0 or more.');
}

export function parseSizeOption(text: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw new InvalidArgumentError('Expected a size above 0: 500, 64K, 10M, 1G.');
}

/** Ten years: who says more means forever, and calendars end. */
const SPAN_MS_MAX = 3_650 * 86_400_000;

/** Milliseconds. */
export function parseSpan(text: string): number | 'forever' {
  if (text === 'forever') return text;
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0 && ms <= SPAN_MS_MAX) return ms;
  throw new InvalidArgumentError('Expected a duration, as in 10m or 1h, or forever.');
}

const LETTERS: readonly (readonly [string, number])[] = [
  ['c', CREATE],
  ['d', DELETE],
  ['r', READ],
  ['w', WRITE],
  ['a', ADMIN],
];

/** Collects repeated SCHEME:ID:PERMISSIONS. Ids may hold colons, as addresses and digests do. */
export function parseAclEntry(text: string, earlier: readonly AclEntry[] = []): AclEntry[] {
  const first = text.indexOf(':');
  const last = text.lastIndexOf(':');
  const letters = text.slice(last + 1);
  if (first < 1 || last === first || !/^[cdrwa]+$/.test(letters)) {
    throw new InvalidArgumentError('Expected SCHEME:ID:cdrwa, as in world:anyone:r.');
  }
  const permissions = LETTERS.reduce(
    (bits, [letter, bit]) => (letters.includes(letter) ? bits | bit : bits),
    0,
  );
  return [
    ...earlier,
    { scheme: text.slice(0, first), id: text.slice(first + 1, last), permissions },
  ];
}

/** In ZooKeeper's order: cdrwa. */
export function describePermissions(permissions: number): string {
  return LETTERS.filter(([, bit]) => (permissions & bit) !== 0)
    .map(([letter]) => letter)
    .join('');
}

export function describeAcl(acl: readonly AclEntry[]): string[] {
  return acl.map(
    (entry) => `${entry.scheme}:${entry.id}:${describePermissions(entry.permissions)}`,
  );
}
