/**
 * The options of a member: from text to values, with every problem found at once and said in the words
 * of the flags. Refuses what would expose an unprotected member beyond this machine.
 */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import * as v from 'valibot';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const CLIENT_PORT = 8655;
export const HTTP_PORT = 8657;

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
  readonly logLevel: LogLevel;
}

export interface InitialMember {
  readonly name: string;
  /** HOST:PORT where other members reach it. */
  readonly peerAddress: string;
}

/** As the command line gives them; every value still text. */
export interface MemberFlags {
  readonly name?: string | undefined;
  readonly data?: string | undefined;
  readonly initialMembers?: string | undefined;
  readonly listen?: string | undefined;
  readonly clientPort?: string | undefined;
  readonly peerPort?: string | undefined;
  readonly httpPort?: string | undefined;
  readonly insecure?: boolean | undefined;
  readonly logLevel?: string | undefined;
}

export type ParsedOptions =
  | { readonly ok: true; readonly options: MemberOptions }
  | { readonly ok: false; readonly problems: readonly string[] };

const MEMBER_NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/i;
const NAME_RULE = 'letters, digits, dots and dashes, at most 63';

const port = (flag: string) =>
  v.pipe(
    v.string(),
    v.check((text) => isPort(text), `${flag} must be a port from 1 to 65535`),
    v.transform(Number),
  );

const required = (flag: string) =>
  v.pipe(v.string(`${flag} is required`), v.nonEmpty(`${flag} is empty`));

const FLAGS = v.object({
  name: v.pipe(required('--name'), v.regex(MEMBER_NAME, `--name must be ${NAME_RULE}`)),
  data: v.pipe(
    required('--data'),
    v.transform((path) => resolve(path)),
  ),
  initialMembers: v.pipe(
    required('--initial-members'),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const { members, problems } = parseInitialMembers(dataset.value);
      for (const message of problems) addIssue({ message });
      return problems.length === 0 ? members : NEVER;
    }),
  ),
  listen: v.pipe(
    v.optional(v.string(), '127.0.0.1'),
    v.check(
      (host) => isHost(host),
      '--listen must be a host name or an IP address, without a port',
    ),
  ),
  clientPort: v.optional(port('--client-port'), String(CLIENT_PORT)),
  peerPort: v.optional(port('--peer-port')),
  httpPort: v.optional(port('--http-port'), String(HTTP_PORT)),
  insecure: v.optional(v.boolean(), false),
  logLevel: v.optional(
    v.picklist(LOG_LEVELS, `--log-level must be one of ${LOG_LEVELS.join(', ')}`),
    'info',
  ),
});

type Flags = v.InferOutput<typeof FLAGS>;

export function parseMemberFlags(raw: MemberFlags): ParsedOptions {
  const parsed = v.safeParse(FLAGS, raw);
  if (!parsed.success) return { ok: false, problems: parsed.issues.map(({ message }) => message) };
  const flags = parsed.output;
  const self = flags.initialMembers.find(({ name }) => name === flags.name);
  if (self === undefined) {
    return { ok: false, problems: [`--initial-members must contain ${flags.name}, this member`] };
  }
  const options = placeMember(flags, self);
  const problems = exposureProblems(flags, options);
  return problems.length === 0 ? { ok: true, options } : { ok: false, problems };
}

function placeMember(flags: Flags, self: InitialMember): MemberOptions {
  const { host: peerHost, port: ownPeerPort } = splitAddress(self.peerAddress)!;
  const listen = flags.listen;
  // Everybody on this machine's addresses is nobody's address: tell the one the members use.
  const advertised = isWildcard(listen) ? peerHost : listen;
  return {
    name: flags.name,
    dataDir: flags.data,
    initialMembers: flags.initialMembers,
    peerListen: joinAddress(listen, flags.peerPort ?? ownPeerPort),
    clientListen: joinAddress(listen, flags.clientPort),
    clientAddress: joinAddress(advertised, flags.clientPort),
    httpListen: joinAddress(listen, flags.httpPort),
    httpAddress: joinAddress(advertised, flags.httpPort),
    isExposed: !isLoopback(listen),
    logLevel: flags.logLevel,
  };
}

function exposureProblems(flags: Flags, options: MemberOptions): string[] {
  const ports = [options.clientListen, options.peerListen, options.httpListen];
  if (new Set(ports).size < ports.length) {
    return ['--client-port, --peer-port and --http-port must differ'];
  }
  if (!options.isExposed || flags.insecure) return [];
  return [
    `--listen ${flags.listen} reaches beyond this machine and nothing protects it: ` +
      'add --insecure if the network does',
  ];
}

/** "r1=HOST:PORT,r2=…": peer addresses. */
export function parseInitialMembers(text: string) {
  const problems: string[] = [];
  const members = text.split(',').flatMap((part) => {
    const member = parseMember(part.trim());
    if (typeof member !== 'string') return [member];
    problems.push(`--initial-members: ${member}`);
    return [];
  });
  for (const what of ['name', 'peerAddress'] as const) {
    const twice = firstDuplicate(members.map((member) => member[what]));
    if (twice !== undefined) problems.push(`--initial-members: ${twice} is there twice`);
  }
  return { members, problems };
}

function parseMember(part: string): InitialMember | string {
  const equals = part.indexOf('=');
  if (equals < 1) return `"${part}" is not NAME=HOST:PORT`;
  const name = part.slice(0, equals);
  const peerAddress = part.slice(equals + 1);
  if (!MEMBER_NAME.test(name)) return `"${name}" must be ${NAME_RULE}`;
  if (splitAddress(peerAddress) === undefined) return `"${peerAddress}" is not HOST:PORT`;
  return { name, peerAddress };
}

function firstDuplicate(values: readonly string[]): string | undefined {
  return values.find((value, i) => values.indexOf(value) !== i);
}

/** HOST:PORT or [IPv6]:PORT. */
export function splitAddress(address: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-f]*:[0-9a-f:.]*)\]|([^:[\]\s]+)):(\d{1,5})$/i.exec(address);
  if (match === null || !isPort(match[3]!)) return undefined;
  const host = match[1] ?? match[2]!;
  return isHost(host) ? { host, port: Number(match[3]) } : undefined;
}

export function joinAddress(host: string, portNumber: number): string {
  return isIP(host) === 6 ? `[${host}]:${portNumber}` : `${host}:${portNumber}`;
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function isHost(text: string): boolean {
  return isIP(text) !== 0 || /^[a-z0-9_]([a-z0-9_.-]{0,252})?$/i.test(text);
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
