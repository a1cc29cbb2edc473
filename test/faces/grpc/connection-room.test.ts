/**
 * Goal: a client that opens many streams on one connection and reads none of them costs a member one bound,
 * not one for each stream; and once it reads, every stream goes on.
 */
import { EventEmitter } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Outlet } from '../../../src/faces/grpc/outlet.js';
import { codec, services } from '../../../src/rpc/definitions.js';
import {
  ATTACHMENT_UNSENT_BYTES_MAX,
  CONNECTION_UNSENT_BYTES_MAX,
} from '../../../src/types/limits.js';
import { eventually, Harness } from './harness.js';

class HeldCall extends EventEmitter {
  readonly call: object;
  written = 0;
  #untaken: (() => void)[] = [];

  constructor(session: object) {
    super();
    this.call = { stream: { session } };
  }

  write({ length }: Buffer, taken: () => void): boolean {
    this.written += length;
    this.#untaken.push(taken);
    return false;
  }

  take(): void {
    for (const taken of this.#untaken.splice(0)) taken();
  }

  end(): void {}
}

const PIECE = Buffer.alloc(ATTACHMENT_UNSENT_BYTES_MAX / 4);

/** Writes as much as it may, and again whenever it is told. */
function writer(session: object) {
  const call = new HeldCall(session);
  const write = () => {
    while (outlet.hasRoom() && call.written < 8 * ATTACHMENT_UNSENT_BYTES_MAX) outlet.write(PIECE);
  };
  const outlet = new Outlet(call, write);
  return { call, write };
}

const total = (all: readonly { call: HeldCall }[]) =>
  all.reduce((sum, { call }) => sum + call.written, 0);

test('streams of one connection share what it may owe, and all go on when it is taken', () => {
  const session = {};
  const all = Array.from({ length: 100 }, () => writer(session));
  for (const { write } of all) write();
  expect(total(all)).toBeLessThanOrEqual(CONNECTION_UNSENT_BYTES_MAX + PIECE.length);
  const other = writer({});
  other.write();
  expect(other.call.written).toBeGreaterThan(ATTACHMENT_UNSENT_BYTES_MAX);
  for (let round = 0; round < 100; round++) for (const { call } of all) call.take();
  expect(total(all)).toBe(100 * 8 * ATTACHMENT_UNSENT_BYTES_MAX);
});

test('what a closed stream owed is free for the others', () => {
  const session = {};
  const all = Array.from({ length: 40 }, () => writer(session));
  for (const { write } of all) write();
  const hungry = all.find(({ call }) => call.written === 0)!;
  for (const { call } of all) if (call.written > 0) call.emit('close');
  expect(hungry.call.written).toBeGreaterThan(0);
});

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

function watch(path: string) {
  const body = codec('WatchRequest').encode({ path });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  const headers = { 'content-type': 'application/grpc+proto', te: 'trailers' };
  const call = session.request({
    ':path': '/rollcall.v1.Tree/Watch',
    ':method': 'POST',
    ...headers,
  });
  call.on('error', () => {});
  call.end(Buffer.concat([head, body]));
  return call;
}

test('a crowd of unread watches on one connection is told everything once it reads', async () => {
  await harness.call(services.Tree.Create, { path: '/large' });
  const calls = Array.from({ length: 60 }, () => watch('/large'));
  await eventually(() => harness.member.service.status().watches === 60);
  const last = Buffer.alloc(300_000, 'z');
  for (const fill of ['x', 'y'])
    await harness.call(services.Tree.Set, { path: '/large', data: Buffer.alloc(300_000, fill) });
  await harness.call(services.Tree.Set, { path: '/large', data: last });
  let whole = 0;
  const end = last.subarray(0, 1_000);
  for (const call of calls) {
    let isWhole = false;
    call.on('data', (bytes: Buffer) => {
      if (!isWhole && bytes.includes(end)) whole++;
      isWhole ||= bytes.includes(end);
    });
  }
  await eventually(() => whole === 60);
});
