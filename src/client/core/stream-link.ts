/**
 * The stream of one connection, wherever it leads: opens it on the links' channel, tells a silent member
 * from a quiet one, and says when it is gone. What goes over it is not its concern.
 */
import type * as wire from '../../gen/index.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { RollcallError } from '../../types/errors.js';
import type { Channel, ChannelStream } from './channel.js';
import { type Links, lost } from './links.js';
import { SILENCE_MS_MAX, Silence } from './silence.js';
import type { Time } from './time.js';

/** A member is left for its leader's sake at most this often: the others may be no better off. */
const LEADERLESS_LEAVE_MS = 3_000;

export interface StreamOwner {
  /** Anything at all, before the items of a frame. */
  heard(): void;
  response(response: wire.OperationResponse): void;
  watch(id: number, response: wire.WatchResponse): void;
  touched(number: number): void;
  /** A leader is confirmed, and everything up to the revision was delivered. */
  confirmed(revision: number): void;
  stale(ageMs: number): void;
  /** The session has. */
  ended(cause: string): void;
  frameDone(): void;
  drained(): void;
  /** One side could not take what the other sent on it; `left` follows. */
  garbled(error: RollcallError): void;
  /** The member was left: nothing that was sent will be answered. */
  left(): void;
}

interface Open {
  readonly channel: Channel;
  readonly stream: ChannelStream;
  readonly silence: Silence;
  wasConnected: boolean;
  wasHeard: boolean;
  isBlocked: boolean;
}

export class StreamLink {
  readonly #links: Links;
  readonly #time: Time;
  readonly #owner: StreamOwner;
  readonly #forget: () => void;
  #open: Open | undefined;
  #leaderlessAtMs = Number.NEGATIVE_INFINITY;

  constructor(links: Links, time: Time, owner: StreamOwner) {
    this.#links = links;
    this.#time = time;
    this.#owner = owner;
    this.#forget = links.onLeave((channel) => this.#onLeft(channel));
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** A member has spoken on it. */
  get wasHeard(): boolean {
    return this.#open?.wasHeard === true;
  }

  get canSend(): boolean {
    return this.#open?.isBlocked === false;
  }

  get endpoint(): string | undefined {
    return this.#open?.channel.endpoint;
  }

  /** 0 when it is open, otherwise how long to wait before trying again. */
  connect(nowMs: number): number {
    if (this.#open !== undefined) return 0;
    const channel = this.#links.current();
    if (typeof channel === 'number') return channel;
    const stream = channel.open({
      frame: (frame) => this.#onFrame(open, frame),
      drained: () => {
        open.isBlocked = false;
        this.#owner.drained();
      },
      ended: (error) => {
        if (error.code === 'PROTOCOL' && open === this.#open) this.#owner.garbled(error);
        this.#links.leave(channel, error);
      },
    });
    const silence = new Silence(nowMs);
    const wasConnected = channel.isConnected;
    const open: Open = {
      channel,
      stream,
      silence,
      wasConnected,
      wasHeard: false,
      isBlocked: false,
    };
    this.#open = open;
    return 0;
  }

  send(frame: Outgoing<wire.StreamRequest>): void {
    const open = this.#open;
    if (open !== undefined) open.isBlocked = !open.stream.send(frame);
  }

  /** Nothing was awaited until now. */
  beginSilence(nowMs: number): void {
    this.#open?.silence.begin(nowMs);
  }

  /** Leaves a member that owes an answer and says nothing. */
  checkSilence(nowMs: number, isAwaiting: boolean): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#noteConnected(open, nowMs);
    open.silence.check(nowMs, isAwaiting);
    const limitMs = open.channel.isConnected ? SILENCE_MS_MAX : this.#links.connectMsMax;
    if (open.silence.quietMs < limitMs) return;
    const { endpoint } = open.channel;
    this.#links.leave(open.channel, lost(endpoint, `${endpoint} has fallen silent`));
  }

  /** What connecting took is not held against the member: in a rush it takes all of them long. */
  #noteConnected(open: Open, nowMs: number): void {
    if (open.wasConnected || !open.channel.isConnected) return;
    open.wasConnected = true;
    open.silence.begin(nowMs);
  }

  /** Another member may still be in touch with the leader. */
  leaveLeaderless(why: string | RollcallError): void {
    const open = this.#open;
    const nowMs = this.#time.nowMs();
    if (open === undefined || !this.#links.hasWarm) return;
    if (nowMs - this.#leaderlessAtMs < LEADERLESS_LEAVE_MS) return;
    this.#leaderlessAtMs = nowMs;
    const { channel } = open;
    this.#links.leave(channel, typeof why === 'string' ? lost(channel.endpoint, why) : why);
  }

  /** Ends the stream; the connection to the member stays. */
  drop(): void {
    this.#open?.stream.close();
    this.#open = undefined;
  }

  close(): void {
    this.drop();
    this.#forget();
  }

  #onFrame(open: Open, frame: wire.StreamResponse): void {
    if (open !== this.#open) return;
    open.silence.heard();
    this.#owner.heard();
    if (!open.wasHeard) {
      open.wasHeard = true;
      this.#links.heard(open.channel);
    }
    for (const item of frame.items) {
      dispatch(item, this.#owner);
      if (open !== this.#open) return;
    }
    this.#owner.frameDone();
  }

  #onLeft(channel: Channel): void {
    if (this.#open?.channel !== channel) return;
    this.drop();
    this.#owner.left();
  }
}

function dispatch(item: wire.StreamItem, owner: StreamOwner): void {
  if (item.response !== undefined) owner.response(item.response);
  else if (item.watch?.response !== undefined) owner.watch(item.watch.id, item.watch.response);
  else if (item.touched !== undefined) owner.touched(item.touched);
  else if (item.bookmark !== undefined) owner.confirmed(item.bookmark);
  else if (item.live !== undefined) owner.confirmed(item.live);
  else if (item.stale !== undefined) owner.stale(item.stale.ageMs);
  else if (item.ended !== undefined) owner.ended(item.ended.cause);
}
