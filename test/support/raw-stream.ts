/** A server stream over plain gRPC whose reader can stop reading, as no well-behaved client does. */
import { Client, type ClientReadableStream, credentials } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import type { Messages } from '../../src/gen/index.js';
import { codec } from '../../src/rpc/definitions.js';

type Name = keyof Messages & string;

export interface StreamCall<Asked extends Name, Answer extends Name> {
  /** As in "/rollcall.v1.Tree/Watch". */
  readonly path: string;
  readonly request: Asked;
  readonly response: Answer;
}

export class RawStream<Asked extends Name, Answer extends Name> {
  readonly #stream: ClientReadableStream<Messages[Answer]>;
  #failure: Error | undefined;

  constructor(address: string, call: StreamCall<Asked, Answer>, message: object) {
    const client = new Client(address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    onTestFinished(() => client.close());
    const answer = codec(call.response);
    this.#stream = client.makeServerStreamRequest(
      call.path,
      (asked: object) => codec(call.request).encode(asked as never) as Buffer,
      (bytes: Buffer) => answer.decode(bytes) as Messages[Answer],
      message,
    );
    this.#stream.on('error', (error) => {
      this.#failure = error;
    });
    onTestFinished(() => this.#stream.cancel());
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Every message from now on; what came while stopped comes first. */
  read(take: (message: Messages[Answer]) => void): void {
    this.#stream.removeAllListeners('data');
    this.#stream.on('data', take);
    this.#stream.resume();
  }

  /** Takes nothing any more: what comes waits here, then in the network, then at the member. */
  stop(): void {
    this.#stream.pause();
  }
}
