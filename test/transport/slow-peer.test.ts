/**
 * A peer that stops reading, over a real connection: what waits stays in this member's queue, where a heartbeat
 * goes first, instead of in the connection's buffers.
 */
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { afterEach, expect, it } from 'vitest';
import { encodeHello, PEER_PROTOCOL_VERSION } from '../../src/codec/peer.js';
import { decodeFrame, encodeFrame } from '../../src/transport/frame.js';
import type { LinkCall } from '../../src/transport/grpc/inbound-stream.js';
import { COMMON_OPTIONS, PEER_SERVICE } from '../../src/transport/grpc/service.js';
import { createGrpcTransport } from '../../src/transport/grpc-transport.js';
import { PEER_CHUNK_BYTES, PEER_WINDOW_BYTES } from '../../src/types/limits.js';
import { CLUSTER, forward, heartbeat, memberId, Recorder, until } from '../contract/transport.js';
import { silentLogger } from './support.js';

const WINDOW_FRAMES = PEER_WINDOW_BYTES / PEER_CHUNK_BYTES;
const A = memberId('a');
const B = memberId('b');
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Greets as member b and reads nothing more until told to. */
async function startStallingPeer(): Promise<{ port: number; frames: Buffer[]; read: () => void }> {
  const frames: Buffer[] = [];
  let paused: LinkCall | undefined;
  const server = new Server(COMMON_OPTIONS);
  server.addService(PEER_SERVICE, {
    Link: (call: LinkCall) => {
      call.on('error', () => {});
      call.once('data', () => {
        call.pause();
        paused = call;
        const hello = {
          clusterId: CLUSTER,
          memberId: B,
          name: 'b',
          protocolVersion: PEER_PROTOCOL_VERSION,
        };
        call.write(encodeFrame('hello', [encodeHello(hello)]));
        call.on('data', (frame: Buffer) => {
          // Slow, not dead: without an answer the link would be given up while it is read.
          if (decodeFrame(frame)?.kind === 'ping') call.write(encodeFrame('pong', []));
          else frames.push(frame);
        });
        call.pause();
      });
    },
    FetchCheckpoint: () => {},
    Meet: () => {},
  } as UntypedServiceImplementation);
  cleanups.push(() => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) => {
    const done = (error: Error | null, bound: number) => (error ? reject(error) : resolve(bound));
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), done);
  });
  return { port, frames, read: () => paused!.resume() };
}

it('sends a heartbeat ahead of megabytes that wait for a slow peer', async () => {
  const peer = await startStallingPeer();
  const transport = await createGrpcTransport({
    listen: '127.0.0.1:0',
    self: { id: A, name: 'a' },
    logger: silentLogger,
  });
  cleanups.push(() => transport.close());
  await transport.meet({ initialMembers: [], known: { clusterId: CLUSTER, founders: [] } });
  const recorder = new Recorder();
  transport.setPeers([{ id: B, name: 'b', peerAddress: `127.0.0.1:${peer.port}` }]);
  transport.start(recorder);
  await until(() => expect(recorder.connects).toEqual([B]));
  for (let i = 1; i <= 10; i++) transport.send(B, [forward(i, 1_000_000)]);
  // Long enough for the connection to take all that it is going to take.
  for (let turn = 0; turn < 500; turn++) await new Promise(setImmediate);
  transport.send(B, [heartbeat(A, B)]);
  peer.read();
  const kinds = () => peer.frames.map((frame) => decodeFrame(frame)!.kind);
  await until(() => expect(kinds().filter((kind) => kind === 'lastPiece')).toHaveLength(10));
  // The only whole frame among the pieces is the heartbeat's. Ahead of it: what the peer's own buffers hold (its
  // window and 16 frames that its stream reads ahead) and two pieces for the 64 KiB of this side.
  expect(kinds().indexOf('messages')).toBeLessThanOrEqual(WINDOW_FRAMES + 16 + 2);
});
