/**
 * What every transport must do; run against gRPC on loopback and against its twin in memory. Members of a bench
 * are real transports; what reaches them is recorded. Waiting is for facts, never for a length of time.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type {
  CheckpointChunk,
  CheckpointRequest,
  Transport,
  TransportHandler,
} from '../../src/transport/transport.js';
import {
  asClusterId,
  asIndex,
  asMemberId,
  asTerm,
  type ClusterId,
  type MemberId,
} from '../../src/types/ids.js';
import type { ConfiguredMember } from '../../src/types/log.js';
import type { Forward, PeerMessage } from '../../src/types/peer.js';

export const CLUSTER = asClusterId('c'.repeat(32));
export const memberId = (name: string): MemberId => asMemberId(name.repeat(16).slice(0, 16));

/** Opens a transport for a process of that member; a name that ran before listens at its old address. */
export type OpenTransport = (name: string, cluster: ClusterId) => Promise<Transport>;

export interface TransportsUnderTest {
  readonly open: OpenTransport;
  /** As the peers see the sudden end of the process. */
  readonly kill: (transport: Transport) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export class Recorder implements TransportHandler {
  readonly received: { from: MemberId; message: PeerMessage }[] = [];
  readonly connects: MemberId[] = [];
  readonly downs: MemberId[] = [];
  readonly requests: CheckpointRequest[] = [];
  chunks: () => AsyncIterable<CheckpointChunk> = async function* () {};

  receive(from: MemberId, messages: readonly PeerMessage[]): void {
    for (const message of messages) this.received.push({ from, message });
  }
  connected(peer: MemberId): void {
    this.connects.push(peer);
  }
  peerDown(peer: MemberId): void {
    this.downs.push(peer);
  }
  serveCheckpoint(request: CheckpointRequest): AsyncIterable<CheckpointChunk> {
    this.requests.push(request);
    return this.chunks();
  }
}

export interface Member {
  readonly name: string;
  readonly id: MemberId;
  readonly transport: Transport;
  readonly recorder: Recorder;
  readonly configured: ConfiguredMember;
}

export function forward(first: number, size = 10): Forward {
  const bytes = new Uint8Array(size).fill(first % 251);
  return {
    type: 'forward',
    boot: 1,
    first,
    batch: { count: 1, offsets: Uint32Array.of(0, size), bytes },
  };
}

export function heartbeat(from: MemberId, to: MemberId, round = 1): PeerMessage {
  return {
    type: 'raft',
    message: {
      type: 'heartbeat',
      from,
      to,
      term: asTerm(1),
      commitIndex: asIndex(0),
      round,
    },
  };
}

export const until = (fact: () => void): Promise<void> =>
  vi.waitFor(fact, { timeout: 4_000, interval: 2 });

export async function startMember(
  made: TransportsUnderTest,
  name: string,
  cluster = CLUSTER,
): Promise<Member> {
  const transport = await made.open(name, cluster);
  const id = memberId(name);
  const recorder = new Recorder();
  return {
    name,
    id,
    transport,
    recorder,
    configured: { id, name, peerAddress: transport.address },
  };
}

/** All start and are linked with each other in both directions. */
export async function link(members: readonly Member[]): Promise<void> {
  for (const member of members) {
    member.transport.setPeers(members.map((other) => other.configured));
    member.transport.start(member.recorder);
  }
  await until(() => {
    for (const member of members) {
      const others = members.filter((other) => other !== member).map((other) => other.id);
      expect([...member.recorder.connects].sort()).toEqual(others.sort());
    }
  });
}

async function* rows(count: number): AsyncGenerator<CheckpointChunk> {
  for (let i = 0; i < count; i++) {
    const done = i === count - 1;
    const chunk = { rows: Uint8Array.of(i, i), done };
    yield i === 0 ? { meta: Uint8Array.of(7), ...chunk } : chunk;
  }
}

async function collect(source: AsyncIterable<CheckpointChunk>): Promise<CheckpointChunk[]> {
  const chunks: CheckpointChunk[] = [];
  for await (const { meta, rows, done } of source) {
    chunks.push(meta === undefined ? { rows, done } : { meta, rows, done });
  }
  return chunks;
}

const REQUEST: CheckpointRequest = { index: asIndex(9), term: asTerm(2), afterKey: undefined };

export function describeTransport(name: string, create: () => Promise<TransportsUnderTest>): void {
  describe(`${name} keeps the contract of a transport`, () => {
    let made: TransportsUnderTest;
    let a: Member;
    let b: Member;
    beforeEach(async () => {
      made = await create();
      a = await startMember(made, 'a');
      b = await startMember(made, 'b');
    });
    afterEach(() => made.dispose());

    const numbersAt = (member: Member): number[] =>
      member.recorder.received.flatMap(({ message }) =>
        message.type === 'forward' ? [message.first] : [],
      );

    it('carries messages both ways and says from whom they are', async () => {
      await link([a, b]);
      a.transport.send(b.id, [heartbeat(a.id, b.id), forward(1)]);
      b.transport.send(a.id, [forward(2)]);
      await until(() => {
        expect(b.recorder.received).toHaveLength(2);
        expect(a.recorder.received).toHaveLength(1);
      });
      expect(b.recorder.received).toContainEqual({ from: a.id, message: forward(1) });
      expect(b.recorder.received).toContainEqual({
        from: a.id,
        message: heartbeat(a.id, b.id),
      });
      expect(a.recorder.received[0]).toEqual({ from: b.id, message: forward(2) });
    });

    it('keeps forwards in order, whatever their sizes', async () => {
      await link([a, b]);
      const sizes = [10, 200_000, 1, 40_000, 32_768, 0, 1_500_000, 3];
      const count = 100;
      for (let i = 1; i <= count; i++) {
        const size = i % 10 === 0 ? sizes[(i / 10) % sizes.length]! : i;
        a.transport.send(b.id, [forward(i, size)]);
      }
      await until(() => expect(numbersAt(b)).toHaveLength(count));
      expect(numbersAt(b)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
      const sixtieth = b.recorder.received[59]!.message as Forward;
      expect(sixtieth.batch.bytes.length).toBe(1_500_000);
      expect(sixtieth.batch.bytes.every((byte) => byte === 60)).toBe(true);
    });

    it('can send as soon as it says connected', async () => {
      a.recorder.connected = (peer) => a.transport.send(peer, [forward(5)]);
      a.transport.setPeers([b.configured]);
      b.transport.setPeers([a.configured]);
      b.transport.start(b.recorder);
      a.transport.start(a.recorder);
      await until(() => expect(numbersAt(b)).toEqual([5]));
    });

    it('drops what is for nobody, and for a peer that is not there', async () => {
      await link([a, b]);
      a.transport.send(memberId('x'), [forward(1)]);
      await made.kill(b.transport);
      await until(() => expect(a.recorder.downs).toEqual([b.id]));
      a.transport.send(b.id, [forward(1)]);
    });

    it('drops a message that is longer than a frame, and goes on', async () => {
      await link([a, b]);
      a.transport.send(b.id, [forward(1, 5 * 1024 * 1024)]);
      a.transport.send(b.id, [forward(2)]);
      await until(() => expect(numbersAt(b)).toEqual([2]));
    });

    it('delivers no Raft message that is not from that peer for this member', async () => {
      await link([a, b]);
      a.transport.send(b.id, [heartbeat(memberId('z'), b.id), heartbeat(a.id, memberId('z'))]);
      a.transport.send(b.id, [heartbeat(a.id, b.id, 77)]);
      await until(() => expect(b.recorder.received).toHaveLength(1));
      expect(b.recorder.received[0]!.message).toEqual(heartbeat(a.id, b.id, 77));
    });

    it('tells everyone once that a peer went down', async () => {
      const c = await startMember(made, 'c');
      await link([a, b, c]);
      await made.kill(b.transport);
      await until(() => {
        expect(a.recorder.downs).toEqual([b.id]);
        expect(c.recorder.downs).toEqual([b.id]);
      });
      a.transport.send(c.id, [forward(1)]);
      c.transport.send(a.id, [forward(2)]);
      await until(() => expect([...numbersAt(c), ...numbersAt(a)]).toEqual([1, 2]));
      expect(a.recorder.downs).toEqual([b.id]);
      expect(c.recorder.downs).toEqual([b.id]);
    });

    it('links again with a peer that comes back, and tells of its next end', async () => {
      await link([a, b]);
      await made.kill(b.transport);
      await until(() => expect(a.recorder.downs).toEqual([b.id]));
      const again = await startMember(made, 'b');
      again.transport.setPeers([a.configured]);
      again.transport.start(again.recorder);
      await until(() => expect(a.recorder.connects).toEqual([b.id, b.id]));
      await until(() => expect(again.recorder.connects).toEqual([a.id]));
      a.transport.send(b.id, [forward(8)]);
      await until(() => expect(numbersAt(again)).toEqual([8]));
      await made.kill(again.transport);
      await until(() => expect(a.recorder.downs).toEqual([b.id, b.id]));
    });

    it('does not take its own closing, or dropping a peer, for the end of that peer', async () => {
      const c = await startMember(made, 'c');
      await link([a, b, c]);
      a.transport.setPeers([c.configured]);
      await b.transport.close();
      // c tells when the end of b has been seen; a, which let go of b, has then had its chance.
      await until(() => expect(c.recorder.downs).toEqual([b.id]));
      a.transport.send(c.id, [forward(1)]);
      await until(() => expect(numbersAt(c)).toEqual([1]));
      expect(a.recorder.downs).toEqual([]);
      expect(b.recorder.downs).toEqual([]);
    });

    it('receives nothing after it was closed', async () => {
      await link([a, b]);
      await b.transport.close();
      const before = b.recorder.received.length;
      a.transport.send(b.id, [forward(1)]);
      await until(() => expect(a.recorder.downs).toEqual([b.id]));
      expect(b.recorder.received).toHaveLength(before);
      expect(b.recorder.downs).toEqual([]);
    });

    it('links a peer that is added later, and again after it was dropped', async () => {
      const c = await startMember(made, 'c');
      await link([a, b]);
      c.transport.setPeers([a.configured, b.configured]);
      c.transport.start(c.recorder);
      a.transport.setPeers([b.configured, c.configured]);
      await until(() => expect(a.recorder.connects).toContain(c.id));
      a.transport.send(c.id, [forward(1)]);
      await until(() => expect(numbersAt(c)).toEqual([1]));
    });

    it('answers a peer that it does not know yet', async () => {
      a.transport.setPeers([b.configured]);
      a.transport.start(a.recorder);
      b.transport.start(b.recorder);
      await until(() => expect(b.recorder.connects).toEqual([a.id]));
      b.transport.send(a.id, [forward(3)]);
      await until(() => expect(numbersAt(a)).toEqual([3]));
    });

    it('does not talk to a member of another cluster', async () => {
      const stranger = await startMember(made, 's', asClusterId('d'.repeat(32)));
      stranger.transport.setPeers([a.configured, b.configured]);
      stranger.transport.start(stranger.recorder);
      a.transport.setPeers([stranger.configured, b.configured]);
      b.transport.setPeers([a.configured]);
      a.transport.start(a.recorder);
      b.transport.start(b.recorder);
      await until(() => expect(a.recorder.connects).toEqual([b.id]));
      stranger.transport.send(a.id, [forward(1)]);
      a.transport.send(stranger.id, [forward(1)]);
      a.transport.send(b.id, [forward(2)]);
      await until(() => expect(numbersAt(b)).toEqual([2]));
      expect(a.recorder.received).toEqual([]);
      expect(stranger.recorder.received).toEqual([]);
      expect(stranger.recorder.connects).toEqual([]);
    });

    describe('transfer of a checkpoint', () => {
      it('hands over every chunk in order', async () => {
        await link([a, b]);
        b.recorder.chunks = () => rows(20);
        const chunks = await collect(a.transport.fetchCheckpoint(b.id, REQUEST));
        expect(chunks).toHaveLength(20);
        expect(chunks[0]).toEqual({
          meta: Uint8Array.of(7),
          rows: Uint8Array.of(0, 0),
          done: false,
        });
        expect(chunks.map((chunk) => chunk.rows[0])).toEqual(
          Array.from({ length: 20 }, (_, i) => i),
        );
        expect(chunks.at(-1)!.done).toBe(true);
      });

      it('asks for what the request says, with the key to go on from', async () => {
        await link([a, b]);
        b.recorder.chunks = () => rows(1);
        const request = { ...REQUEST, afterKey: Uint8Array.of(1, 2, 3) };
        await collect(a.transport.fetchCheckpoint(b.id, REQUEST));
        await collect(a.transport.fetchCheckpoint(b.id, request));
        expect(b.recorder.requests).toHaveLength(2);
        expect(b.recorder.requests[0]).toEqual(REQUEST);
        expect(b.recorder.requests[1]!.index).toBe(9);
        expect(b.recorder.requests[1]!.afterKey).toEqual(request.afterKey);
      });

      it('breaks with UNAVAILABLE when the source fails, ends early, or is not there', async () => {
        await link([a, b]);
        const unavailable = { code: 'UNAVAILABLE' };
        b.recorder.chunks = async function* () {
          yield { rows: Uint8Array.of(1), done: false };
          throw new Error('disk on fire');
        };
        const failing = collect(a.transport.fetchCheckpoint(b.id, REQUEST));
        await expect(failing).rejects.toMatchObject(unavailable);
        b.recorder.chunks = async function* () {
          yield { rows: Uint8Array.of(1), done: false };
        };
        const short = collect(a.transport.fetchCheckpoint(b.id, REQUEST));
        await expect(short).rejects.toMatchObject(unavailable);
        const nobody = collect(a.transport.fetchCheckpoint(memberId('x'), REQUEST));
        await expect(nobody).rejects.toMatchObject(unavailable);
      });

      it('stops the source when the receiver has had enough', async () => {
        await link([a, b]);
        let stopped = false;
        b.recorder.chunks = async function* () {
          try {
            for (let i = 0; ; i++) yield { rows: new Uint8Array(50_000).fill(i), done: false };
          } finally {
            stopped = true;
          }
        };
        for await (const chunk of a.transport.fetchCheckpoint(b.id, REQUEST)) {
          if (chunk.rows[0] === 3) break;
        }
        await until(() => expect(stopped).toBe(true));
      });
    });
  });
}
