/**
 * A member's settings from flags, environment and file: which of them counts, and every kind of nonsense
 * refused with the place where it stands.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { dataDirProblem } from '../../../src/cli/member/config/data-dir.js';
import { parseSettingsFile, readSettingsFile } from '../../../src/cli/member/config/file.js';
import { readSettings } from '../../../src/cli/member/config/sources.js';
import { CONFIG_BYTES_MAX } from '../../../src/types/limits.js';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;

function file(content: string | Uint8Array): string {
  const path = join(folder, `${files++}.yaml`);
  writeFileSync(path, content);
  return path;
}

const GOOD = [
  '# the first of three',
  'name: r1',
  'data: /var/lib/rollcall',
  'initial-members:',
  '  r1: 10.0.0.1:8656',
  '  r2: 10.0.0.2:8656',
  'listen: 10.0.0.1',
  'insecure: true',
  'client-port: 9000',
  'max-connections: 12',
  '',
].join('\n');

test('a file holds every setting, under the names of the flags', () => {
  const { parsed, sources } = readSettings({ config: file(GOOD) }, {});
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  expect(parsed.options).toMatchObject({
    name: 'r1',
    dataDir: '/var/lib/rollcall',
    initialMembers: [
      { name: 'r1', peerAddress: '10.0.0.1:8656' },
      { name: 'r2', peerAddress: '10.0.0.2:8656' },
    ],
    clientListen: '10.0.0.1:9000',
    isExposed: true,
    logLevel: 'info',
    maxConnections: 12,
  });
  expect(sources['client-port']).toMatch(/\.yaml:9: client-port$/);
});

test('a flag goes before the environment, and that before the file, which may come from it too', () => {
  const path = file(GOOD);
  const environment = { ROLLCALL_CLIENT_PORT: '9001', ROLLCALL_HTTP_PORT: '9002' };
  const read = (flags: object, variables: object) => {
    const { parsed, sources } = readSettings(flags, { ...environment, ...variables });
    if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
    return [parsed.settings['client-port'], parsed.settings['http-port'], sources['client-port']];
  };
  expect(read({ config: path }, {})).toEqual([9001, 9002, 'ROLLCALL_CLIENT_PORT']);
  expect(read({ config: path, clientPort: '9003' }, {})).toEqual([9003, 9002, '--client-port']);
  expect(read({}, { ROLLCALL_CONFIG: path, ROLLCALL_CLIENT_PORT: '' })[0]).toBe(9000);
  const other = file('http-port: 1\n');
  const named = { ROLLCALL_CONFIG: other, ROLLCALL_HTTP_PORT: '' };
  expect(read({ config: path }, named)[1]).toBe(8657);
});

test('a problem is told in the words of where its value came from', () => {
  const founders = 'r1=a:1';
  const problems = (flags: object, variables: Record<string, string>) => {
    const { parsed } = readSettings({ name: 'r1', data: 'd', ...flags }, variables);
    return parsed.ok ? [] : parsed.problems;
  };
  expect(problems({ initialMembers: founders, peerPort: '-1' }, {})).toEqual([
    '--peer-port must be a port from 1 to 65535, not "-1"',
  ]);
  expect(problems({}, { ROLLCALL_INITIAL_MEMBERS: 'r2=a:1' })).toEqual([
    'ROLLCALL_INITIAL_MEMBERS must contain r1, this member',
  ]);
  expect(problems({ initialMembers: founders }, { ROLLCALL_INSECURE: 'yes' })).toEqual([
    'ROLLCALL_INSECURE must be true or false, not "yes"',
  ]);
  const path = file('http-port: 9\n');
  expect(problems({ initialMembers: founders, config: path, clientPort: '9' }, {})).toEqual([
    `--client-port and ${path}:1: http-port must differ: both are 9`,
  ]);
  expect(problems({ initialMembers: founders }, { ROLLCALL_CLIENT_PROT: '9' })).toEqual([
    'ROLLCALL_CLIENT_PROT is not a setting; did you mean ROLLCALL_CLIENT_PORT?',
  ]);
  // What a container host sets for a service of this name is its own business.
  const others = { ROLLCALL_SERVICE_HOST: '10.0.0.1', ROLLCALL_PORT_8655_TCP: 'tcp://10.0.0.1' };
  expect(problems({ initialMembers: founders }, others)).toEqual([]);
});

/** What stands in the file, and what is said of it behind its name. */
test.each<[string, string | Uint8Array, string]>([
  ['an unknown key', 'nmae: r1\n', ':1: nmae is not a setting; did you mean name?'],
  ['a key of another tool', 'replicas: 3\n', ':1: replicas is not a setting'],
  ['a key twice', 'name: a\nname: b\n', ':2: Map keys must be unique'],
  ['a key that is a map', '? {a: b}\n: c\n', ':1: {"a":"b"} is not a setting'],
  ['the prototype', '__proto__: {name: r1}\n', ':1: __proto__ is not a setting'],
  ['a list', '- name\n', ':1: must be settings, a line each, as "name: r1"'],
  ['a text', 'name r1\n', ':1: must be settings, a line each, as "name: r1"'],
  ['a tab', 'initial-members:\n\tr1: a:1\n', ':2: Tabs are not allowed as indentation'],
  ['a byte order mark', '\uFEFFname: r1\n', ':1: begins with a byte order mark: save it without'],
  ['an alias', 'name: &a r1\nlisten: *a\n', ':2: aliases are not allowed'],
  ['an anchor', 'name: &a r1\n', ':1: anchors are not allowed'],
  ['a merge', 'name: r1\n<<: {listen: b}\n', ':2: << is not a setting'],
  ['a tag', 'name: !!binary aGk=\n', ':1: tags are not allowed'],
  ['a tag of nobody', 'name: !env HOME\n', ':1: Unresolved tag: !env'],
  ['two documents', 'name: a\n---\nname: b\n', ':2: Source contains multiple documents'],
  ['a bracket too few', 'initial-members: {r1: a:1\n', ':2: Flow map'],
  ['brackets without end', '['.repeat(CONFIG_BYTES_MAX), ':1: Flow sequence'],
  [
    'endless nesting',
    `name: ${'['.repeat(30_000)}${']'.repeat(30_000)}`,
    ':1: is nested too deeply',
  ],
  [
    'a bomb',
    `a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n${'d: [*c,*c,*c]\n'.repeat(9)}`,
    'aliases are not allowed',
  ],
  ['a huge file', '# '.repeat(CONFIG_BYTES_MAX), `: has more than ${CONFIG_BYTES_MAX} bytes`],
  ['UTF-16', Buffer.from('\uFEFFname: r1\n', 'utf16le'), ': is not UTF-8 text'],
  ['no text', Uint8Array.of(0xc3, 0x28), ': is not UTF-8 text'],
])('a file with %s is refused', (_what, content, problem) => {
  const path = file(content);
  const { problems } = readSettingsFile(path);
  expect(problems.join('\n')).toContain(problem.startsWith(':') ? `${path}${problem}` : problem);
  const { parsed } = readSettings({ config: path }, {});
  expect(parsed.ok).toBe(false);
});

test.each<[string, string, string]>([
  ['a negative port', 'client-port: -1', 'client-port must be a port from 1 to 65535, not -1'],
  ['no number', 'client-port: .nan', 'client-port must be a port from 1 to 65535, not NaN'],
  ['a quoted port', 'client-port: "9"', 'client-port must be a port from 1 to 65535, not "9"'],
  ['nothing', 'client-port:', 'client-port must be a port from 1 to 65535, not null'],
  ['a map', 'listen: {a: b}', 'listen must be a host name or an IP address'],
  ['a word for a truth value', 'insecure: yes', 'insecure must be true or false, not "yes"'],
  ['an octal name', 'name: 0o17', 'name must be letters, digits, dots and dashes'],
  [
    'a sequence',
    'initial-members: [r1]',
    'initial-members must be members with their HOST:PORT, not ["r1"]',
  ],
  [
    'a number as address',
    'initial-members: {r1: 5}',
    'initial-members has 5 for r1, where HOST:PORT is wanted',
  ],
  [
    'an address twice',
    'initial-members: {r1: "a:1", r2: "a:1"}',
    'initial-members names a:1 twice',
  ],
])('a value that is %s is refused with its line and what stood there', (_what, line, problem) => {
  const path = file(`# a comment\n${line}\n`);
  const flags = { name: 'r1', data: 'd', initialMembers: 'r1=a:1' };
  const name = line.split(':')[0]!;
  const key = name.replace(/-./g, (pair) => pair[1]!.toUpperCase());
  const { parsed } = readSettings({ ...flags, [key]: undefined, config: path }, {});
  expect(parsed.ok ? [] : parsed.problems).toEqual([
    expect.stringContaining(`${path}:2: ${problem}`),
  ]);
});

test('a file that is not there, or is a folder, is refused', () => {
  expect(readSettingsFile(join(folder, 'none')).problems[0]).toContain('ENOENT');
  expect(readSettingsFile(folder).problems[0]).toContain('is not a file');
});

test('an empty file, and one of comments, give nothing', () => {
  for (const text of ['', '# nothing\n', '---\n', '\n\n']) {
    expect(parseSettingsFile('a.yaml', text)).toEqual({ given: {}, problems: [] });
  }
});

test('problems of the file and missing settings are told together', () => {
  const { parsed } = readSettings({ config: file('nmae: r1\nlog-level: loud\n') }, {});
  expect(parsed.ok ? [] : parsed.problems).toHaveLength(5);
});

test('a folder for data may be new, but not below a file', () => {
  expect(dataDirProblem(join(folder, 'new', 'newer'))).toBeUndefined();
  const path = file('');
  expect(dataDirProblem(path)).toBe(`${path} is not a folder`);
  expect(dataDirProblem(join(path, 'below'))).toBe(`${path} is not a folder`);
});
