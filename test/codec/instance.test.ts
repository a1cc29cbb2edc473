import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeInstance,
  encodeInstance,
  instancePath,
  instanceUrl,
  servicePath,
} from '../../src/codec/instance.js';
import { asRevision } from '../../src/types/ids.js';
import type { InstanceSpec } from '../../src/types/instance.js';
import type { NodeStat, Override, TreeNode } from '../../src/types/node.js';
import { anyName, anyStat } from './command-arbitraries.js';

const key = fc.string({ maxLength: 10 }).filter((text) => text !== '__proto__');
const anySpec: fc.Arbitrary<InstanceSpec> = fc.record({
  service: anyName,
  id: anyName,
  address: fc.string({ minLength: 1, maxLength: 20 }),
  port: fc.integer({ min: 0, max: 65_535 }),
  ports: fc.dictionary(key, fc.integer({ min: 0, max: 65_535 }), { noNullPrototype: true }),
  protocol: fc.string({ maxLength: 8 }),
  basePath: fc.string({ maxLength: 8 }),
  weight: fc.nat(),
  zone: fc.string({ maxLength: 8 }),
  tags: fc.dictionary(key, fc.string({ maxLength: 8 }), { noNullPrototype: true }),
  state: fc.constantFrom('STARTING', 'UP', 'DRAINING', 'DOWN' as const),
  registeredAt: fc.nat(),
});
const [stat] = fc.sample(anyStat, 1) as [NodeStat];

function nodeOf(json: unknown, override?: Override): TreeNode {
  const data = new TextEncoder().encode(typeof json === 'string' ? json : JSON.stringify(json));
  const node = { path: instancePath('web', 'a'), data, stat };
  return override === undefined ? node : { ...node, override };
}

const plain = { address: '10.0.0.1', port: 80 };

describe('an instance', () => {
  it('comes back as it was said', () => {
    fc.assert(
      fc.property(anySpec, anyStat, (spec, someStat) => {
        const node = {
          path: instancePath(spec.service, spec.id),
          data: encodeInstance(spec),
          stat: someStat,
        };
        expect(decodeInstance(node)).toEqual({
          ...spec,
          sequence: someStat.sequence,
          revision: someStat.modifyRevision,
          createRevision: someStat.createRevision,
          ordinal: someStat.ordinal,
          incarnation: someStat.incarnation,
          url: instanceUrl(spec),
          overridden: false,
        });
      }),
    );
  });

  it('is written in the field set that Curator reads, without a payload', () => {
    const spec = fc.sample(anySpec, 1)[0]!;
    const json = JSON.parse(
      new TextDecoder().decode(encodeInstance({ ...spec, protocol: 'https' })),
    );
    expect(json).toMatchObject({
      name: spec.service,
      id: spec.id,
      address: spec.address,
      port: spec.port,
      sslPort: spec.port,
      registrationTimeUTC: spec.registeredAt,
      serviceType: 'DYNAMIC',
    });
    expect(json).not.toHaveProperty('payload');
  });

  it.each([
    ['STARTING', true],
    ['UP', true],
    ['DRAINING', false],
    ['DOWN', false],
  ] as const)('in state %s tells Curator enabled = %s', (state, enabled) => {
    const spec = { ...fc.sample(anySpec, 1)[0]!, state };
    expect(JSON.parse(new TextDecoder().decode(encodeInstance(spec))).enabled).toBe(enabled);
  });

  it('of Curator’s own making is understood', () => {
    const foreign = {
      name: 'web',
      id: 'a',
      address: '10.0.0.9',
      port: null,
      sslPort: 8443,
      payload: { '@class': 'com.example.Thing' },
      registrationTimeUTC: 1_700_000_000_000,
      serviceType: 'DYNAMIC',
      uriSpec: null,
      enabled: false,
    };
    expect(decodeInstance(nodeOf(foreign))).toMatchObject({
      service: 'web',
      id: 'a',
      port: 8443,
      protocol: 'https',
      weight: 100,
      state: 'DOWN',
      registeredAt: 1_700_000_000_000,
    });
  });

  it('under an operator’s override is draining, and says so', () => {
    const revision = asRevision(stat.modifyRevision + 1);
    const override = { action: 'drain', who: 'ops', reason: '', until: 0, revision } as const;
    const instance = decodeInstance(nodeOf(plain, override));
    expect(instance).toMatchObject({ state: 'DRAINING', overridden: true, revision });
  });

  it('takes its service and id from its path, not from what it claims', () => {
    const instance = decodeInstance(nodeOf({ ...plain, name: 'bank', id: 'root' }));
    expect(instance).toMatchObject({ service: 'web', id: 'a' });
  });

  it.each([
    ['not JSON', '{'],
    ['no object', '[]'],
    ['null', 'null'],
    ['nothing', ''],
    ['no address', { port: 1 }],
    ['no port', { address: 'a' }],
    ['port out of range', { address: 'a', port: 70_000 }],
    ['port as text', { address: 'a', port: '80' }],
  ])('is none when its data is %s', (_, json) => {
    expect(decodeInstance(nodeOf(json))).toBeUndefined();
  });

  it('never throws, whatever the bytes or the JSON', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (data) => {
        decodeInstance({ path: '/services/web/a', data, stat });
        decodeInstance({ path: '/', data, stat });
      }),
    );
    fc.assert(fc.property(fc.json(), (json) => void decodeInstance(nodeOf(json))));
    const hostile = fc.record({
      ...{ address: fc.constant('a'), port: fc.constant(1) },
      ports: fc.anything(),
      tags: fc.anything(),
      weight: fc.anything(),
      state: fc.anything(),
    });
    fc.assert(
      fc.property(hostile, (value) => {
        let json: string;
        try {
          json = JSON.stringify(value);
        } catch {
          return;
        }
        expect(decodeInstance(nodeOf(json))).toBeDefined();
      }),
    );
  });

  it('cannot reach a prototype', () => {
    const json =
      '{"address":"a","port":1,"tags":{"__proto__":"x","constructor":"y"},"__proto__":{"zone":"evil"}}';
    const instance = decodeInstance(nodeOf(json))!;
    expect(instance.zone).toBe('');
    expect(Object.keys(instance.tags)).toEqual(['constructor']);
    expect(Object.getPrototypeOf(instance.tags)).toBe(Object.prototype);
  });

  it.each([
    ['10.0.0.1', '', 'http://10.0.0.1:80'],
    ['fe80::1', '', 'http://[fe80::1]:80'],
    ['host', 'api', 'http://host:80/api'],
    ['host', '/api', 'http://host:80/api'],
  ])('at %s with base path %j has the URL %s', (address, basePath, url) => {
    expect(instanceUrl({ protocol: 'http', address, port: 80, basePath })).toBe(url);
  });
});

it('services stand below one root', () => {
  expect(servicePath('web')).toBe('/services/web');
  expect(instancePath('web', 'a')).toBe('/services/web/a');
});
