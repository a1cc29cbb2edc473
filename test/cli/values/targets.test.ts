/** Goal: what operators point at is read as meant, and what is none says the form. */
import { describe, expect, it } from 'vitest';
import {
  describeAcl,
  describeSession,
  parseAclEntry,
  parseInstanceName,
  parseInstanceNames,
  parseNewPath,
  parsePath,
  parseSessionId,
  parseSizeOption,
  parseSpan,
  parseVersion,
} from '../../../src/cli/values/targets.js';

describe('SERVICE/ID', () => {
  it('is a service and an id', () => {
    expect(parseInstanceName('web/a-8080')).toEqual({ service: 'web', id: 'a-8080' });
  });

  it.each(['web', 'web/', '/a', 'a/b/c', '', 'web/.'])(
    '%j is none, and the form is named',
    (text) => {
      expect(() => parseInstanceName(text)).toThrow('SERVICE/ID');
    },
  );
});

describe('the id of a session', () => {
  it('is read as it is shown, and in decimal', () => {
    expect(describeSession(332)).toBe('0x14c');
    expect(parseSessionId('0x14c')).toBe(332);
    expect(parseSessionId('332')).toBe(332);
  });

  it.each(['0', '0x', '-1', '14c', '0x20000000000000', '1.5', ''])('%j is none', (text) => {
    expect(() => parseSessionId(text)).toThrow('0x14c');
  });
});

describe('an entry of an access list', () => {
  it.each([
    ['world:anyone:r', { scheme: 'world', id: 'anyone', permissions: 1 }],
    ['auth::cdrwa', { scheme: 'auth', id: '', permissions: 31 }],
    ['digest:ann:kZ5+=:rw', { scheme: 'digest', id: 'ann:kZ5+=', permissions: 3 }],
    ['ip:2001:db8::1:a', { scheme: 'ip', id: '2001:db8::1', permissions: 16 }],
  ])('%s is read, and shown as it was given', (text, entry) => {
    const [parsed] = parseAclEntry(text);
    expect(parsed).toEqual(entry);
    expect(describeAcl([entry])).toEqual([text]);
  });

  it('follows those given before it', () => {
    expect(parseAclEntry('world:anyone:r', parseAclEntry('auth::a'))).toHaveLength(2);
  });

  it.each(['world:anyone', 'world:anyone:', 'world:anyone:x', ':a:r', 'r'])(
    '%j is none',
    (text) => {
      expect(() => parseAclEntry(text)).toThrow('cdrwa');
    },
  );
});

describe('other values', () => {
  it('paths are absolute; only a new one may leave its last part to the digits', () => {
    expect(parsePath('/a/b')).toBe('/a/b');
    expect(() => parsePath('a')).toThrow('path');
    expect(() => parsePath('/a/')).toThrow('path');
    expect(parseNewPath('/a/')).toBe('/a/');
    expect(() => parseNewPath('a/')).toThrow('path');
  });

  it('an instance that is named twice is meant once', () => {
    const names = parseInstanceNames(
      'web/a',
      parseInstanceNames('web/b', parseInstanceNames('web/a')),
    );
    expect(names.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('spans are durations or forever', () => {
    expect(parseSpan('10m')).toBe(600_000);
    expect(parseSpan('forever')).toBe('forever');
    for (const text of ['0', '10', 'ever', '3651d'])
      expect(() => parseSpan(text)).toThrow('forever');
  });

  it('sizes and versions are numbers', () => {
    expect(parseSizeOption('10M')).toBe(10 * 1024 * 1024);
    expect(() => parseSizeOption('0')).toThrow('size');
    expect(parseVersion('0')).toBe(0);
    expect(() => parseVersion('-1')).toThrow('version');
  });
});
