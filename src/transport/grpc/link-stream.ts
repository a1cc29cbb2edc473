/**
 * One dial to one peer: a connection of its own, the Link call, the two hellos, then frames. Ends once, with the
 * reason and whether the other side did it. A peer that stays silent past a ping is given up here, which is a
 * close of our own and says nothing about the peer's process.
 */
import type { Client, ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { encodeHello } from '../../codec/peer.js';
import type { MemberId } from '../../types/ids.js';
import type { PeerHello, PeerMessage } from '../../types/peer.js';
import { helloProblem, Inlet } from '../inlet.js';
import { Outlet } from '../outlet.js';
import type { Traffic } from '../traffic.js';
import { type Dial, dialPeer, PEER_METHODS } from './service.js';

export interface StreamEnd {
  readonly reason: string;
  /** The other side closed it, or its process did: reset, end of stream, an error status. */
  readonly byPeer: boolean;
  /** One side refused the other's hello: dialing again soon will not help. */
  readonly refused: boolean;
}

export interface LinkStreamEvents {
  up(): void;
  messages(messages: readonly PeerMessage[]): void;
  /** Once, and last; not after `close`. */
  ended(end: StreamEnd): void;
}

export interface LinkStreamOptions {
  readonly dial: Dial;
  readonly hello: PeerHello;
  readonly peer: MemberId;
  readonly events: LinkStreamEvents;
}

/** From dialing to the peer's hello. */
const HELLO_TIMEOUT_MS = 1_000;
/** Between pings, and for the answer to one. */
const PING_INTERVAL_MS = 1_000;
/** For the last frames to leave, at a close of our own. */
const CLOSE_GRACE_MS = 100;

export class LinkStream {
  readonly outlet: Outlet;
  readonly #options: LinkStreamOptions;
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #inlet: Inlet;
  #isUp = false;
  #ended = false;
  #pingAnswered = true;
  #timer: NodeJS.Timeout;

  constructor(options: LinkStreamOptions) {
    this.#options = options;
    this.#client = dialPeer(options.dial);
    const { path, requestSerialize, responseDeserialize } = PEER_METHODS.link;
    this.#call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.outlet = new Outlet(this.#call);
    this.#inlet = this.#createInlet();
    this.#listen();
    this.outlet.control('hello', encodeHello(options.hello));
    this.#timer = setTimeout(() => this.#giveUp('no hello in time'), HELLO_TIMEOUT_MS);
  }

  get isUp(): boolean {
    return this.#isUp && !this.#ended;
  }

  get traffic(): Traffic {
    return { sent: this.outlet.sentBytes, received: this.#inlet.receivedBytes };
  }

  /** Lets what was written go out, then ends; `ended` is not called. */
  close(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.#stop();
    return new Promise((resolve) => {
      const drop = (): void => {
        clearTimeout(timer);
        this.#drop();
        resolve();
      };
      const timer = setTimeout(drop, CLOSE_GRACE_MS);
      // The server answers the end of this side with its own.
      this.#call.once('status', drop);
      this.#call.end();
    });
  }

  #createInlet(): Inlet {
    return new Inlet({
      hello: (hello) => this.#greet(hello),
      messages: (messages) => this.#options.events.messages(messages),
      ping: () => this.outlet.control('pong'),
      pong: () => {
        this.#pingAnswered = true;
      },
    });
  }

  #listen(): void {
    this.#call.on('data', (bytes: Buffer) => {
      if (this.#ended) return;
      const problem = this.#inlet.take(bytes);
      if (problem !== undefined) this.#end({ reason: problem, byPeer: false, refused: true });
    });
    this.#call.on('error', (error: ServiceError) => {
      const refused = error.code === status.FAILED_PRECONDITION;
      this.#end({ reason: error.details || error.message, byPeer: true, refused });
    });
    this.#call.on('end', () =>
      this.#end({ reason: 'closed by the peer', byPeer: true, refused: false }),
    );
  }

  #greet(hello: PeerHello): string | undefined {
    const { peer, hello: own, events } = this.#options;
    const problem = helloProblem(hello, { own, peer });
    if (problem !== undefined) return problem;
    this.#isUp = true;
    clearTimeout(this.#timer);
    this.#timer = setInterval(() => this.#ping(), PING_INTERVAL_MS);
    events.up();
    return undefined;
  }

  #ping(): void {
    if (this.#pingAnswered) {
      this.#pingAnswered = false;
      this.outlet.control('ping');
      return;
    }
    // After a pause of this process the answer may be waiting in the socket: read it first.
    setImmediate(() => {
      if (!this.#pingAnswered) this.#giveUp('no answer to a ping');
    });
  }

  #giveUp(reason: string): void {
    this.#end({ reason, byPeer: false, refused: false });
  }

  #end(end: StreamEnd): void {
    if (this.#ended) return;
    this.#stop();
    this.#drop();
    this.#options.events.ended(end);
  }

  #stop(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.outlet.close();
  }

  #drop(): void {
    this.#call.cancel();
    this.#client.close();
  }
}
