/**
 * Round trips of everything that members say, and what hostile bytes do: nothing, at no cost that the input does
 * not justify.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../src/codec/cursor.js';
import {
  decodeHello,
  decodePeerMessages,
  encodeHello,
  encodePeerMessage,
  estimateBytes,
} from '../../src/codec/peer.js';
import {
  asClusterId,
  asIndex,
  asMemberId,
  asRevision,
  asSessionId,
  asTerm,
} from '../../src/types/ids.js';
import type { Attachment, PeerHello, PeerMessage } from '../../src/types/peer.js';
import { anyMessage } from './arbitraries.js';

const anyText = () => fc.string({ unit: 'grapheme', maxLength: 40 });
const anyNumber = () => fc.oneof(fc.nat(300), fc.maxSafeNat());

function anyAttachment(): fc.Arbitrary<Attachment> {
  return fc.record({ session: anyNumber().map(asSessionId), epoch: fc.nat() });
}

function anyForward(): fc.Arbitrary<PeerMessage> {
  const entries = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 });
  return fc.record({ boot: fc.nat(), first: fc.nat(), entries }).map(({ boot, first, entries }) => {
    const offsets = new Uint32Array(entries.length + 1);
    entries.forEach((entry, i) => {
      offsets[i + 1] = offsets[i]! + entry.length;
    });
    const bytes = Uint8Array.from(entries.flatMap((entry) => [...entry]));
    return { type: 'forward', boot, first, batch: { count: entries.length, offsets, bytes } };
  });
}

function anyPeerMessage(): fc.Arbitrary<PeerMessage> {
  return fc.oneof(
    anyMessage().map((message): PeerMessage => ({ type: 'raft', message })),
    anyForward(),
    fc.record({
      type: fc.constant('forwardReply' as const),
      boot: anyNumber(),
      next: anyNumber(),
      accepting: fc.boolean(),
    }),
    fc.record({
      type: fc.constant('sessionReport' as const),
      number: anyNumber(),
      touched: fc.array(anyAttachment()),
      closed: fc.array(anyAttachment()),
    }),
    fc.record({
      type: fc.constant('sessionReportReply' as const),
      number: anyNumber(),
      term: anyNumber().map(asTerm),
      refused: fc.array(anyNumber().map(asSessionId)),
    }),
    fc.record({
      type: fc.constant('status' as const),
      id: fc.stringMatching(/^[0-9a-f]{16}$/).map(asMemberId),
      name: anyText(),
      role: fc.constantFrom('leader', 'follower', 'candidate', 'learner'),
      disk: fc.constantFrom('ok', 'stalled' as const),
      term: anyNumber().map(asTerm),
      commitIndex: anyNumber().map(asIndex),
      appliedIndex: anyNumber().map(asIndex),
      pid: fc.nat(),
      version: anyText(),
      peerAddress: anyText(),
      clientAddress: anyText(),
      httpAddress: anyText(),
    }),
    fc.record({
      type: fc.constant('digest' as const),
      format: fc.nat(),
      revision: anyNumber().map(asRevision),
      digest: fc.stringMatching(/^[0-9a-f]{16}$/),
    }),
  );
}

function encode(messages: readonly PeerMessage[]): Uint8Array {
  const writer = new ByteWriter();
  for (const message of messages) encodePeerMessage(message, writer);
  return writer.finish();
}

describe('peer messages', () => {
  it('come back as they went, many in one payload', () => {
    fc.assert(
      fc.property(fc.array(anyPeerMessage(), { maxLength: 8 }), (messages) => {
        expect(decodePeerMessages(encode(messages))).toEqual(messages);
      }),
    );
  });

  it('may be joined as bytes', () => {
    fc.assert(
      fc.property(anyPeerMessage(), anyPeerMessage(), (one, two) => {
        const joined = Buffer.concat([encode([one]), encode([two])]);
        expect(decodePeerMessages(new Uint8Array(joined))).toEqual([one, two]);
      }),
    );
  });

  it('are refused when cut short', () => {
    fc.assert(
      fc.property(anyPeerMessage(), fc.nat(), (message, at) => {
        const bytes = encode([message]);
        const cut = bytes.subarray(0, 1 + (at % (bytes.length - 1)));
        expect(decodePeerMessages(cut)).toBeUndefined();
      }),
    );
  });

  it('never throw on bytes of any kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        decodePeerMessages(bytes);
        decodeHello(bytes);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(anyPeerMessage(), fc.nat(), fc.nat(255), (message, at, byte) => {
        const bytes = encode([message]).slice();
        bytes[at % bytes.length] = byte;
        decodePeerMessages(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a type that does not exist', [6]],
    ['a forward that claims more entries than it has bytes', [1, 1, 1, 200, 1]],
    ['an entry longer than the payload', [1, 1, 1, 1, 50, 0]],
    ['a report that claims a million attachments', [3, 1, 0xc0, 0x84, 0x3d]],
    ['a reply that is neither accepting nor not', [2, 1, 1, 2]],
    ['a request number past the safe integers', [1, 1, ...Array(7).fill(0xff), 0x0f, 1, 0]],
  ])('refuses %s', (_reason, bytes) => {
    expect(decodePeerMessages(Uint8Array.from(bytes))).toBeUndefined();
  });

  it('takes the entry bytes of a forward as a view, not a copy', () => {
    const bytes = encode([
      {
        type: 'forward',
        boot: 1,
        first: 1,
        batch: { count: 1, offsets: Uint32Array.of(0, 3), bytes: Uint8Array.of(1, 2, 3) },
      },
    ]);
    const [message] = decodePeerMessages(bytes)!;
    expect(message?.type === 'forward' && message.batch.bytes.buffer === bytes.buffer).toBe(true);
  });

  it('reserves enough for the large ones', () => {
    fc.assert(
      fc.property(anyForward(), (message) => {
        expect(estimateBytes(message)).toBeGreaterThanOrEqual(encode([message]).length - 8);
      }),
    );
  });
});

describe('hello', () => {
  const hello: PeerHello = {
    clusterId: asClusterId('c'.repeat(32)),
    memberId: asMemberId('a'.repeat(16)),
    name: 'alpha',
    protocolVersion: 1,
  };

  it('comes back as it went, with and without a cluster', () => {
    expect(decodeHello(encodeHello(hello))).toEqual(hello);
    const unfounded = { ...hello, clusterId: undefined };
    expect(decodeHello(encodeHello(unfounded))).toEqual(unfounded);
  });

  it('skips what a later version appends', () => {
    const longer = Uint8Array.from([...encodeHello(hello), 1, 2, 3]);
    expect(decodeHello(longer)).toEqual(hello);
  });

  it('needs a member id', () => {
    expect(decodeHello(encodeHello({ ...hello, memberId: asMemberId('') }))).toBeUndefined();
  });
});
