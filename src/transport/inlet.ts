/**
 * Reads the frames of one stream: the hello first, then messages. Anything that is not a frame, a message or in
 * its place ends the stream with a reason; nothing of a stream is delivered before its hello was accepted.
 */
import { decodeHello, decodePeerMessages } from '../codec/peer.js';
import type { MemberId } from '../types/ids.js';
import type { PeerHello, PeerMessage } from '../types/peer.js';
import { decodeFrame, type Frame, PieceJoiner } from './frame.js';

export interface InletHandler {
  /** A reason to refuse the peer, or undefined to go on. */
  hello(hello: PeerHello): string | undefined;
  messages(messages: readonly PeerMessage[]): void;
  ping(): void;
  pong(): void;
}

export class Inlet {
  readonly #handler: InletHandler;
  readonly #joiner = new PieceJoiner();
  #greeted = false;
  receivedBytes = 0;

  constructor(handler: InletHandler) {
    this.#handler = handler;
  }

  /** Why the stream must end, or undefined. */
  take(bytes: Uint8Array): string | undefined {
    this.receivedBytes += bytes.length;
    // A Buffer's `slice` is a view: what is handed on must copy when it is told to.
    const frame = decodeFrame(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
    if (frame === undefined) return 'not a frame, or damaged on the way';
    if (this.#greeted !== (frame.kind !== 'hello')) return 'hello must come first, and once';
    switch (frame.kind) {
      case 'hello':
        return this.#takeHello(frame.payload);
      case 'messages':
        return this.#takeMessages(frame.payload);
      case 'piece':
      case 'lastPiece':
        return this.#takePiece(frame);
      case 'ping':
        this.#handler.ping();
        return undefined;
      default:
        this.#handler.pong();
        return undefined;
    }
  }

  #takeHello(payload: Uint8Array): string | undefined {
    const hello = decodeHello(payload);
    if (hello === undefined) return 'hello cannot be read';
    this.#greeted = true;
    return this.#handler.hello(hello);
  }

  #takePiece(frame: Frame): string | undefined {
    const whole = this.#joiner.push(frame.payload, frame.kind === 'lastPiece');
    if (whole === 'tooLong') return 'message too long';
    return whole === undefined ? undefined : this.#takeMessages(whole);
  }

  #takeMessages(payload: Uint8Array): string | undefined {
    const messages = decodePeerMessages(payload);
    if (messages === undefined) return 'messages cannot be read';
    this.#handler.messages(messages);
    return undefined;
  }
}

export interface Expected {
  readonly own: PeerHello;
  /** Who was dialed; unset when the other side dialed. */
  readonly peer?: MemberId;
}

/** Why two members may not talk, or undefined when they may. */
export function helloProblem(hello: PeerHello, expected: Expected): string | undefined {
  const { own, peer } = expected;
  if (hello.protocolVersion !== own.protocolVersion) {
    return `peer protocol ${hello.protocolVersion}, here ${own.protocolVersion}`;
  }
  if (hello.clusterId === undefined || hello.clusterId !== own.clusterId) {
    return `member of cluster ${hello.clusterId ?? '(none)'}, here ${own.clusterId ?? '(none)'}`;
  }
  if (hello.memberId === own.memberId) return 'a member met its own id';
  if (peer !== undefined && hello.memberId !== peer) {
    return `member ${hello.memberId} (${hello.name}) answers where ${peer} was expected`;
  }
  return undefined;
}

/** Raft messages that do not come from that peer for this member are not delivered. */
export function keepAddressed(
  messages: readonly PeerMessage[],
  from: MemberId,
  to: MemberId,
): readonly PeerMessage[] {
  const isAddressed = (m: PeerMessage) =>
    m.type !== 'raft' || (m.message.from === from && m.message.to === to);
  return messages.every(isAddressed) ? messages : messages.filter(isAddressed);
}
