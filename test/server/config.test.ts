import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { splitAddress } from '../../src/server/address.js';
import { flagOf, parseSettings, type SettingName } from '../../src/server/config.js';

const FOUNDERS = 'r1=10.0.0.1:8656,r2=10.0.0.2:8756,r3=[fd00::3]:8656';
type Values = { readonly [K in SettingName]?: unknown };
const VALUES: Values = { name: 'r2', data: 'data/r2', 'initial-members': FOUNDERS };

function parse(values: Values) {
  const all = Object.entries({ ...VALUES, ...values }).filter(([, value]) => value !== undefined);
  return parseSettings(
    Object.fromEntries(
      all.map(([name, value]) => [name, { value, label: flagOf(name as SettingName) }]),
    ),
  );
}

function problemsOf(values: Values): readonly string[] {
  const parsed = parse(values);
  return parsed.ok ? [] : parsed.problems;
}

function optionsOf(values: Values) {
  const parsed = parse(values);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  return parsed.options;
}

test('a member listens on loopback, on its own peer port, and on the documented ports', () => {
  expect(optionsOf({})).toEqual({
    name: 'r2',
    dataDir: resolve('data/r2'),
    initialMembers: [
      { name: 'r1', peerAddress: '10.0.0.1:8656' },
      { name: 'r2', peerAddress: '10.0.0.2:8756' },
      { name: 'r3', peerAddress: '[fd00::3]:8656' },
    ],
    peerListen: '127.0.0.1:8756',
    clientListen: '127.0.0.1:8655',
    clientAddress: '127.0.0.1:8655',
    httpListen: '127.0.0.1:8657',
    httpAddress: '127.0.0.1:8657',
    isExposed: false,
    maxConnections: 20_000,
    logLevel: 'info',
  });
});

test('listening on every address, it tells clients the one that the members use', () => {
  const options = optionsOf({ listen: '0.0.0.0', insecure: true });
  expect(options.clientListen).toBe('0.0.0.0:8655');
  expect(options.clientAddress).toBe('10.0.0.2:8655');
  expect(options.httpAddress).toBe('10.0.0.2:8657');
  expect(options.isExposed).toBe(true);
  expect(optionsOf({ name: 'r3', listen: '::', insecure: true }).clientAddress).toBe(
    '[fd00::3]:8655',
  );
});

test('listening beyond the machine without protection needs the operator’s word', () => {
  expect(problemsOf({ listen: '10.0.0.2' })).toEqual([
    '--listen 10.0.0.2 reaches beyond this machine and nothing protects it: ' +
      'add --insecure if the network does',
  ]);
  for (const listen of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
    expect(problemsOf({ listen })).toEqual([]);
  }
});

const PORT = 'must be a port from 1 to 65535, not';
const COUNT = 'must be a whole number from 1 to 1000000, not';
const HOST = 'must be a host name or an IP address, without a port, not';
const NAME = 'must be letters, digits, dots and dashes, at most 63, not';

test.each<[string, Values, string]>([
  ['itself missing', { name: 'r9' }, '--initial-members must contain r9, this member'],
  [
    'no founders',
    { 'initial-members': undefined },
    '--initial-members is required: as a flag, as ROLLCALL_INITIAL_MEMBERS, or as initial-members in a file',
  ],
  [
    'no port',
    { 'initial-members': 'r2=10.0.0.1' },
    '--initial-members has "10.0.0.1" for r2, where HOST:PORT is wanted',
  ],
  [
    'no name',
    { 'initial-members': 'r2=a:1,10.0.0.1:1' },
    '--initial-members has "10.0.0.1:1", where NAME=HOST:PORT is wanted',
  ],
  ['a name twice', { 'initial-members': 'r2=a:1,r2=b:1' }, '--initial-members names r2 twice'],
  ['an address twice', { 'initial-members': 'r1=a:1,r2=a:1' }, '--initial-members names a:1 twice'],
  [
    'an address that is a number',
    { 'initial-members': { r2: 8656 } },
    '--initial-members has 8656 for r2, where HOST:PORT is wanted',
  ],
  [
    'a list of members without names',
    { 'initial-members': 5 },
    '--initial-members must be members with their HOST:PORT, not 5',
  ],
  ['port 0', { 'client-port': 0 }, `--client-port ${PORT} 0`],
  ['a port too high', { 'http-port': 65_536 }, `--http-port ${PORT} 65536`],
  ['a port below nothing', { 'http-port': -1 }, `--http-port ${PORT} -1`],
  ['half a port', { 'http-port': 80.5 }, `--http-port ${PORT} 80.5`],
  ['no number at all', { 'http-port': Number.NaN }, `--http-port ${PORT} NaN`],
  ['an infinite port', { 'http-port': Number.POSITIVE_INFINITY }, `--http-port ${PORT} Infinity`],
  ['a port as text', { 'peer-port': '12x' }, `--peer-port ${PORT} "12x"`],
  ['a list of ports', { 'peer-port': [1, 2] }, `--peer-port ${PORT} [1,2]`],
  [
    'a port used twice',
    { 'http-port': 8655 },
    '--client-port and --http-port must differ: both are 8655',
  ],
  [
    'the peer port of the list used twice',
    { 'http-port': 8756 },
    '--peer-port and --http-port must differ: both are 8756',
  ],
  ['a name with a slash', { name: '../r2' }, `--name ${NAME} "../r2"`],
  ['a name that is a number', { name: 2 }, `--name ${NAME} 2`],
  ['no folder', { data: '' }, '--data must be a folder, not ""'],
  ['a port in --listen', { listen: 'a:1' }, `--listen ${HOST} "a:1"`],
  ['text for a truth value', { insecure: 'yes' }, '--insecure must be true or false, not "yes"'],
  ['no connections at all', { 'max-connections': 0 }, `--max-connections ${COUNT} 0`],
  ['a piece of a connection', { 'max-connections': 1.5 }, `--max-connections ${COUNT} 1.5`],
  ['connections as text', { 'max-connections': 'many' }, `--max-connections ${COUNT} "many"`],
  [
    'a level of its own',
    { 'log-level': 'loud' },
    '--log-level must be one of trace, debug, info, warn, error, silent, not "loud"',
  ],
  [
    'what nobody wants to read',
    { listen: 'x y'.repeat(99) },
    `--listen ${HOST} "${'x y'.repeat(19)}x …`,
  ],
])('refused with its reason: %s', (_why, values, problem) => {
  expect(problemsOf(values)).toEqual([problem]);
});

test('all problems are told at once', () => {
  expect(
    problemsOf({ 'client-port': 'x', 'log-level': 'y', 'initial-members': 'z', data: undefined }),
  ).toHaveLength(4);
});

test('addresses are split from the right, IPv6 in brackets only', () => {
  expect(splitAddress('[::1]:80')).toEqual({ host: '::1', port: 80 });
  expect(splitAddress('a.example:80')).toEqual({ host: 'a.example', port: 80 });
  for (const bad of ['::1:80', 'a', 'a:', ':80', 'a:b:80', '[a]:80', 'a:-1', 'a b:80']) {
    expect(splitAddress(bad)).toBeUndefined();
  }
});
