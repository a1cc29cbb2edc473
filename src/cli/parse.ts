/**
 * The values of options: text in, value out, or a commander InvalidArgumentError that says what was
 * expected (exit code 2). Nothing here looks at the environment except `$PORT`, which is handed in.
 */
import { InvalidArgumentError } from 'commander';
import { INSTANCE_STATES, type InstanceState } from '../types/instance.js';
import { nameProblem } from '../types/path.js';
import { CHECK_FORMS, type CheckPlan, parseCheckPlan } from './check/target.js';
import { describeDuration, parseDuration } from './duration.js';

/** For programs. */
export type DataFormat = 'json' | 'yaml';

export type Output = 'table' | 'wide' | 'name' | DataFormat;

export function isDataFormat(output: Output): output is DataFormat {
  return output === 'json' || output === 'yaml';
}

export function parseDurationOption(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Expected a duration: 500ms, 10s, 2m.');
  return ms;
}

/** What a timer waits at most: beyond it Node waits not at all. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** For what repeats or ends something: nothing must not take no time. */
export function parseSpanOption(text: string): number {
  const ms = parseDurationOption(text);
  if (ms === 0) throw new InvalidArgumentError('Expected a duration above 0: 500ms, 10s, 2m.');
  if (ms > TIMER_MS_MAX) {
    throw new InvalidArgumentError(`Expected a duration up to ${describeDuration(TIMER_MS_MAX)}.`);
  }
  return ms;
}

export function parseAtLeastOne(text: string): number {
  const count = parseCount(text);
  if (count === 0) throw new InvalidArgumentError('Expected a whole number, 1 or more.');
  return count;
}

export function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}

export function parseName(text: string): string {
  const problem = nameProblem(text);
  if (problem === undefined) return text;
  throw new InvalidArgumentError(`Expected one name, as in web: ${problem}.`);
}

/** A name or an address: what stands between // and : in a URL. */
export function parseHost(text: string): string {
  if (/^[^\s/?#@\\\p{Cc}]+$/u.test(text)) return text;
  throw new InvalidArgumentError('Expected a host: a name or an IP address.');
}

const ENDPOINT = /^(?:\[[0-9a-fA-F:.%]+\]|[^\s,:/[\]]+):(\d{1,5})$/;

export function parseEndpoints(text: string): string[] {
  const endpoints = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const bad = endpoints.find((endpoint) => !isEndpoint(endpoint));
  if (bad === undefined && endpoints.length > 0) return endpoints;
  throw new InvalidArgumentError(
    `${bad === undefined ? 'Nothing there' : `"${bad}" is no endpoint`}: ` +
      'expected HOST:PORT, several separated by commas.',
  );
}

function isEndpoint(text: string): boolean {
  const match = ENDPOINT.exec(text);
  return match !== null && isPort(Number(match[1]));
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** `auto`: a free one is picked. A literal $PORT is for places without a shell to expand it. */
export function parsePort(text: string, environment: NodeJS.ProcessEnv): number | 'auto' {
  if (text === 'auto') return 'auto';
  const digits = text === '$PORT' ? (environment.PORT ?? '') : text;
  if (/^\d{1,5}$/.test(digits) && isPort(Number(digits))) return Number(digits);
  throw new InvalidArgumentError(
    digits === text ? 'Expected 1 to 65535, auto or $PORT.' : 'PORT is not set to a port number.',
  );
}

/** Collects repeated `--tag key=value`. */
export function parseTag(
  text: string,
  earlier: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('Expected key=value.');
  return { ...earlier, [text.slice(0, equals)]: text.slice(equals + 1) };
}

/** Collects repeated `--named-port name=port`. */
export function parseNamedPort(
  text: string,
  earlier: Readonly<Record<string, number>> = {},
): Record<string, number> {
  const [, name, digits] = /^([^=]+)=(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (name === undefined || !isPort(port)) {
    throw new InvalidArgumentError('Expected NAME=PORT, as in metrics=9100.');
  }
  return { ...earlier, [name]: port };
}

export function parseState(text: string): InstanceState {
  const state = INSTANCE_STATES.find((name) => name === text.toUpperCase());
  if (state !== undefined) return state;
  throw new InvalidArgumentError(`Expected one of ${INSTANCE_STATES.join(', ')}.`);
}

export function parseCheck(text: string): CheckPlan {
  const plan = parseCheckPlan(text);
  if (plan === undefined) throw new InvalidArgumentError(`Expected ${CHECK_FORMS}.`);
  return plan;
}

export function parseWebUrl(text: string): string {
  if (/^https?:\/\/./i.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('Expected http://… or https://….');
}

/** Collects repeated `-H "name: value"`. */
export function parseHeader(
  text: string,
  earlier: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const colon = text.indexOf(':');
  if (colon < 1) throw new InvalidArgumentError('Expected "name: value".');
  return { ...earlier, [text.slice(0, colon).trim()]: text.slice(colon + 1).trim() };
}
