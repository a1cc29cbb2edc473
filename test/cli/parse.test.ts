import { describe, expect, it } from 'vitest';
import {
  parseCount,
  parseEndpoints,
  parseName,
  parsePort,
  parseSpanOption,
  parseTag,
} from '../../src/cli/parse.js';

describe('options', () => {
  it('take several endpoints, IPv6 in brackets', () => {
    expect(parseEndpoints('a:1, b.example:8655,[::1]:2')).toEqual([
      'a:1',
      'b.example:8655',
      '[::1]:2',
    ]);
  });

  it.each(['', ',', 'host', 'host:', 'host:0', 'host:70000', '::1:8655', 'http://a:1', 'a b:1'])(
    'refuse "%s" as endpoints',
    (text) => {
      expect(() => parseEndpoints(text)).toThrow('HOST:PORT');
    },
  );

  it.each<[string, number | 'auto', string]>([
    ['8080', 8080, 'a number'],
    ['auto', 'auto', 'one that is free'],
    ['$PORT', 3000, 'the environment, where no shell expands it'],
  ])('take the port %s', (text, port) => {
    expect(parsePort(text, { PORT: '3000' })).toBe(port);
  });

  it.each(['0', '65536', '-1', '80.5', 'http', ''])('refuse the port "%s"', (text) => {
    expect(() => parsePort(text, {})).toThrow('65535');
  });

  it('say that PORT is missing when it was asked for', () => {
    expect(() => parsePort('$PORT', {})).toThrow('PORT is not set');
  });

  it('collect tags; the value may hold anything', () => {
    expect(parseTag('b=x=y', parseTag('a='))).toEqual({ a: '', b: 'x=y' });
    expect(() => parseTag('novalue')).toThrow('key=value');
    expect(() => parseTag('=v')).toThrow('key=value');
  });

  it('refuse names that are no single segment', () => {
    expect(parseName('web')).toBe('web');
    expect(() => parseName('a/b')).toThrow('/');
    expect(() => parseName('')).toThrow('empty');
  });

  it('take no timeout that a timer would not wait for: neither none nor weeks', () => {
    expect(parseSpanOption('24d')).toBe(24 * 86_400_000);
    expect(() => parseSpanOption('0')).toThrow('above 0');
    expect(() => parseSpanOption('25d')).toThrow('up to 24d20h');
  });

  it('take whole numbers only', () => {
    expect(parseCount('12')).toBe(12);
    expect(() => parseCount('-1')).toThrow('whole');
    expect(() => parseCount('1.5')).toThrow('whole');
  });
});
