/**
 * Calls that are over before they begin: whatever of them still arrives starts nothing, because nobody would
 * ever end it.
 */
import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codec } from '../../../src/rpc/definitions.js';
import { eventually, Harness } from './harness.js';

let harness: Harness;
let session: ClientHttp2Session;
beforeAll(async () => {
  harness = await Harness.start();
  session = connect(`http://${harness.address}`);
  session.on('error', () => {});
});
afterAll(async () => {
  session.destroy();
  await harness.stop();
});

function framed(body: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

function begin(path: string, headers: object = {}) {
  const call = session.request({
    ':path': path,
    ':method': 'POST',
    'content-type': 'application/grpc+proto',
    te: 'trailers',
    ...headers,
  });
  call.on('error', () => {});
  call.resume();
  return call;
}

const CALLS = [
  ['/rollcall.v1.Tree/Watch', framed(codec('WatchRequest').encode({ path: '/' }))],
  ['/rollcall.v1.Catalog/Subscribe', framed(codec('SubscribeRequest').encode({ service: 's' }))],
  [
    '/rollcall.v1.Catalog/Hold',
    framed(codec('HoldRequest').encode({ service: 's', id: 'a', port: 1 })),
  ],
] as const;

const standing = () => {
  const { watches, sessions } = harness.member.service.status();
  return { watches, sessions };
};

/** Long enough for anything that was begun to stand. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 200));

test.each(CALLS)('%s whose deadline is over before its request is whole', async (path, body) => {
  const call = begin(path, { 'grpc-timeout': '20m' });
  call.write(body);
  await once(call, 'end');
  call.end();
  await settled();
  expect(standing()).toEqual({ watches: 0, sessions: 0 });
});

test.each(CALLS)('%s that is reset with its request', async (path, body) => {
  // Fewer than make a mass disconnect, which would keep their sessions for longer.
  for (let i = 0; i < 10; i++) {
    const call = begin(path);
    call.end(body);
    if (i % 2 === 0) call.close(constants.NGHTTP2_CANCEL);
    else setImmediate(() => call.close(constants.NGHTTP2_CANCEL));
  }
  await settled();
  await eventually(() => standing().watches === 0 && standing().sessions === 0);
});
