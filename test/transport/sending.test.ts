/**
 * Frames, the queue of a peer and its outlet, without sockets: what goes first, what is cut, what is dropped, and
 * how much a heartbeat can find ahead of it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePeerMessages } from '../../src/codec/peer.js';
import { decodeFrame, encodeFrame, PieceJoiner } from '../../src/transport/frame.js';
import { Inlet, type InletHandler } from '../../src/transport/inlet.js';
import { Outlet } from '../../src/transport/outlet.js';
import { encodePayloads, SendQueue } from '../../src/transport/send-queue.js';
import {
  PEER_BULK_QUEUE_BYTES_MAX,
  PEER_CHUNK_BYTES,
  PEER_FRAME_BYTES_MAX,
  PEER_UNSENT_BYTES_MAX,
} from '../../src/types/limits.js';
import type { PeerMessage } from '../../src/types/peer.js';
import { forward, heartbeat, memberId } from '../contract/transport.js';

const A = memberId('a');
const B = memberId('b');

/** Takes frames and lets the test say when they are written. */
class SlowSink {
  readonly frames: Buffer[] = [];
  readonly #waiting: (() => void)[] = [];

  write(frame: Buffer, written: () => void): void {
    this.frames.push(frame);
    this.#waiting.push(written);
  }

  /** Everything handed over so far has left. */
  settle(): void {
    for (const written of this.#waiting.splice(0)) written();
  }

  settleAll(): void {
    while (this.#waiting.length > 0) this.settle();
  }
}

function read(frames: readonly Buffer[]): PeerMessage[] {
  const messages: PeerMessage[] = [];
  const ignore = () => {};
  const handler: InletHandler = {
    hello: () => undefined,
    messages: (more) => messages.push(...more),
    ping: ignore,
    pong: ignore,
  };
  const inlet = new Inlet(handler);
  inlet.take(encodeFrame('hello', [Uint8Array.of(0, 1, 97, 0, 1)]));
  for (const frame of frames) expect(inlet.take(frame)).toBeUndefined();
  return messages;
}

describe('frame', () => {
  it('comes back as it went, and is the protobuf message that the proto file says', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70_000 }), (payload) => {
        const bytes = encodeFrame('messages', [payload.subarray(0, 5), payload.subarray(5)]);
        const frame = decodeFrame(bytes);
        expect(frame?.kind).toBe('messages');
        expect(Buffer.compare(frame!.payload, payload)).toBe(0);
        expect(bytes[0]).toBe(0x0a);
      }),
    );
  });

  it('is refused when it is cut, has more behind it, or is of no known kind', () => {
    const bytes = encodeFrame('messages', [new Uint8Array(300)]);
    for (let end = 0; end < bytes.length; end++) {
      expect(decodeFrame(bytes.subarray(0, end))).toBeUndefined();
    }
    expect(decodeFrame(Buffer.concat([bytes, Buffer.of(0)]))).toBeUndefined();
    expect(decodeFrame(Buffer.of(0x0a, 1, 99))).toBeUndefined();
    expect(decodeFrame(Buffer.of(0x0a, 0))).toBeUndefined();
    expect(decodeFrame(Buffer.of(0x12, 1, 1))).toBeUndefined();
    expect(decodeFrame(Buffer.from('0affffffffffff01', 'hex'))).toBeUndefined();
  });

  it('is refused when any bit of it was flipped on the way', () => {
    const bytes = encodeFrame('messages', [Uint8Array.from({ length: 60 }, (_, i) => i)]);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeFrame(damaged), `bit ${bit}`).toBeUndefined();
    }
  });

  it('in pieces is held no longer than a frame may be', () => {
    const joiner = new PieceJoiner();
    const piece = new Uint8Array(PEER_FRAME_BYTES_MAX / 4);
    for (let i = 0; i < 4; i++) expect(joiner.push(piece, false)).toBeUndefined();
    expect(joiner.push(Uint8Array.of(1), false)).toBe('tooLong');
  });
});

describe('inlet', () => {
  const silent: InletHandler = {
    hello: () => undefined,
    messages: () => expect.fail('delivered'),
    ping: () => {},
    pong: () => {},
  };
  const hello = encodeFrame('hello', [Uint8Array.of(0, 1, 97, 0, 1)]);

  it('delivers nothing before the hello, and takes only one', () => {
    const first = new Inlet(silent);
    expect(first.take(encodeFrame('messages', [Uint8Array.of()]))).toMatch(/hello/);
    const second = new Inlet(silent);
    expect(second.take(hello)).toBeUndefined();
    expect(second.take(hello)).toMatch(/hello/);
  });

  it('delivers nothing of a payload that is not messages to its end', () => {
    const inlet = new Inlet(silent);
    inlet.take(hello);
    const good = encodePayloads([forward(1)])[0]!.bytes;
    expect(inlet.take(encodeFrame('messages', [good, Uint8Array.of(255)]))).toMatch(/messages/);
  });

  it('never throws on bytes of any kind', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (frames) => {
        const inlet = new Inlet({ ...silent, messages: () => {} });
        inlet.take(hello);
        for (const frame of frames) inlet.take(frame);
      }),
    );
  });
});

describe('queue of a peer', () => {
  it('lets heartbeats pass appends and forwards, which keep their order', () => {
    const queue = new SendQueue();
    for (const payload of encodePayloads([forward(1), heartbeat(A, B), forward(2)])) {
      queue.push(payload);
    }
    const urgent = decodePeerMessages(decodeFrame(queue.takeUrgentFrame())!.payload);
    expect(urgent).toEqual([heartbeat(A, B)]);
    expect(read([queue.takeBulkFrame()])).toEqual([forward(1), forward(2)]);
    expect(queue.hasUrgent || queue.hasBulk).toBe(false);
  });

  it('cuts what is long and joins what is short, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100_000), { minLength: 1, maxLength: 12 }), (sizes) => {
        const queue = new SendQueue();
        const sent = sizes.map((size, i) => forward(i + 1, size));
        for (const message of sent) for (const p of encodePayloads([message])) queue.push(p);
        const frames: Buffer[] = [];
        while (queue.hasBulk) frames.push(queue.takeBulkFrame());
        for (const frame of frames) expect(frame.length).toBeLessThan(PEER_CHUNK_BYTES + 16);
        expect(read(frames).map((m) => m.type === 'forward' && m.first)).toEqual(
          sent.map((m) => m.first),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('drops what does not fit, and takes again when there is room', () => {
    const queue = new SendQueue();
    const [payload] = encodePayloads([forward(1, 1024 * 1024)]);
    let kept = 0;
    while (queue.push(payload!)) kept++;
    expect(kept).toBe(Math.floor(PEER_BULK_QUEUE_BYTES_MAX / payload!.bytes.length));
    expect(queue.push(encodePayloads([heartbeat(A, B)])[0]!)).toBe(true);
    for (let i = 0; i < 33; i++) queue.takeBulkFrame();
    expect(queue.push(payload!)).toBe(true);
  });
});

describe('outlet', () => {
  it('has at most 64 KiB of bulk ahead of a heartbeat', () => {
    const sink = new SlowSink();
    const outlet = new Outlet(sink);
    for (let i = 1; i <= 20; i++) outlet.send(encodePayloads([forward(i, 300_000)]));
    const ahead = sink.frames.reduce((sum, frame) => sum + frame.length, 0);
    expect(ahead).toBeLessThanOrEqual(PEER_UNSENT_BYTES_MAX + 64);
    outlet.send(encodePayloads([heartbeat(A, B)]));
    expect(read(sink.frames.slice(-1))).toEqual([heartbeat(A, B)]);
    sink.settleAll();
    const forwards = read(sink.frames).filter((message) => message.type === 'forward');
    expect(forwards.map((message) => message.first)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
  });

  it('sends a heartbeat between the pieces of one long append', () => {
    const sink = new SlowSink();
    const outlet = new Outlet(sink);
    outlet.send(encodePayloads([forward(1, 1_000_000)]));
    sink.settle();
    outlet.send(encodePayloads([heartbeat(A, B)]));
    sink.settleAll();
    expect(read(sink.frames).map((message) => message.type)).toEqual(['raft', 'forward']);
  });

  it('stops at once when it is closed', () => {
    const sink = new SlowSink();
    const outlet = new Outlet(sink);
    outlet.send(encodePayloads([forward(1, 1_000_000)]));
    const before = sink.frames.length;
    outlet.close();
    sink.settleAll();
    expect(outlet.send(encodePayloads([forward(2)]))).toBe(false);
    expect(sink.frames).toHaveLength(before);
  });
});
