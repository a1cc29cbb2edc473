import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { type MemberFlags, parseMemberFlags, splitAddress } from '../../src/server/config.js';

const FOUNDERS = 'r1=10.0.0.1:8656,r2=10.0.0.2:8756,r3=[fd00::3]:8656';
const FLAGS: MemberFlags = { name: 'r2', data: 'data/r2', initialMembers: FOUNDERS };

function problemsOf(flags: MemberFlags): readonly string[] {
  const parsed = parseMemberFlags({ ...FLAGS, ...flags });
  return parsed.ok ? [] : parsed.problems;
}

function optionsOf(flags: MemberFlags) {
  const parsed = parseMemberFlags({ ...FLAGS, ...flags });
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

test.each<[string, MemberFlags, string]>([
  ['itself missing', { name: 'r9' }, '--initial-members must contain r9, this member'],
  ['no founders', { initialMembers: undefined }, '--initial-members is required'],
  ['no port', { initialMembers: 'r2=10.0.0.1' }, '--initial-members: "10.0.0.1" is not HOST:PORT'],
  [
    'no name',
    { initialMembers: '10.0.0.1:1' },
    '--initial-members: "10.0.0.1:1" is not NAME=HOST:PORT',
  ],
  ['a name twice', { initialMembers: 'r2=a:1,r2=b:1' }, '--initial-members: r2 is there twice'],
  [
    'an address twice',
    { initialMembers: 'r1=a:1,r2=a:1' },
    '--initial-members: a:1 is there twice',
  ],
  ['port 0', { clientPort: '0' }, '--client-port must be a port from 1 to 65535'],
  ['a port too high', { httpPort: '65536' }, '--http-port must be a port from 1 to 65535'],
  ['no number', { peerPort: '12x' }, '--peer-port must be a port from 1 to 65535'],
  [
    'a port used twice',
    { httpPort: '8655' },
    '--client-port, --peer-port and --http-port must differ',
  ],
  [
    'a name with a slash',
    { name: '../r2' },
    '--name must be letters, digits, dots and dashes, at most 63',
  ],
  ['no folder', { data: '' }, '--data is empty'],
  [
    'a port in --listen',
    { listen: 'a:1' },
    '--listen must be a host name or an IP address, without a port',
  ],
  [
    'a level of its own',
    { logLevel: 'loud' },
    '--log-level must be one of trace, debug, info, warn, error, silent',
  ],
])('refused with its reason: %s', (_why, flags, problem) => {
  expect(problemsOf(flags)).toEqual([problem]);
});

test('all problems are told at once', () => {
  expect(problemsOf({ clientPort: 'x', logLevel: 'y', initialMembers: 'z' })).toHaveLength(3);
});

test('addresses are split from the right, IPv6 in brackets only', () => {
  expect(splitAddress('[::1]:80')).toEqual({ host: '::1', port: 80 });
  expect(splitAddress('a.example:80')).toEqual({ host: 'a.example', port: 80 });
  for (const bad of ['::1:80', 'a', 'a:', ':80', 'a:b:80', '[a]:80', 'a:-1', 'a b:80']) {
    expect(splitAddress(bad)).toBeUndefined();
  }
});
