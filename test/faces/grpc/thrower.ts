/**
 * What clients send that makes no sense, to a real member, and the name of the error that each gets: "OK" when
 * it was taken, the gRPC status where there is no error of ours.
 */
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { codec, ERROR_TRAILER, services } from '../../../src/rpc/definitions.js';
import type { Method, Outgoing } from '../../../src/rpc/shapes.js';
import { Harness } from './harness.js';

export type Case = readonly [what: string, answer: Promise<string>, want: string];

const same = (bytes: Buffer): Buffer => bytes;

/** For the tests of one file: after each, the member still answers and holds what it held. */
export function useThrower(): Thrower {
  const thrower = new Thrower();
  beforeAll(async () => {
    thrower.harness = await Harness.start();
    await thrower.harness.call(services.Tree.Create, { path: '/kept', data: Buffer.from('kept') });
  });
  afterAll(() => thrower.harness.stop());
  afterEach(async () => {
    const { node } = await thrower.harness.call(services.Tree.Get, { path: '/kept' });
    expect(node?.data.toString()).toBe('kept');
  });
  return thrower;
}

class Thrower {
  /** From the first hook on. */
  harness!: Harness;

  of<Req, Res>(method: Method<Req, Res>, message: Outgoing<Req>): Promise<string> {
    return this.send(method, method.requestSerialize(message));
  }

  raw<Req, Res>(method: Method<Req, Res>, ...parts: Buffer[]): Promise<string> {
    return this.send(method, Buffer.concat(parts));
  }

  send<Req, Res>(
    { path, responseStream }: Method<Req, Res>,
    body: Buffer,
    headers: Record<string, string> = {},
  ): Promise<string> {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const { client } = this.harness;
    const deadline = Date.now() + 5_000;
    return new Promise((resolve) => {
      const answered = (error: ServiceError | null) => resolve(nameOf(error));
      if (!responseStream) {
        client.makeUnaryRequest(path, same, same, body, metadata, { deadline }, answered);
        return;
      }
      const call = client.makeServerStreamRequest(path, same, same, body, metadata);
      call.on('data', () => {
        resolve('OK');
        call.cancel();
      });
      call.on('error', answered);
    });
  }
}

function nameOf(error: ServiceError | null): string {
  if (error === null) return 'OK';
  const [bytes] = error.metadata.get(ERROR_TRAILER);
  return bytes === undefined
    ? status[error.code]
    : codec('ErrorDetail').decode(bytes as Buffer).code;
}

/** A call as no client of grpc-js makes it: one frame with the flag that says "compressed". */
export function compressed(
  session: ClientHttp2Session,
  encoding: string,
  body: Buffer,
): Promise<string> {
  const head = Buffer.from([1, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length, 1);
  const call = session.request({
    ':method': 'POST',
    ':path': services.Tree.Get.path,
    'content-type': 'application/grpc',
    'grpc-encoding': encoding,
    te: 'trailers',
  });
  call.on('error', () => {});
  call.resume();
  call.end(Buffer.concat([head, body]));
  return new Promise((resolve) => {
    const answered = (headers: IncomingHttpHeaders) => {
      const code = headers['grpc-status'];
      if (code !== undefined) resolve(status[Number(code)]!);
    };
    call.on('response', answered);
    call.on('trailers', answered);
  });
}

/** One row of the fault table: every case at once, each by its exact answer. */
export async function expectAnswers(cases: readonly Case[]) {
  const got = await Promise.all(cases.map(async ([what, answer]) => [what, await answer]));
  expect(got).toEqual(cases.map(([what, , want]) => [what, want]));
}
