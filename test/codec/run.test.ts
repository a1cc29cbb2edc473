import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../../src/codec/cursor.js';
import {
  decodeConfiguration,
  decodeRun,
  encodeConfiguration,
  encodeRun,
  encodeRunHeader,
} from '../../src/codec/run.js';
import { asIndex, asTerm } from '../../src/types/ids.js';
import type { Run } from '../../src/types/log.js';
import { anyConfiguration, anyRun } from './arbitraries.js';

function bytesOf(run: Run): Uint8Array {
  const writer = new ByteWriter();
  encodeRun(run, writer);
  return writer.finish().slice();
}

describe('a run as bytes', () => {
  it('comes back equal', () => {
    fc.assert(
      fc.property(anyRun(), (run) => {
        const reader = new ByteReader(bytesOf(run));
        expect(decodeRun(reader)).toEqual(run);
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it('leaves what follows it to the next reader', () => {
    fc.assert(
      fc.property(anyRun(), anyRun(), (a, b) => {
        const reader = new ByteReader(Buffer.concat([bytesOf(a), bytesOf(b)]));
        expect(decodeRun(reader)).toMatchObject({ first: a.first, count: a.count });
        expect(decodeRun(reader)).toMatchObject({ first: b.first, count: b.count });
      }),
    );
  });

  it('is its header followed by its own buffer', () => {
    fc.assert(
      fc.property(anyRun(), (run) => {
        const header = new ByteWriter();
        encodeRunHeader(run, header);
        expect(Buffer.concat([header.finish(), run.bytes])).toEqual(Buffer.from(bytesOf(run)));
      }),
    );
  });

  it('decodes to views on the input, uncopied', () => {
    const bytes = bytesOf(run(['one', 'two']));
    expect(decodeRun(new ByteReader(bytes))?.bytes.buffer).toBe(bytes.buffer);
  });

  it('is refused when cut anywhere', () => {
    const bytes = bytesOf(run(['one', 'two', 'three']));
    for (let end = 0; end < bytes.length; end++) {
      expect(decodeRun(new ByteReader(bytes, 0, end))).toBeUndefined();
    }
  });

  it('is never a crash, whatever the bytes, and what decodes holds the invariants', () => {
    fc.assert(
      fc.property(anyRun(), fc.nat(), fc.nat({ max: 255 }), (run, at, value) => {
        const bytes = bytesOf(run);
        bytes[at % bytes.length] = value;
        const decoded = decodeRun(new ByteReader(bytes));
        if (decoded !== undefined) checkRun(decoded);
      }),
    );
  });

  it.each([
    ['no term', { term: asTerm(0) }],
    ['no index', { first: asIndex(0) }],
    ['no entries', { count: 0, offsets: Uint32Array.of(0), bytes: new Uint8Array() }],
    ['an index past the last', { first: asIndex(Number.MAX_SAFE_INTEGER) }],
    ['two no-ops in one', { kind: 'noop' as const }],
    ['a no-op with a payload', { kind: 'noop' as const, ...batch(['x']) }],
    ['a configuration that is none', { kind: 'configuration' as const, ...batch(['x']) }],
  ])('is refused with %s', (_, broken) => {
    expect(decodeRun(new ByteReader(bytesOf({ ...run(['a', 'b']), ...broken })))).toBeUndefined();
  });
});

describe('a configuration as bytes', () => {
  it('comes back equal', () => {
    fc.assert(
      fc.property(anyConfiguration(), (configuration) => {
        expect(decodeConfiguration(encodeConfiguration(configuration))).toEqual(configuration);
      }),
    );
  });

  it('is refused when it names a member twice, or when bytes trail', () => {
    const member = { id: 'a' as never, name: 'a', peerAddress: 'h:1' };
    const twice = encodeConfiguration({ voters: [member], learners: [member] });
    expect(decodeConfiguration(twice)).toBeUndefined();
    const once = encodeConfiguration({ voters: [member], learners: [] });
    expect(decodeConfiguration(Buffer.concat([once, Buffer.of(0)]))).toBeUndefined();
  });
});

function batch(entries: string[]): Pick<Run, 'count' | 'offsets' | 'bytes'> {
  const offsets = new Uint32Array(entries.length + 1);
  entries.forEach((entry, i) => {
    offsets[i + 1] = offsets[i]! + entry.length;
  });
  return { count: entries.length, offsets, bytes: new TextEncoder().encode(entries.join('')) };
}

function run(entries: string[]): Run {
  return {
    kind: 'command',
    term: asTerm(3),
    first: asIndex(7),
    time: 1_700_000_000_000,
    ...batch(entries),
  };
}

function checkRun(run: Run): void {
  expect(run.count).toBeGreaterThanOrEqual(1);
  expect(run.offsets.length).toBe(run.count + 1);
  expect(run.offsets[0]).toBe(0);
  for (let i = 0; i < run.count; i++) {
    expect(run.offsets[i + 1]).toBeGreaterThanOrEqual(run.offsets[i]!);
  }
  expect(run.offsets[run.count]).toBe(run.bytes.length);
}
