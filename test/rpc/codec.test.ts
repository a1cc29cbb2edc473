import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { codec, schema, services } from '../../src/rpc/definitions.js';

/** protobufjs types it as a constructor of anything. */
const { Long } = protobuf.util as unknown as { readonly Long: LongClass };

interface LongClass {
  fromString(text: string, unsigned: boolean): object;
  isLong(value: unknown): boolean;
}

const plainRoot = () => {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => `${process.cwd()}/proto/${target}`;
  return root.loadSync('rollcall/v1/sessions.proto');
};

describe('message codecs', () => {
  it('give plain numbers for 64-bit fields, up to 2^53 − 1', () => {
    for (const revision of [1, 127, 128, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      const bytes = codec('DeleteResponse').encode({ revision });
      expect(codec('DeleteResponse').decode(bytes).revision).toBe(revision);
    }
  });

  it('refuse 64-bit numbers that a number cannot hold', () => {
    const type = plainRoot().lookupType('rollcall.v1.DeleteResponse');
    const above = Long.fromString('9007199254740992', true);
    const huge = Long.fromString('18446744073709551615', true);
    for (const revision of [above, huge]) {
      const bytes = type.encode(type.create({ revision })).finish();
      expect(() => codec('DeleteResponse').decode(bytes)).toThrow(RangeError);
    }
  });

  it('give every absent field its default: 0, empty, undefined for messages and oneofs', () => {
    const stat = codec('Stat').decode(new Uint8Array());
    expect(stat.createRevision).toBe(0);
    expect(stat.version).toBe(0);
    expect(codec('Node').decode(new Uint8Array()).stat).toBeUndefined();
    expect(codec('SetRequest').decode(new Uint8Array()).version).toBeUndefined();
    expect(codec('WatchResponse').decode(new Uint8Array()).bookmark).toBeUndefined();
    expect(codec('ListResponse').decode(new Uint8Array()).nodes).toEqual([]);
    expect(codec('Instance').decode(new Uint8Array()).tags).toEqual({});
  });

  it('tell which member of a oneof is set, zero included', () => {
    const bytes = codec('StreamOperation').encode({ id: 3, unwatch: 0 });
    const operation = codec('StreamOperation').decode(bytes);
    expect(operation.operation).toBe('unwatch');
    expect(operation.unwatch).toBe(0);
    const guard = codec('Guard').decode(codec('Guard').encode({ path: '/a', exists: false }));
    expect(guard.exists).toBe(false);
    expect(guard.version).toBeUndefined();
  });

  it('pass a Buffer through unchanged, so that one encoding serves many streams', () => {
    const bytes = Buffer.from([1, 2, 3]);
    expect(codec('StreamResponse').encode(bytes)).toBe(bytes);
    expect(services.Sessions.Stream.responseSerialize(bytes)).toBe(bytes);
  });

  it('keep hostile keys of maps as plain data', () => {
    const tags = JSON.parse('{"__proto__":"x","constructor":"y"}');
    const decoded = codec('Instance').decode(codec('Instance').encode({ tags }));
    expect(Object.keys(decoded.tags).sort()).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it('leave the protobufjs of everybody else as it was', () => {
    schema();
    const type = plainRoot().lookupType('rollcall.v1.DeleteResponse');
    const decoded = type.decode(type.encode(type.create({ revision: 7 })).finish());
    const { revision } = decoded as unknown as { revision: unknown };
    expect(Long.isLong(revision)).toBe(true);
  });
});

describe('service definitions', () => {
  it('carry the paths and directions of the protos', () => {
    expect(services.Tree.Set.path).toBe('/rollcall.v1.Tree/Set');
    expect(services.Tree.Watch).toMatchObject({ requestStream: false, responseStream: true });
    expect(services.Sessions.Stream).toMatchObject({ requestStream: true, responseStream: true });
    expect(Object.keys(services.Catalog)).toEqual([
      'Services',
      'Instances',
      'Subscribe',
      'Register',
      'Deregister',
      'GetService',
      'SetService',
      'SetOverride',
      'LiftOverride',
      'Overrides',
      'Departures',
      'Hold',
    ]);
  });
});
