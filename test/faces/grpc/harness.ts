/** One real member with its gRPC door on loopback, and callers for it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { type GrpcFaceOptions, grpcFace } from '../../../src/faces/grpc/server.js';
import type { ErrorDetail, StreamItem, StreamRequest } from '../../../src/gen/index.js';
import { codec, ERROR_TRAILER, services } from '../../../src/rpc/definitions.js';
import type { Method, Outgoing } from '../../../src/rpc/shapes.js';
import { type RunningMember, startMember } from '../../../src/server/main.js';

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export class Harness {
  readonly member: RunningMember;
  readonly address: string;
  readonly client: Client;
  readonly #directory: string;

  private constructor(member: RunningMember, directory: string) {
    this.member = member;
    this.address = member.faces[0]!.address;
    this.client = new Client(this.address, credentials.createInsecure());
    this.#directory = directory;
  }

  static async start(
    options: Partial<GrpcFaceOptions> & { readonly maxConnections?: number } = {},
  ): Promise<Harness> {
    const directory = await mkdtemp(join(tmpdir(), 'rollcall-grpc-'));
    const member = await startMember({
      name: 'a',
      dataDir: directory,
      initialMembers: [{ name: 'a', peerAddress: '127.0.0.1:1' }],
      peerListen: '127.0.0.1:0',
      clientAddress: '127.0.0.1:2',
      httpAddress: '127.0.0.1:3',
      logger: SILENT,
      faces: [grpcFace({ listen: '127.0.0.1:0', ...options })],
      ...(options.maxConnections === undefined ? {} : { maxConnections: options.maxConnections }),
    });
    const harness = new Harness(member, directory);
    await eventually(() => harness.member.service.status().hasQuorum);
    return harness;
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.member.close();
    await rm(this.#directory, { recursive: true });
  }

  call<Req, Res>(method: Method<Req, Res>, message: Buffer | Outgoing<Req>): Promise<Res> {
    const { path, requestSerialize, responseDeserialize } = method;
    const options = { deadline: Date.now() + 5_000 };
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        new Metadata(),
        options,
        (error, value) => (error ? reject(failureOf(error)) : resolve(value!)),
      );
    });
  }

  /** A server-streaming call as a queue. */
  follow<Req, Res>(method: Method<Req, Res>, message: Outgoing<Req>): Incoming<Res> {
    const { path, requestSerialize, responseDeserialize } = method;
    const call = this.client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      message,
    );
    return new Incoming(call as never);
  }

  stream(client = this.client): Talk {
    const { path, requestSerialize, responseDeserialize } = services.Sessions.Stream;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    return new Talk(call as never);
  }
}

export interface CallFailure {
  readonly code: number;
  readonly details: string;
  readonly detail: ErrorDetail | undefined;
}

function failureOf(error: ServiceError): CallFailure {
  const [bytes] = error.metadata.get(ERROR_TRAILER);
  const detail = bytes === undefined ? undefined : codec('ErrorDetail').decode(bytes as Buffer);
  return { code: error.code, details: error.details, detail };
}

interface Readable {
  on(event: 'data', take: (message: never) => void): unknown;
  on(event: 'error', take: (error: ServiceError) => void): unknown;
  on(event: 'end', take: () => void): unknown;
  cancel(): void;
  pause(): unknown;
  resume(): unknown;
}

export class Incoming<Message> {
  readonly received: Message[] = [];
  failure: CallFailure | undefined;
  isEnded = false;
  readonly #call: Readable;
  #wake: () => void = () => {};

  constructor(call: Readable) {
    this.#call = call;
    call.on('data', (message) => {
      this.received.push(message);
      this.#wake();
    });
    call.on('error', (error) => {
      this.failure = failureOf(error);
      this.#wake();
    });
    call.on('end', () => {
      this.isEnded = true;
      this.#wake();
    });
  }

  /** Takes the first message that fits, dropping those before it. */
  async next(fits: (message: Message) => boolean = () => true): Promise<Message> {
    for (;;) {
      while (this.received.length > 0) {
        const message = this.received.shift()!;
        if (fits(message)) return message;
      }
      if (this.failure !== undefined) throw this.failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Reads nothing more until `resume`: a slow client. */
  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  async end(): Promise<CallFailure | undefined> {
    await eventually(() => this.isEnded || this.failure !== undefined);
    return this.failure;
  }

  cancel(): void {
    this.#call.cancel();
  }
}

interface DuplexCall extends Readable {
  write(message: Buffer | Outgoing<StreamRequest>): boolean;
  end(): void;
}

/** A session stream: items one by one. */
export class Talk {
  readonly items: Incoming<StreamItem>;
  readonly #call: DuplexCall;

  constructor(call: DuplexCall) {
    this.#call = call;
    this.items = new Incoming(call);
    const { received } = this.items;
    const push = received.push.bind(received);
    received.push = (...frames) => {
      const flat = frames.flatMap((frame) => (frame as unknown as { items: StreamItem[] }).items);
      return push(...flat);
    };
  }

  send(message: Buffer | Outgoing<StreamRequest>): void {
    this.#call.write(message);
  }

  async response(id: number) {
    const item = await this.items.next((each) => each.response?.id === id);
    return item.response!;
  }

  end(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }
}

export async function eventually(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error('it did not come true within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
