/** Settings of a service as JSON: they come back equal, and nothing that stands there is taken on trust. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSettings, encodeSettings, settingsProblem } from '../../src/codec/settings.js';
import { NO_SETTINGS, type ServiceSettings } from '../../src/types/settings.js';

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const some: ServiceSettings = { policy: 'p2c', minimumHealthy: 50, fields: { team: 'search' } };

const anySettings: fc.Arbitrary<ServiceSettings> = fc.record({
  policy: fc.string({ maxLength: 20 }),
  minimumHealthy: fc.integer({ min: 0, max: 100 }),
  fields: fc.dictionary(fc.string({ minLength: 1, maxLength: 10 }), fc.string({ maxLength: 20 }), {
    noNullPrototype: true,
  }),
});

describe('settings', () => {
  it('come back equal when nothing speaks against them', () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        if (settingsProblem(settings) !== undefined) return;
        expect(decodeSettings(encodeSettings(settings))).toEqual(settings);
      }),
    );
  });

  it('that say nothing are no bytes, so that the service may be reaped', () => {
    expect(encodeSettings(NO_SETTINGS)).toHaveLength(0);
    expect(decodeSettings(new Uint8Array(0))).toEqual(NO_SETTINGS);
  });

  it('of a later version lose only what this one does not know', () => {
    expect(decodeSettings(json({ ...some, split: { a: 1 } }))).toEqual(some);
  });

  it('of the wrong types are as if unset', () => {
    const odd = { policy: 7, minimumHealthy: 101, fields: { a: 1, b: 'c' } };
    expect(decodeSettings(json(odd))).toEqual({ ...NO_SETTINGS, fields: { b: 'c' } });
  });

  it('cannot reach a prototype', () => {
    const text = '{"fields":{"__proto__":"x","a":"b"},"__proto__":{"policy":"evil"}}';
    const decoded = decodeSettings(new TextEncoder().encode(text))!;
    expect(Object.keys(decoded.fields)).toEqual(['a']);
    expect(decoded.policy).toBe('');
  });

  it.each([['[]'], ['"x"'], ['null'], ['{'], ['7'], ['\u0000']])('%s are none', (text) => {
    expect(decodeSettings(new TextEncoder().encode(text))).toBeUndefined();
  });

  it('never throw, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeSettings(bytes)));
    fc.assert(fc.property(fc.jsonValue(), (value) => void decodeSettings(json(value))));
  });
});

describe('settings are turned away before they are proposed', () => {
  const many = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`f${i}`, '']));
  const rows: [string, Partial<ServiceSettings>, string][] = [
    ['more than all must be healthy', { minimumHealthy: 101 }, 'minimum healthy'],
    ['less than none must be', { minimumHealthy: -1 }, 'minimum healthy'],
    ['part of a per cent', { minimumHealthy: 0.5 }, 'minimum healthy'],
    ['a policy as long as a text', { policy: 'x'.repeat(256) }, 'policy'],
    ['a field without a name', { fields: { '': 'x' } }, 'cannot be the name'],
    [
      'a field that would be a prototype',
      { fields: Object.fromEntries([['__proto__', 'x']]) },
      '__proto__',
    ],
    ['more fields than a person reads', { fields: many }, 'too large'],
    [
      'more bytes than subscribers should be sent',
      { fields: { a: 'x'.repeat(65_536) } },
      'too large',
    ],
  ];
  it.each(rows)('%s', (_, change, problem) => {
    expect(settingsProblem({ ...some, ...change })).toContain(problem);
  });

  it('and good ones are not', () => {
    expect(settingsProblem(some)).toBeUndefined();
    expect(settingsProblem(NO_SETTINGS)).toBeUndefined();
  });
});
