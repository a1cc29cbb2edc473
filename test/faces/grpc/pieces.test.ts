import { readFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { addressOfPeer } from '../../../src/faces/grpc/callers.js';
import { eventBytes, snapshotBytes } from '../../../src/faces/grpc/event-bytes.js';
import { Outlet } from '../../../src/faces/grpc/outlet.js';
import { instanceSpec } from '../../../src/faces/grpc/registration.js';
import { hashSecret } from '../../../src/faces/grpc/session-requests.js';
import { callStatus, STATUS_OF } from '../../../src/faces/grpc/status.js';
import { StreamFrames } from '../../../src/faces/grpc/stream-frame.js';
import { eventsMessage, statFrom } from '../../../src/rpc/convert.js';
import { codec, ERROR_TRAILER } from '../../../src/rpc/definitions.js';
import { ERROR_CODES, RollcallError } from '../../../src/types/errors.js';
import type { EventBatch } from '../../../src/types/event.js';
import { asRevision } from '../../../src/types/ids.js';
import { ATTACHMENT_UNSENT_BYTES_MAX } from '../../../src/types/limits.js';
import { full } from './full.js';

const revision = asRevision(300);
const batch: EventBatch = {
  revision,
  events: [
    {
      type: 'created',
      path: '/a',
      revision,
      ordinal: 0,
      stat: statFrom(undefined),
      data: Buffer.from('x'),
      cause: 'client',
      aclId: 0,
    },
  ],
};

const events = eventsMessage(batch);

describe('frames put together by hand', () => {
  it('say what plain encoding says, for ids and events of every length', () => {
    for (const id of [1, 127, 128, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
      const frames = new StreamFrames();
      frames.add({ touched: 5 });
      for (const bytes of eventBytes(batch)) frames.addWatch(id, bytes);
      const plain = { items: [{ touched: 5 }, { watch: { id, response: { events } } }] };
      const [frame] = frames.take();
      const encoded = codec('StreamResponse').encode(plain);
      expect(full('StreamResponse', frame!)).toEqual(full('StreamResponse', encoded));
    }
  });

  it('share one encoding of a batch among all who watch', () => {
    expect(eventBytes(batch)).toBe(eventBytes(batch));
    expect(eventBytes({ ...batch })).toEqual(eventBytes(batch));
  });

  it('are cut before they grow past what receivers take', () => {
    const frames = new StreamFrames();
    for (let i = 0; i < 10; i++) frames.addWatch(1, Buffer.alloc(300_000));
    const taken = frames.take();
    expect(taken.length).toBeGreaterThan(4);
    for (const frame of taken) expect(frame.length).toBeLessThan(1_000_000);
    expect(frames.take()).toEqual([]);
  });

  it('spread a revision that no message could hold over several', () => {
    const [event] = batch.events;
    const large = { ...event!, data: Buffer.alloc(1_000) };
    const parts = eventBytes({ revision, events: Array(10_000).fill(large) });
    for (const part of parts) expect(part.length).toBeLessThan(2 * 1024 * 1024);
    const decoded = parts.map((part) => codec('WatchResponse').decode(part).events!);
    expect(decoded.map(({ more }) => more)).toEqual(decoded.map((_, i) => i < parts.length - 1));
    expect(decoded.flatMap(({ events }) => events)).toHaveLength(10_000);
  });

  it('complete a snapshot with its last part only', () => {
    const node = { path: '/n', data: Buffer.alloc(600_000), stat: statFrom(undefined) };
    const flagged = { marked: true, restarted: false } as const;
    const base = { type: 'snapshot', watch: 1, revision, ...flagged } as const;
    const flags = (complete: boolean, count: number) =>
      snapshotBytes({ ...base, nodes: Array(count).fill(node), complete }).map((bytes) => {
        const { snapshot } = codec('WatchResponse').decode(bytes);
        return [snapshot!.nodes.length, snapshot!.complete, snapshot!.marked];
      });
    expect(flags(true, 3)).toEqual([
      [1, false, true],
      [1, false, true],
      [1, true, true],
    ]);
    expect(flags(false, 1)).toEqual([[1, false, true]]);
    expect(flags(true, 0)).toEqual([[0, true, true]]);
  });
});

describe('statuses', () => {
  it('exist for every error, carry its detail, and are never OK', () => {
    for (const code of ERROR_CODES) {
      const status = callStatus(new RollcallError(code, 'why', { outcome: 'unknown' }), -3);
      expect(status.code).toBe(STATUS_OF[code]);
      expect(status.code).toBeGreaterThan(0);
      const [bytes] = status.metadata.get(ERROR_TRAILER);
      const detail = codec('ErrorDetail').decode(bytes as Buffer);
      expect(detail).toMatchObject({ code, message: 'why', outcome: 1, position: -3 });
    }
  });

  it('are those of docs/errors.md', () => {
    const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
    for (const code of ERROR_CODES)
      expect(text).toMatch(
        new RegExp(`^\\| ${code} \\|[^|]*\\| ${status[STATUS_OF[code]]} \\|`, 'm'),
      );
  });

  it('have texts that fit into headers: bounded, no lone surrogates', () => {
    const hostile = `${'a'.repeat(1023)}\u{1F600}${'b'.repeat(10_000)}\ud800`;
    const { details } = callStatus(new RollcallError('NO_NODE', hostile));
    expect(() => encodeURI(details)).not.toThrow();
    expect(details.length).toBeLessThanOrEqual(1024);
  });
});

describe('registrations', () => {
  const message = {
    service: 's',
    id: '',
    address: '',
    port: 80,
    ports: {},
    protocol: '',
    basePath: '',
    weight: undefined,
    zone: '',
    tags: {},
    state: 0,
  };
  const caller = { address: '10.1.2.3', registeredAt: 9 };

  it('fill in where the call came from', () => {
    expect(instanceSpec(message, caller)).toMatchObject({
      id: '10.1.2.3-80',
      address: '10.1.2.3',
      protocol: 'http',
      weight: 100,
      state: 'UP',
      registeredAt: 9,
    });
    expect(instanceSpec({ ...message, weight: 0, state: 1 }, caller)).toMatchObject({
      weight: 0,
      state: 'STARTING',
    });
  });

  it('are refused without a port, with a bad one, an unknown state or a bad name', () => {
    for (const wrong of [
      { port: 0 },
      { port: 65_536 },
      { ports: { x: 0 } },
      { state: 9 },
      { service: 'a/b' },
      { service: '' },
    ]) {
      expect(instanceSpec({ ...message, ...wrong }, caller)).toBeInstanceOf(RollcallError);
    }
  });

  it('take the address from the peer, IPv4 plain', () => {
    expect(addressOfPeer('127.0.0.1:50123')).toBe('127.0.0.1');
    expect(addressOfPeer('::1:50123')).toBe('::1');
    expect(addressOfPeer('::ffff:10.0.0.1:7')).toBe('10.0.0.1');
    expect(addressOfPeer('unknown')).toBe('unknown');
  });
});

describe('secrets', () => {
  it('never pass as they are, and have their bounds', () => {
    const hash = hashSecret(Buffer.alloc(16, 1));
    expect(hash).toHaveLength(32);
    expect(hashSecret(Buffer.alloc(15))).toBeInstanceOf(RollcallError);
    expect(hashSecret(Buffer.alloc(65))).toBeInstanceOf(RollcallError);
  });
});

describe('the sending side of a stream', () => {
  it('says once that it drained, and only when somebody was told that it was full', () => {
    const done: (() => void)[] = [];
    const call = {
      write: (_bytes: Buffer, taken: () => void) => done.push(taken) > 0,
      end: () => {},
      emit: () => true,
      once: () => {},
    };
    let drained = 0;
    const outlet = new Outlet(call, () => drained++);
    const half = Buffer.alloc(ATTACHMENT_UNSENT_BYTES_MAX / 2 + 1);
    outlet.write(half);
    outlet.write(half);
    expect(outlet.unsentBytes()).toBe(half.length * 2);
    done.shift()!();
    expect(drained).toBe(0);
    done.shift()!();
    expect(drained).toBe(1);
    outlet.write(half);
    done.shift()!();
    expect(drained).toBe(1);
    expect(outlet.unsentBytes()).toBe(0);
  });

  it('ends once, with the first reason, and takes nothing after it', () => {
    const seen: string[] = [];
    const call = {
      write: () => seen.push('write') > 0,
      end: () => void seen.push('end'),
      emit: () => seen.push('error') > 0,
      once: () => {},
    };
    const outlet = new Outlet(call, () => {});
    outlet.fail(new RollcallError('NO_NODE', ''));
    outlet.fail(new RollcallError('NO_NODE', ''));
    outlet.end();
    outlet.write(Buffer.alloc(1));
    expect(seen).toEqual(['error']);
  });
});
