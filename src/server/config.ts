/**
 * The settings of a member: what they are called, what they may be, and what becomes of them. Every
 * problem is found at once and said in the words of wherever its value was given. Refuses what would
 * expose an unprotected member beyond this machine. Reads no file and no environment.
 */
import { resolve } from 'node:path';
import * as v from 'valibot';
import { CONNECTIONS_MAX } from '../types/limits.js';
import { isHost, isLoopback, isPort, isWildcard, joinAddress, splitAddress } from './address.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface MemberOptions {
  readonly name: string;
  readonly dataDir: string;
  readonly initialMembers: readonly InitialMember[];
  readonly peerListen: string;
  readonly clientListen: string;
  /** Advertised to clients: HOST:PORT. */
  readonly clientAddress: string;
  readonly httpListen: string;
  readonly httpAddress: string;
  /** Reachable from beyond this machine, without protection, by the operator's explicit word. */
  readonly isExposed: boolean;
  /** Connections of clients at once. */
  readonly maxConnections: number;
  readonly logLevel: LogLevel;
}

export interface InitialMember {
  readonly name: string;
  /** HOST:PORT where other members reach it. */
  readonly peerAddress: string;
}

const MEMBER_NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/i;
const NAME_RULE = 'must be letters, digits, dots and dashes, at most 63';
const PORT_RULE = 'must be a port from 1 to 65535';
const HOST_RULE = 'must be a host name or an IP address, without a port';
const COUNT_RULE = 'must be a whole number from 1 to 1000000';
const LEVEL_RULE = `must be one of ${LOG_LEVELS.join(', ')}`;

const PORT = v.pipe(
  v.number(PORT_RULE),
  v.check((port) => isPort(port), PORT_RULE),
);

/** Each is called the same in a file, as a flag (`--name`) and in the environment (`ROLLCALL_NAME`). */
const SETTINGS = {
  name: v.pipe(v.string(NAME_RULE), v.regex(MEMBER_NAME, NAME_RULE)),
  data: v.pipe(v.string('must be a folder'), v.nonEmpty('must be a folder')),
  'initial-members': v.pipe(
    v.custom<string | Record<string, unknown>>(isTextOrMap, 'must be members with their HOST:PORT'),
    v.rawTransform<string | Record<string, unknown>, readonly InitialMember[]>(
      ({ dataset, addIssue, NEVER }) => {
        const { members, problems } = readInitialMembers(dataset.value);
        for (const message of problems) addIssue({ message });
        return problems.length === 0 ? members : NEVER;
      },
    ),
  ),
  listen: v.pipe(
    v.string(HOST_RULE),
    v.check((host) => isHost(host), HOST_RULE),
  ),
  'client-port': PORT,
  'peer-port': PORT,
  'http-port': PORT,
  insecure: v.boolean('must be true or false'),
  'max-connections': v.pipe(
    v.number(COUNT_RULE),
    v.integer(COUNT_RULE),
    v.minValue(1, COUNT_RULE),
    v.maxValue(1_000_000, COUNT_RULE),
  ),
  'log-level': v.picklist(LOG_LEVELS, LEVEL_RULE),
};

export type SettingName = keyof typeof SETTINGS;
type Settings = { readonly [K in SettingName]: v.InferOutput<(typeof SETTINGS)[K]> };

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** What nobody has to say. The peer port comes from the address among the initial members. */
export const SETTING_DEFAULTS = {
  listen: '127.0.0.1',
  'client-port': 8655,
  'http-port': 8657,
  insecure: false,
  'max-connections': CONNECTIONS_MAX,
  'log-level': 'info',
} as const;

const REQUIRED: readonly SettingName[] = ['name', 'data', 'initial-members'];

export interface GivenSetting {
  /** As typed as its source is: text from flags, numbers and truth values from a file. */
  readonly value: unknown;
  /** What to call it when it is wrong: "--name", "ROLLCALL_NAME", "r1.yaml:3: name". */
  readonly label: string;
}

export type GivenSettings = { readonly [K in SettingName]?: GivenSetting | undefined };

export type ParsedOptions =
  | { readonly ok: true; readonly options: MemberOptions; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly string[] };

export const flagOf = (name: SettingName): string => `--${name}`;
export const variableOf = (name: SettingName): string =>
  `ROLLCALL_${name.toUpperCase().replaceAll('-', '_')}`;

export function parseSettings(given: GivenSettings): ParsedOptions {
  const parsed = SETTING_NAMES.map((name) => [name, parseOne(name, given[name])] as const);
  const problems = parsed.flatMap(([, { problems }]) => problems);
  if (problems.length > 0) return { ok: false, problems };
  const values = Object.fromEntries(parsed.map(([name, { value }]) => [name, value]));
  return place(values as Partial<Settings> as Settings, given);
}

interface ParsedOne {
  readonly value?: unknown;
  readonly problems: readonly string[];
}

function parseOne(name: SettingName, given: GivenSetting | undefined): ParsedOne {
  if (given === undefined) {
    const value: unknown = (SETTING_DEFAULTS as Partial<Record<SettingName, unknown>>)[name];
    return { value, problems: REQUIRED.includes(name) ? [missing(name)] : [] };
  }
  const { label, value } = given;
  const parsed = v.safeParse(SETTINGS[name], value);
  if (parsed.success) return { value: parsed.output, problems: [] };
  return { problems: parsed.issues.map(({ message }) => `${label} ${say(message, value)}`) };
}

function missing(name: SettingName): string {
  return `${flagOf(name)} is required: as a flag, as ${variableOf(name)}, or as ${name} in a file`;
}

/** A message that names what stood there itself begins with its own words. */
function say(message: string, value: unknown): string {
  return message.startsWith('must') ? `${message}, not ${quote(value)}` : message;
}

const QUOTED_LENGTH_MAX = 60;

function quote(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length > QUOTED_LENGTH_MAX ? `${text.slice(0, QUOTED_LENGTH_MAX)}…` : text;
}

/** What only holds between settings. */
function place(settings: Settings, given: GivenSettings): ParsedOptions {
  const label = (name: SettingName): string => given[name]?.label ?? flagOf(name);
  const self = settings['initial-members'].find(({ name }) => name === settings.name);
  if (self === undefined) {
    const problem = `${label('initial-members')} must contain ${settings.name}, this member`;
    return { ok: false, problems: [problem] };
  }
  const { port: ownPeerPort } = splitAddress(self.peerAddress)!;
  const placed = { ...settings, 'peer-port': settings['peer-port'] ?? ownPeerPort };
  const problems = [...portProblems(placed, label), ...exposureProblems(placed, label)];
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, options: placeMember(placed, self), settings: placed };
}

type Label = (name: SettingName) => string;

function portProblems(settings: Settings, label: Label): string[] {
  const names = ['client-port', 'peer-port', 'http-port'] as const;
  return names.flatMap((name, i) =>
    names
      .slice(i + 1)
      .filter((other) => settings[other] === settings[name])
      .map((other) => `${label(name)} and ${label(other)} must differ: both are ${settings[name]}`),
  );
}

function exposureProblems({ listen, insecure }: Settings, label: Label): string[] {
  if (isLoopback(listen) || insecure) return [];
  return [
    `${label('listen')} ${listen} reaches beyond this machine and nothing protects it: ` +
      'add --insecure if the network does',
  ];
}

function placeMember(settings: Settings, self: InitialMember): MemberOptions {
  const { listen } = settings;
  // Everybody on this machine's addresses is nobody's address: tell the one the members use.
  const advertised = isWildcard(listen) ? splitAddress(self.peerAddress)!.host : listen;
  return {
    name: settings.name,
    dataDir: resolve(settings.data),
    initialMembers: settings['initial-members'],
    peerListen: joinAddress(listen, settings['peer-port']),
    clientListen: joinAddress(listen, settings['client-port']),
    clientAddress: joinAddress(advertised, settings['client-port']),
    httpListen: joinAddress(listen, settings['http-port']),
    httpAddress: joinAddress(advertised, settings['http-port']),
    isExposed: !isLoopback(listen),
    maxConnections: settings['max-connections'],
    logLevel: settings['log-level'],
  };
}

function isTextOrMap(value: unknown): boolean {
  return typeof value === 'string' || Object.prototype.toString.call(value) === '[object Object]';
}

/** "r1=HOST:PORT,r2=…" as flags have it, or names with their addresses as files do. */
function readInitialMembers(given: string | Readonly<Record<string, unknown>>) {
  const parts = typeof given === 'string' ? given.split(',').map(splitMember) : entriesOf(given);
  const problems = parts.flatMap((part) =>
    typeof part === 'string' ? [part] : memberProblems(part),
  );
  const members = parts.filter((part) => typeof part !== 'string');
  for (const what of ['name', 'peerAddress'] as const) {
    const twice = firstDuplicate(members.map((member) => member[what]));
    if (twice !== undefined) problems.push(`names ${twice} twice`);
  }
  return { members, problems };
}

function entriesOf(given: Readonly<Record<string, unknown>>): (InitialMember | string)[] {
  return Object.entries(given).map(([name, address]) =>
    typeof address === 'string'
      ? { name, peerAddress: address }
      : `has ${quote(address)} for ${name}, where HOST:PORT is wanted`,
  );
}

function splitMember(part: string): InitialMember | string {
  const equals = part.indexOf('=');
  if (equals < 1) return `has "${part.trim()}", where NAME=HOST:PORT is wanted`;
  return { name: part.slice(0, equals).trim(), peerAddress: part.slice(equals + 1).trim() };
}

function memberProblems({ name, peerAddress }: InitialMember): string[] {
  if (!MEMBER_NAME.test(name)) return [`has a member "${name}": a name ${NAME_RULE}`];
  if (splitAddress(peerAddress) !== undefined) return [];
  return [`has "${peerAddress}" for ${name}, where HOST:PORT is wanted`];
}

function firstDuplicate(values: readonly string[]): string | undefined {
  return values.find((value, i) => values.indexOf(value) !== i);
}
