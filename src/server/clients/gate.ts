/**
 * One connection of a client, from the member's side: what it asked and has not been answered, the
 * session it speaks for, and what waits to be handed to its sink. On an ordered connection answers
 * leave in the order of the requests, so a read keeps its place among the writes (contract C5).
 */
import type { ErrorCode, FailureOutcome } from '../../types/errors.js';
import { NO_SESSION, type SessionId } from '../../types/ids.js';
import { ATTACHMENT_UNSENT_BYTES_MAX, RETRY_AFTER_MS } from '../../types/limits.js';
import type { Attachment, Delivery, ReadRequest, Request, Sink, WatchStart } from '../service.js';
import type { Watch } from '../watches/watch.js';
import { Fifo } from './fifo.js';

/** A request under way. Reads and watch starts carry their `work`; changes wait for their outcome. */
export interface Slot {
  readonly gate: Gate;
  readonly id: number;
  readonly deadlineMs: number;
  readonly work: ReadRequest | WatchStart | undefined;
  /** Reads: this member must have applied so far. Infinity until the leader named it. */
  index: number;
  /** Set once, when there is an answer. */
  done: Delivery | undefined;
}

export type SessionEnd = 'closed' | 'expired' | 'disconnected' | 'revoked' | 'moved';

/** What a gate needs of the core. */
export interface GateHost {
  handle(gate: Gate, request: Request): void;
  /** The gate has something to deliver at the end of this turn. */
  markDirty(gate: Gate): void;
  closed(gate: Gate): void;
}

export class Gate implements Attachment {
  readonly identities: readonly string[];
  /** The same for connections that may see the same. */
  readonly identityKey: string;
  readonly ordered: boolean;
  readonly watches = new Map<number, Watch>();
  session: SessionId = NO_SESSION;
  epoch = 0;
  /** The seq that must come next; 0 until the first after attaching. */
  nextSeq = 0;
  ackedSeq = 0;
  isClosed = false;
  /** Closed, and by the client's side: its disconnect grace is due. */
  wasPeerClosed = false;
  /** Why the session that it spoke for is gone, or another connection's. */
  sessionEnd: SessionEnd | undefined;
  /** Open requests, answered ones excluded. */
  openCount = 0;
  /** Of these, reads and watch starts. */
  workCount = 0;
  /** Time of the last delivery: an open request without one for 250 ms gets a sign of life. */
  deliveredAtMs = 0;
  /** The sink was full: answers wait in their slots and watches fall back on the history until it drains. */
  isBlocked = false;
  /** Watches that still read from the history. No answer may overtake what they have not been told. */
  laggingCount = 0;
  /** Bytes of pages, history and answers that this turn has put before its sink, about. */
  turnBytes = 0;
  /** What it was told last of the leader behind this member: STALE, or LIVE. */
  isStale = false;
  readonly #sink: Sink;
  readonly #host: GateHost;
  readonly #slots = new Fifo<Slot>();
  #outbox: Delivery[] = [];
  #urgent: Delivery[] = [];

  constructor(
    options: { readonly identities: readonly string[]; readonly ordered: boolean },
    sink: Sink,
    host: GateHost,
  ) {
    this.identities = options.identities;
    this.identityKey = JSON.stringify(options.identities);
    this.ordered = options.ordered;
    this.#sink = sink;
    this.#host = host;
  }

  submit(requests: readonly Request[]): void {
    for (const request of requests) {
      if (this.isClosed) return;
      this.#host.handle(this, request);
    }
  }

  acknowledge(ackedSeq: number): void {
    if (Number.isSafeInteger(ackedSeq) && ackedSeq > this.ackedSeq) this.ackedSeq = ackedSeq;
  }

  drained(): void {
    if (this.isClosed || !this.isBlocked) return;
    this.isBlocked = false;
    this.#host.markDirty(this);
  }

  close(reason: 'peerClosed' | 'local'): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.wasPeerClosed = reason === 'peerClosed';
    this.#slots.clear();
    this.#outbox = [];
    this.#urgent = [];
    this.#host.closed(this);
  }

  /** A request begins: its slot keeps its place in the order of answers. */
  open(id: number, deadlineMs: number, work?: ReadRequest | WatchStart): Slot {
    const index = Number.POSITIVE_INFINITY;
    const slot: Slot = { gate: this, id, deadlineMs, work, index, done: undefined };
    this.openCount++;
    if (work !== undefined) this.workCount++;
    if (this.ordered) this.#slots.push(slot);
    return slot;
  }

  /** The answer is there; it leaves when everything before it has left. */
  complete(slot: Slot, delivery: Delivery): void {
    if (slot.done !== undefined || this.isClosed) return;
    slot.done = delivery;
    this.openCount--;
    if (slot.work !== undefined) this.workCount--;
    if (!this.ordered) this.push(delivery);
    else this.#host.markDirty(this);
  }

  fail(slot: Slot, failure: Failure): void {
    this.complete(slot, failureDelivery(slot.id, failure));
  }

  /** Answers a request that never got a slot. On an ordered connection it takes its place all the same. */
  refuse(id: number, failure: Failure): void {
    this.fail(this.open(id, 0), failure);
  }

  /** Next in the ordered outbox (events, answers of unordered connections). */
  push(delivery: Delivery): void {
    if (this.isClosed) return;
    this.#outbox.push(delivery);
    this.#host.markDirty(this);
  }

  /** Overtakes everything queued here: touch answers, staleness. */
  pushUrgent(delivery: Delivery): void {
    if (this.isClosed) return;
    this.#urgent.push(delivery);
    this.#host.markDirty(this);
  }

  get mayAnswer(): boolean {
    return !this.isBlocked && this.laggingCount === 0;
  }

  /** More pages may be put before its sink in this turn: what it holds then is known again. */
  get hasRoom(): boolean {
    return this.turnBytes < ATTACHMENT_UNSENT_BYTES_MAX;
  }

  /** The oldest request without an answer, when it is one that this member itself can answer now. */
  nextWork(appliedIndex: number): Slot | undefined {
    if (!this.mayAnswer) return undefined;
    this.release();
    const head = this.#slots.peek();
    return head?.work !== undefined && head.index <= appliedIndex ? head : undefined;
  }

  /** Reads that came before this request and have no answer yet. */
  *workBefore(slot: Slot): Iterable<Slot> {
    for (const earlier of this.#slots) {
      if (earlier === slot) return;
      if (earlier.work !== undefined && earlier.done === undefined) yield earlier;
    }
  }

  /** Reads and watch starts without an answer, oldest first. */
  *openWork(): Iterable<Slot> {
    for (const slot of this.#slots)
      if (slot.work !== undefined && slot.done === undefined) yield slot;
  }

  /** End of the turn: hands over what may leave. Touch answers leave even when the sink is full. */
  flush(nowMs: number): void {
    this.turnBytes = 0;
    if (this.mayAnswer) this.release();
    const batch = this.#urgent;
    this.#urgent = [];
    if (this.#outbox.length > 0) {
      if (this.#mayDeliver()) {
        for (const delivery of this.#outbox) batch.push(delivery);
        this.#outbox = [];
      } else this.#dropCalm();
    }
    if (batch.length === 0) return;
    this.deliveredAtMs = nowMs;
    this.#sink.deliver(batch);
  }

  #mayDeliver(): boolean {
    this.isBlocked ||= this.#sink.unsentBytes() > ATTACHMENT_UNSENT_BYTES_MAX;
    return !this.isBlocked;
  }

  /** What says "all is well now" must not be said later, when that may have changed (contract 8). */
  #dropCalm(): void {
    this.#outbox = this.#outbox.filter(({ type }) => {
      if (type === 'live') this.isStale = true;
      return type !== 'live' && type !== 'bookmark';
    });
  }

  /** Moves the answers at the head of the order to the outbox. */
  release(): void {
    for (let head = this.#slots.peek(); head?.done !== undefined; head = this.#slots.peek()) {
      this.#outbox.push(head.done);
      this.#slots.shift();
    }
  }
}

export interface Failure {
  readonly code: ErrorCode;
  readonly outcome: FailureOutcome;
  readonly message: string;
}

export function notApplied(code: ErrorCode, message: string): Failure {
  return { code, outcome: 'not-applied', message };
}

export function unknownOutcome(code: ErrorCode, message: string): Failure {
  return { code, outcome: 'unknown', message };
}

function failureDelivery(id: number, failure: Failure): Delivery {
  const retryAfterMs = failure.code === 'OVERLOADED' ? RETRY_AFTER_MS : 0;
  return { type: 'failure', id, ...failure, retryAfterMs };
}
