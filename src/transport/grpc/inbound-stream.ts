/**
 * One stream that a peer opened to this member: its hello is checked and answered, its messages delivered. A
 * stream that breaks the rules ends with a status that says why.
 */
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { encodeHello } from '../../codec/peer.js';
import type { MemberId } from '../../types/ids.js';
import type { PeerHello, PeerMessage } from '../../types/peer.js';
import type { Logger } from '../../types/ports.js';
import { helloProblem, Inlet } from '../inlet.js';
import { Outlet } from '../outlet.js';
import type { Traffic } from '../traffic.js';

export type LinkCall = ServerDuplexStream<Buffer, Buffer>;

export interface InboundEvents {
  /** The hello was accepted and answered. */
  greeted(stream: InboundStream, peer: MemberId): void;
  messages(from: MemberId, messages: readonly PeerMessage[]): void;
  /** Once, and last. */
  ended(stream: InboundStream): void;
}

export interface InboundOptions {
  readonly call: LinkCall;
  readonly hello: PeerHello;
  readonly events: InboundEvents;
  readonly logger: Logger;
}

/** From the opening of the stream to the peer's hello. */
const HELLO_TIMEOUT_MS = 2_000;

export class InboundStream {
  readonly outlet: Outlet;
  readonly #options: InboundOptions;
  readonly #inlet: Inlet;
  #peer: MemberId | undefined;
  #ended = false;
  readonly #timer: NodeJS.Timeout;

  constructor(options: InboundOptions) {
    this.#options = options;
    this.outlet = new Outlet(options.call);
    this.#inlet = this.#createInlet();
    this.#timer = setTimeout(
      () => this.end(status.DEADLINE_EXCEEDED, 'no hello in time'),
      HELLO_TIMEOUT_MS,
    );
    this.#listen();
  }

  get peer(): MemberId | undefined {
    return this.#peer;
  }

  get traffic(): Traffic {
    return { sent: this.outlet.sentBytes, received: this.#inlet.receivedBytes };
  }

  /** Ends the stream from this side. */
  end(code: status, details: string): void {
    if (this.#ended) return;
    this.#stop();
    this.#options.call.emit('error', { code, details });
  }

  #createInlet(): Inlet {
    const { events } = this.#options;
    return new Inlet({
      hello: (hello) => this.#greet(hello),
      messages: (messages) => events.messages(this.#peer!, messages),
      ping: () => this.outlet.control('pong'),
      pong: () => {},
    });
  }

  #listen(): void {
    const { call } = this.#options;
    call.on('data', (bytes: Buffer) => {
      if (this.#ended) return;
      const problem = this.#inlet.take(bytes);
      if (problem !== undefined) this.#refuse(problem);
    });
    call.on('end', () => {
      this.#stop();
      call.end();
    });
    call.on('cancelled', () => this.#stop());
    // A status of our own also passes here; whatever else it is, the stream is over.
    call.on('error', () => this.#stop());
  }

  #greet(hello: PeerHello): string | undefined {
    const { hello: own, events } = this.#options;
    const problem = helloProblem(hello, { own });
    if (problem !== undefined) return problem;
    clearTimeout(this.#timer);
    this.#peer = hello.memberId;
    this.outlet.control('hello', encodeHello(own));
    events.greeted(this, hello.memberId);
    return undefined;
  }

  #refuse(problem: string): void {
    const fields = { peer: this.#peer ?? this.#options.call.getPeer(), problem };
    this.#options.logger.error(fields, 'refused the stream of a peer');
    this.end(status.FAILED_PRECONDITION, problem);
  }

  #stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.outlet.close();
    this.#options.events.ended(this);
  }
}
