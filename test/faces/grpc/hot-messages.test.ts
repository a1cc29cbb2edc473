import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  messageBytes,
  writeCreateResponse,
  writeDeleteResponse,
  writeGetResponse,
  writeSetResponse,
  writeWatchEvents,
} from '../../../src/faces/grpc/hot-messages.js';
import { StreamFrames } from '../../../src/faces/grpc/stream-frame.js';
import type { Messages } from '../../../src/gen/index.js';
import {
  EVENT_TYPES,
  eventsMessage,
  NODE_KINDS,
  nodeMessage,
  statFrom,
  statMessage,
} from '../../../src/rpc/convert.js';
import { codec } from '../../../src/rpc/definitions.js';
import { MessageWriter } from '../../../src/rpc/message-writer.js';
import type { Outgoing } from '../../../src/rpc/shapes.js';
import type { TreeEvent } from '../../../src/types/event.js';
import { asRevision, asSessionId } from '../../../src/types/ids.js';
import type { NodeStat, Override } from '../../../src/types/node.js';
import { full } from './full.js';

const number = fc.oneof(
  fc.nat(300),
  fc.nat(),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  fc.constantFrom(0, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32),
);
const revision = number.map(asRevision);
const small = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 2 ** 32 - 1 }));

const stat: fc.Arbitrary<NodeStat> = fc.record({
  createRevision: revision,
  modifyRevision: revision,
  childrenRevision: revision,
  createTime: number,
  modifyTime: number,
  version: small,
  createCount: number,
  aclVersion: small,
  owner: number.map(asSessionId),
  dataLength: small,
  childCount: small,
  kind: fc.constantFrom(...NODE_KINDS),
  ttlMs: number,
  ordinal: small,
  sequence: number,
  incarnation: revision,
});
const text = fc.string({ unit: 'grapheme', maxLength: 60 });
const node = fc.record({ path: text, data: fc.uint8Array({ maxLength: 300 }), stat });
const override: fc.Arbitrary<Override> = fc.record({
  action: fc.constantFrom('drain' as const, 'deregister' as const),
  who: text,
  reason: text,
  until: number,
  revision,
});
const event: fc.Arbitrary<TreeEvent> = fc
  .tuple(node, fc.constantFrom(...EVENT_TYPES), revision, fc.option(override, { nil: undefined }))
  .map(([parts, type, at, over]) => ({
    ...parts,
    type,
    revision: at,
    ordinal: 0,
    cause: 'expiry' as const,
    aclId: 0,
    ...(over !== undefined && { override: over }),
  }));

function same<Name extends keyof Messages>(
  name: Name,
  written: Buffer,
  message: Outgoing<Messages[Name]>,
) {
  expect(full(name, written)).toEqual(full(name, codec(name).encode(message)));
}

describe('messages written by hand', () => {
  it('say what the general encoder says', () => {
    fc.assert(
      fc.property(node, revision, (each, at) => {
        const { path, stat: own } = each;
        const message = statMessage(own);
        const created = { path, stat: message, revision: at };
        same('CreateResponse', messageBytes(writeCreateResponse, each, at), created);
        same('SetResponse', messageBytes(writeSetResponse, own, at), {
          stat: message,
          revision: at,
        });
        same('DeleteResponse', messageBytes(writeDeleteResponse, at), { revision: at });
        const got = { node: nodeMessage(each), revision: at };
        same('GetResponse', messageBytes(writeGetResponse, each, at), got);
        same('GetResponse', messageBytes(writeGetResponse, undefined, at), { revision: at });
      }),
    );
  });

  it('carry events with everything that belongs to them', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), revision, (events, at) => {
        const batch = { revision: at, events };
        const written = messageBytes(writeWatchEvents, batch);
        same('WatchResponse', written, { events: eventsMessage(batch) });
      }),
    );
  });

  it('leave out what has its default', () => {
    expect(messageBytes(writeSetResponse, statFrom(undefined), 0)).toEqual(Buffer.from([0x0a, 0]));
  });
});

describe('stream frames', () => {
  it('carry answers as the general encoder writes them', () => {
    fc.assert(
      fc.property(node, revision, number, (each, at, id) => {
        const frames = new StreamFrames();
        frames.addSet(id, { type: 'set', stat: each.stat }, at);
        frames.addCreated(id, { type: 'created', path: each.path, stat: each.stat }, at);
        frames.addDeleted(id, at);
        frames.addNode(id, each, at);
        const stats = statMessage(each.stat);
        const answers = [
          { set: { stat: stats, revision: at } },
          { create: { path: each.path, stat: stats, revision: at } },
          { delete: { revision: at } },
          { get: { node: nodeMessage(each), revision: at } },
        ];
        const items = answers.map((answer) => ({ response: { id, ...answer } }));
        same('StreamResponse', frames.take()[0]!, { items });
      }),
    );
  });
});

describe('the message writer', () => {
  it('nests messages of every length', () => {
    for (const length of [0, 1, 127, 128, 16_383, 16_384, 3_000_000]) {
      const writer = new MessageWriter();
      const start = writer.begin(0x0a);
      writer.bytes(0x12, Buffer.alloc(length, 7));
      writer.end(start);
      const got = codec('GetResponse').decode(writer.take());
      expect(got.node!.data).toHaveLength(length);
      expect(writer.length).toBe(0);
    }
  });
});
