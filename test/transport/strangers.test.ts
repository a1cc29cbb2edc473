/**
 * Whoever reaches the peer port without being a peer: wrong cluster, wrong version, this very member, or bytes of
 * any kind. Each stream ends with a status that says why, and nothing is delivered.
 */
import { type Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeHello, PEER_PROTOCOL_VERSION } from '../../src/codec/peer.js';
import { encodeFrame } from '../../src/transport/frame.js';
import { parseHostPort } from '../../src/transport/grpc/address.js';
import { dialPeer, PEER_METHODS } from '../../src/transport/grpc/service.js';
import { createGrpcTransport, type GrpcTransport } from '../../src/transport/grpc-transport.js';
import { encodePayloads } from '../../src/transport/send-queue.js';
import { asClusterId } from '../../src/types/ids.js';
import type { PeerHello } from '../../src/types/peer.js';
import { CLUSTER, forward, memberId, Recorder, until } from '../contract/transport.js';
import { silentLogger } from './support.js';

const HELLO: PeerHello = {
  clusterId: CLUSTER,
  memberId: memberId('b'),
  name: 'b',
  protocolVersion: PEER_PROTOCOL_VERSION,
};

let transport: GrpcTransport;
let recorder: Recorder;
let client: Client;

beforeEach(async () => {
  transport = await createGrpcTransport({
    listen: '127.0.0.1:0',
    self: { id: memberId('a'), name: 'a' },
    logger: silentLogger,
  });
  await transport.meet({ initialMembers: [], known: { clusterId: CLUSTER, founders: [] } });
  recorder = new Recorder();
  const place = parseHostPort(transport.address)!;
  client = dialPeer({
    address: transport.address,
    place,
    credentials: credentials.createInsecure(),
  });
});

afterEach(async () => {
  client.close();
  await transport.close();
});

const hello = (change: Partial<PeerHello>): Buffer =>
  encodeFrame('hello', [encodeHello({ ...HELLO, ...change })]);

const messages = (): Buffer => encodeFrame('messages', [encodePayloads([forward(1)])[0]!.bytes]);

/** Sends the frames on a new stream and resolves with how it ends. */
function converse(frames: readonly Uint8Array[]): Promise<ServiceError> {
  const { path, requestSerialize, responseDeserialize } = PEER_METHODS.link;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  call.on('data', () => {});
  for (const frame of frames) call.write(Buffer.from(frame));
  return new Promise((resolve) => call.on('error', resolve));
}

describe('the peer port', () => {
  it.each([
    ['of another cluster', { clusterId: asClusterId('d'.repeat(32)) }, /cluster/],
    ['of no cluster', { clusterId: undefined }, /cluster/],
    ['of another protocol', { protocolVersion: PEER_PROTOCOL_VERSION + 1 }, /protocol/],
    ['with the id of this member', { memberId: memberId('a') }, /own id/],
  ])('refuses a member %s', async (_who, change, reason) => {
    transport.start(recorder);
    const error = await converse([hello(change), messages()]);
    expect(error.code).toBe(status.FAILED_PRECONDITION);
    expect(error.details).toMatch(reason);
    expect(recorder.received).toEqual([]);
    expect(recorder.connects).toEqual([]);
  });

  it('delivers nothing without a hello', async () => {
    transport.start(recorder);
    expect((await converse([messages()])).code).toBe(status.FAILED_PRECONDITION);
    expect(recorder.received).toEqual([]);
  });

  it('is not ready before the start', async () => {
    expect((await converse([hello({}), messages()])).code).toBe(status.UNAVAILABLE);
  });

  it('keeps one stream of a member: the newest', async () => {
    transport.start(recorder);
    const first = converse([hello({})]);
    await until(() => expect(recorder.connects).toHaveLength(1));
    const second = converse([hello({}), messages()]);
    expect((await first).code).toBe(status.ABORTED);
    await until(() => expect(recorder.received).toHaveLength(1));
    void second;
  });

  it('survives bytes of any kind, before and after the hello', async () => {
    transport.start(recorder);
    recorder.receive = () => {};
    const anyFrames = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.boolean(), anyFrames, async (greets, frames) => {
        const bad = [...frames, Uint8Array.of(1)];
        const error = await converse(greets ? [hello({}), ...bad] : bad);
        expect([status.FAILED_PRECONDITION, status.ABORTED]).toContain(error.code);
      }),
      { numRuns: 40 },
    );
    void converse([hello({ memberId: memberId('c') }), messages()]);
    await until(() => expect(recorder.connects).toContain(memberId('c')));
  });

  it('serves no checkpoint to another cluster', async () => {
    transport.start(recorder);
    const { path, requestSerialize, responseDeserialize } = PEER_METHODS.fetchCheckpoint;
    const request = {
      clusterId: 'other',
      memberId: 'x',
      index: 1,
      term: 1,
      afterKey: new Uint8Array(),
    };
    const call = client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
    );
    call.on('data', () => {});
    const error = await new Promise<ServiceError>((resolve) => call.on('error', resolve));
    expect(error.code).toBe(status.FAILED_PRECONDITION);
    expect(recorder.requests).toEqual([]);
  });
});
