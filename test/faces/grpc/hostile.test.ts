import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { services } from '../../../src/rpc/definitions.js';
import { eventually, Harness } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  // Node leaves some broken connections open after its GOAWAY; keepalive is what ends those.
  harness = await Harness.start({ keepalive: { everyMs: 300, timeoutMs: 300 } });
});
afterAll(() => harness.stop());
afterEach(async () => {
  const { hasQuorum } = await harness.call(services.Cluster.Status, {});
  expect(hasQuorum).toBe(true);
});

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const SETTINGS = frame(4, 0, 0, Buffer.alloc(0));

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

async function open(): Promise<Socket> {
  const [host, port] = harness.address.split(':');
  const socket = connect(Number(port), host);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Sends, and waits until the member has closed the connection. */
async function sendUntilClosed(...parts: Buffer[]): Promise<void> {
  const socket = await open();
  let isClosed = false;
  socket.on('close', () => {
    isClosed = true;
  });
  socket.resume();
  for (const part of parts) socket.write(part);
  await eventually(() => isClosed);
}

describe('raw bytes on the port', () => {
  it('that are no HTTP/2 end their connection', async () => {
    await sendUntilClosed(Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n'), Buffer.alloc(200, 7));
  });

  it('with frames that break the protocol end their connection', async () => {
    const badHpack = frame(1, 4, 1, Buffer.alloc(64, 0xff));
    await sendUntilClosed(PREFACE, SETTINGS, badHpack);
    const hugeFrame = Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]);
    await sendUntilClosed(PREFACE, SETTINGS, hugeFrame);
    const overflow = Buffer.from([0x7f, 0xff, 0xff, 0xff]);
    const windowUpdate = frame(8, 0, 0, overflow);
    await sendUntilClosed(PREFACE, SETTINGS, windowUpdate, windowUpdate);
  });

  it('with endless continuations of a header end their connection', async () => {
    const continuation = frame(9, 0, 1, Buffer.alloc(16_000, 0x00));
    const flood = Array.from({ length: 200 }, () => continuation);
    await sendUntilClosed(PREFACE, SETTINGS, frame(1, 0, 1, Buffer.alloc(10)), ...flood);
  });

  it('of every random kind harm nobody', async () => {
    const samples = fc.sample(fc.uint8Array({ minLength: 9, maxLength: 400 }), 40);
    for (const bytes of samples) {
      const socket = await open();
      socket.write(PREFACE);
      socket.write(SETTINGS);
      socket.write(bytes);
      socket.end();
    }
  });
});

describe('HTTP/2 that is no proper gRPC', () => {
  let session: ClientHttp2Session;
  afterEach(() => session.destroy());

  function request(headers: Record<string, string> = {}) {
    session = connectHttp2(`http://${harness.address}`);
    session.on('error', () => {});
    return ask(headers);
  }

  function ask(headers: Record<string, string> = {}) {
    const call = session.request({
      ':method': 'POST',
      ':path': '/rollcall.v1.Tree/Get',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    call.on('error', () => {});
    return call;
  }

  async function statusOf(call: ReturnType<typeof request>): Promise<number> {
    const [headers] = await once(call, 'response');
    const early = (headers as Record<string, string>)['grpc-status'];
    if (early !== undefined) return Number(early);
    call.resume();
    const [trailers] = await once(call, 'trailers');
    return Number((trailers as Record<string, string>)['grpc-status']);
  }

  it('is refused by its content type, path or deadline', async () => {
    const [headers] = await once(request({ 'content-type': 'text/plain' }).end(), 'response');
    expect((headers as Record<string, unknown>)[':status']).toBe(415);
    session.destroy();
    const unknown = request({ ':path': '/rollcall.v1.Tree/__proto__' });
    expect(await statusOf(unknown.end())).toBe(status.UNIMPLEMENTED);
    session.destroy();
    expect(await statusOf(request({ 'grpc-timeout': 'soon' }).end())).toBe(status.INTERNAL);
  });

  it('cannot announce more than it may send', async () => {
    const call = request();
    call.write(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]));
    expect(await statusOf(call)).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('may open and reset streams without end, and nothing is left of them', async () => {
    const first = request();
    first.close();
    for (let i = 0; i < 3_000; i++) ask().close();
    expect(harness.member.service.status().watches).toBe(0);
  });
});
