/** Whom a client calls next. */
import { describe, expect, test } from 'vitest';
import { Endpoints, isLoopback, parseEndpoint } from '../../src/client/core/endpoints.js';

const first = { below: () => 0 };
const longest = { below: (bound: number) => bound - 1 };

describe('choosing a member', () => {
  test('starts at random', () => {
    const last = { below: (bound: number) => bound - 1 };
    expect(new Endpoints(['a:1', 'b:1', 'c:1'], first).choose(0)!.endpoint).toBe('a:1');
    expect(new Endpoints(['a:1', 'b:1', 'c:1'], last).choose(0)!.endpoint).toBe('c:1');
  });

  test('leaves out whoever failed while another has not', () => {
    const endpoints = new Endpoints(['a:1', 'b:1'], longest);
    endpoints.failed('b:1', 0);
    expect(endpoints.choose(0)).toEqual({ endpoint: 'a:1', waitMs: 0 });
    expect(endpoints.choose(1_000)!.endpoint).toBe('a:1');
  });

  test('waits for the one that is rested first when all have failed', () => {
    const endpoints = new Endpoints(['a:1', 'b:1'], longest);
    endpoints.failed('a:1', 0);
    endpoints.failed('a:1', 0);
    endpoints.failed('b:1', 0);
    expect(endpoints.allFailed).toBe(true);
    expect(endpoints.choose(0)).toEqual({ endpoint: 'b:1', waitMs: 50 });
    expect(endpoints.choose(60)).toEqual({ endpoint: 'b:1', waitMs: 0 });
  });

  test('rests longer after each failure, at most two seconds, and not at all after success', () => {
    const endpoints = new Endpoints(['a:1'], longest);
    const waits = Array.from({ length: 9 }, () => {
      endpoints.failed('a:1', 0);
      return endpoints.choose(0)!.waitMs;
    });
    expect(waits).toEqual([50, 100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000]);
    endpoints.succeeded('a:1');
    expect(endpoints.choose(0)!.waitMs).toBe(0);
  });

  test('finds nobody when the only one is excluded', () => {
    expect(new Endpoints(['a:1'], first).choose(0, 'a:1')).toBeUndefined();
  });
});

describe('learning members', () => {
  test('adds them, and drops learned ones that are gone, never configured ones', () => {
    const endpoints = new Endpoints(['a:1'], first);
    endpoints.learn(['b:1', 'c:1']);
    endpoints.learn(['c:1']);
    expect(endpoints.all).toEqual(['a:1', 'c:1']);
  });

  test('keeps what is known of a member that is named again', () => {
    const endpoints = new Endpoints(['a:1'], longest);
    endpoints.learn(['b:1']);
    endpoints.failed('b:1', 0);
    endpoints.learn(['b:1', 'a:1']);
    expect(endpoints.choose(0, 'a:1')!.waitMs).toBe(50);
  });

  test('is bounded', () => {
    const endpoints = new Endpoints(['a:1'], first);
    endpoints.learn(Array.from({ length: 1_000 }, (_, i) => `m${i}:1`));
    expect(endpoints.all.length).toBe(64);
  });
});

describe('an endpoint', () => {
  test.each([
    ['localhost:8655', 'localhost:8655'],
    [' 10.0.0.1:1 ', '10.0.0.1:1'],
    ['[::1]:65535', '[::1]:65535'],
    ['host', undefined],
    ['host:0', undefined],
    ['host:65536', undefined],
    ['http://host:1', undefined],
    ['::1:80', undefined],
    ['', undefined],
  ])('%j is read as %j', (text, expected) => {
    expect(parseEndpoint(text)).toBe(expected);
  });

  test.each([
    ['127.0.0.1:1', true],
    ['localhost:1', true],
    ['[::1]:1', true],
    ['10.0.0.1:1', false],
    ['127.example.com:1', false],
  ])('%j is on this machine: %j', (endpoint, expected) => {
    expect(isLoopback(endpoint)).toBe(expected);
  });
});
