/**
 * Where a member's settings come from: flags before the environment before the file before the defaults,
 * each setting by itself. Brings texts to values as far as their form goes; what they may be is judged by
 * the server's schema.
 */
import {
  flagOf,
  type GivenSetting,
  type ParsedOptions,
  parseSettings,
  SETTING_NAMES,
  type SettingName,
  variableOf,
} from '../../../server/config.js';
import { describeNear, nearNames } from '../../near/names.js';
import { type FileSettings, readSettingsFile } from './file.js';

/** As commander gives them; every value still text but `insecure`. */
export interface ServeFlags {
  readonly config?: string | undefined;
  readonly name?: string | undefined;
  readonly data?: string | undefined;
  readonly initialMembers?: string | undefined;
  readonly listen?: string | undefined;
  readonly clientPort?: string | undefined;
  readonly peerPort?: string | undefined;
  readonly httpPort?: string | undefined;
  readonly insecure?: boolean | undefined;
  readonly maxConnections?: string | undefined;
  readonly logLevel?: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const CONFIG_VARIABLE = 'ROLLCALL_CONFIG';
const PREFIX = 'ROLLCALL_';
/** Names that something else has a use for. */
const OTHER_VARIABLES = [CONFIG_VARIABLE, 'ROLLCALL_ENDPOINTS'];

export interface ReadSettings {
  readonly parsed: ParsedOptions;
  /** For each setting that was given: what it is called there. */
  readonly sources: { readonly [K in SettingName]?: string };
}

export function readSettings(flags: ServeFlags, environment: Environment): ReadSettings {
  const file = readFile(flags.config ?? textOf(environment[CONFIG_VARIABLE]));
  const given = Object.fromEntries(
    SETTING_NAMES.flatMap((name) => {
      const found = fromFlag(name, flags) ?? fromVariable(name, environment) ?? file.given[name];
      return found === undefined ? [] : [[name, found]];
    }),
  ) as FileSettings['given'];
  const parsed = parseSettings(given);
  const problems = [...file.problems, ...nearVariables(environment)];
  // Of a file that could not be read it is not known what it would have given.
  const isUnread = file.problems.length > 0 && Object.keys(file.given).length === 0;
  if (problems.length > 0 && !parsed.ok && !isUnread) problems.push(...parsed.problems);
  return {
    parsed: problems.length === 0 ? parsed : { ok: false, problems },
    sources: Object.fromEntries(
      Object.entries(given).map(([name, { label }]) => [name, label]),
    ) as ReadSettings['sources'],
  };
}

function readFile(path: string | undefined): FileSettings {
  return path === undefined ? { given: {}, problems: [] } : readSettingsFile(path);
}

function fromFlag(name: SettingName, flags: ServeFlags): GivenSetting | undefined {
  const key = name.replace(/-./g, (pair) => pair[1]!.toUpperCase()) as keyof ServeFlags;
  const value = flags[key];
  return value === undefined ? undefined : { value: typed(name, value), label: flagOf(name) };
}

function fromVariable(name: SettingName, environment: Environment): GivenSetting | undefined {
  const label = variableOf(name);
  const text = textOf(environment[label]);
  return text === undefined ? undefined : { value: typed(name, text), label };
}

/** An empty variable is as good as none: container files often pass it on so. */
function textOf(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** What does not look like its type stays text, and is refused as such. */
function typed(name: SettingName, value: string | boolean): unknown {
  const isNumber = name.endsWith('-port') || name === 'max-connections';
  if (typeof value === 'string' && isNumber && /^\d{1,9}$/.test(value)) {
    return Number(value);
  }
  if (name === 'insecure' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

/** A misspelt variable would be passed over in silence; what is not near may belong to something else. */
function nearVariables(environment: Environment): string[] {
  const known = [...SETTING_NAMES.map(variableOf), ...OTHER_VARIABLES];
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name))
    .flatMap((name) => {
      const near = nearNames(
        name.slice(PREFIX.length),
        known.map((other) => other.slice(PREFIX.length)),
      );
      const names = near.map((other) => `${PREFIX}${other}`);
      return names.length === 0 ? [] : [`${name} is not a setting${describeNear(names)}`];
    });
}
