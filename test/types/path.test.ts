import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  childPath,
  compareNames,
  comparePaths,
  isWithin,
  nameOf,
  nameProblem,
  parentPath,
  pathProblem,
} from '../../src/types/path.js';

describe('a path', () => {
  it.each([
    ['/', 'the root'],
    ['/a', 'one segment'],
    ['/a/b.c/…', 'dots inside and beyond ASCII'],
    ['/...', 'three dots are a name'],
    ['/.a', 'a leading dot is a name'],
    ['/ a', 'spaces are names'],
    ['/\uf900', 'just behind the private area'],
    ['/\uffef', 'just before the specials'],
    [`/${'a'.repeat(4095)}`, 'exactly 4 KiB'],
  ])('may be %j: %s', (path) => {
    expect(pathProblem(path)).toBeUndefined();
  });

  it.each([
    ['', 'empty'],
    ['a', 'not absolute'],
    ['/a/', 'trailing slash'],
    ['//', 'empty segment'],
    ['/a//b', 'empty segment inside'],
    ['/.', 'relative'],
    ['/a/..', 'relative at the end'],
    ['/a/./b', 'relative inside'],
    ['/a\u0000', 'null'],
    ['/a\u001f', 'control'],
    ['/a\u007f', 'delete'],
    ['/a\u009f', 'control of the second block'],
    ['/\ud83d\ude00', 'a surrogate pair'],
    ['/\ud800', 'a lone surrogate'],
    ['/\ue000', 'private use'],
    ['/\uf8ff', 'end of private use'],
    ['/\ufff0', 'specials'],
    ['/\uffff', 'not a character'],
    [`/${'a'.repeat(4096)}`, 'one byte too long'],
    [`/${'é'.repeat(2048)}`, 'too long in bytes, not in characters'],
  ])('must not be %j: %s', (path) => {
    expect(pathProblem(path)).toBeTypeOf('string');
  });

  it('may leave the last segment to the suffix when sequential', () => {
    expect(pathProblem('/a/', true)).toBeUndefined();
    expect(pathProblem('/', true)).toBeUndefined();
    expect(pathProblem('/a/.', true)).toBeUndefined();
    expect(pathProblem('//', true)).toBeTypeOf('string');
    expect(pathProblem('/./', true)).toBeTypeOf('string');
  });

  it('leaves room for the suffix when sequential', () => {
    expect(pathProblem(`/${'a'.repeat(4090)}`, true)).toBeTypeOf('string');
  });

  it('knows parent, name and child', () => {
    expect(parentPath('/')).toBeUndefined();
    expect(parentPath('/a')).toBe('/');
    expect(parentPath('/a/b')).toBe('/a');
    expect(nameOf('/a/b')).toBe('b');
    expect(childPath('/', 'a')).toBe('/a');
    expect(childPath('/a', 'b')).toBe('/a/b');
  });

  it('is within its ancestors and not within their namesakes', () => {
    expect(isWithin('/a/b', '/a')).toBe(true);
    expect(isWithin('/a', '/a')).toBe(true);
    expect(isWithin('/ab', '/a')).toBe(false);
    expect(isWithin('/ab', '/')).toBe(true);
  });
});

describe('a name', () => {
  it.each(['', '.', '..', 'a/b', 'a\u0000', '\ud800', 'a'.repeat(256)])(
    'must not be %j',
    (name) => {
      expect(nameProblem(name)).toBeTypeOf('string');
    },
  );

  it('may be what people type', () => {
    for (const name of ['web', 'host-1-8080', '10.0.0.1-80', 'é']) {
      expect(nameProblem(name)).toBeUndefined();
    }
  });
});

describe('the order of paths', () => {
  const name = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 6 })
    .filter((text) => nameProblem(text) === undefined);
  const path = fc.array(name, { maxLength: 5 }).map((names) => `/${names.join('/')}`);

  it('of names is the order of their bytes', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(Math.sign(compareNames(a, b))).toBe(
          Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))),
        );
      }),
    );
  });

  it('is that of their segments, one after the other', () => {
    const bySegments = (a: string, b: string): number => {
      const [x, y] = [a, b].map((p) => (p === '/' ? [] : p.slice(1).split('/')));
      for (let i = 0; i < Math.min(x!.length, y!.length); i++) {
        const order = compareNames(x![i]!, y![i]!);
        if (order !== 0) return order;
      }
      return x!.length - y!.length;
    };
    fc.assert(
      fc.property(path, path, (a, b) => {
        expect(Math.sign(comparePaths(a, b))).toBe(Math.sign(bySegments(a, b)));
      }),
    );
  });
});
