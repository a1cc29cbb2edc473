/** What a client may be given: defaults, and nonsense that is refused by the name of its option. */
import { hostname } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ClientOptions, connect } from '../../src/client/index.js';
import { clientTerms } from '../../src/client/options.js';

const log = { debug() {}, info() {}, warn() {}, error() {} };

describe('a client', () => {
  test('says of itself which program it is, and where', () => {
    const { label } = clientTerms({});
    expect(label).toMatch(/ pid \d+ on /);
    expect(label).toContain(hostname());
  });

  test.each<[string, Record<string, unknown>]>([
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: Number.NaN }],
    ['timeoutMs', { timeoutMs: Number.POSITIVE_INFINITY }],
    ['timeoutMs', { timeoutMs: '5s' }],
    ['learnMembers', { learnMembers: 'no' }],
    ['failFast', { failFast: 1 }],
    ['label', { label: 'x'.repeat(257) }],
    ['label', { label: 7 }],
    ['namespace', { namespace: 'app' }],
    ['namespace', { namespace: '/app/' }],
    ['namespace', { namespace: '/a/../b' }],
    ['locality.zone', { locality: {} }],
    ['locality.zone', { locality: { zone: '' } }],
    ['retry', { retry: null }],
    ['retry.initialMs', { retry: { initialMs: -1 } }],
    ['retry.maxMs', { retry: { maxMs: Number.NaN } }],
    ['retry.maxMs', { retry: { initialMs: 500, maxMs: 100 } }],
    ['tls', { tls: 'yes' }],
    ['tls.ca', { tls: { ca: 5 } }],
    ['tls.certificate', { tls: { certificate: 'only this' } }],
    ['tls.serverName', { tls: { serverName: '' } }],
    ['logger', { logger: { info() {} } }],
    ['signal', { signal: {} }],
  ])('is refused for a nonsense %s', (option, options) => {
    const make = () => connect('127.0.0.1:1', options as ClientOptions);
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(make).toThrow(`option ${option} must be`);
  });

  test.each<ClientOptions>([
    { retry: { initialMs: 10 } },
    { retry: { maxMs: 60 } },
    { namespace: '/' },
    { namespace: '/app/one' },
    { locality: { zone: 'eu-1' } },
    { label: 'é'.repeat(128), logger: log },
    { tls: {} },
  ])('takes %j', async (options) => {
    const made = connect('127.0.0.1:1', options);
    await made.close();
    expect(made.state).toBe('CLOSED');
  });

  test('refuses a deadline that is none, call by call', async () => {
    const made = connect('127.0.0.1:1', { failFast: true });
    onTestFinished(() => made.close());
    const nonsense = { timeoutMs: Number.NaN };
    const calls = [made.get('/', nonsense), made.status(nonsense), made.instances('s', nonsense)];
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  test('refuses what is no name of a service, or of a balancer', async () => {
    const made = connect('127.0.0.1:1');
    onTestFinished(() => made.close());
    expect(() => made.discover('a/b')).toThrow('INVALID_ARGUMENT');
    expect(() => made.roll('')).toThrow('INVALID_ARGUMENT');
    expect(() => made.discover('a', { balancer: 'best' as 'p2c' })).toThrow('option balancer');
  });
});
