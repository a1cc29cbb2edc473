/**
 * The open operations of one connection, in the order of their calls: pure. Gives a change its seq when
 * it is first sent, keeps at most a window of seqs unresolved, and sends everything unresolved again, in
 * order, with the same seqs, after a reconnect. Invariant: head ≤ cursor; everything before head is done.
 */
import { SESSION_WINDOW_SEQS_MAX } from '../../types/limits.js';
import type { Operation, OperationMessage } from './operation.js';

/** Well below what a member takes in one message. */
export const FRAME_BYTES_MAX = 512 * 1024;
export const FRAME_OPERATIONS_MAX = 1024;
/** Requests open at the member; it takes 20 000. */
export const OPEN_OPERATIONS_MAX = 8192;
/** Calls waiting in the client: past it OVERLOADED. */
export const QUEUE_OPERATIONS_MAX = 100_000;
export const QUEUE_BYTES_MAX = 64 * 1024 * 1024;
/** A stream that breaks this often with one and the same operation on it broke because of it. */
const STRIKES_MAX = 3;
/** Done operations are forgotten in pieces of this many. */
const COMPACT_AT = 4096;

export interface SendTerms {
  readonly nowMs: number;
  /** A session is attached, so changes may go. */
  readonly canWrite: boolean;
}

export class Outbox {
  #operations: Operation[] = [];
  #head = 0;
  #cursor = 0;
  #orders = 0;
  #ids = 0;
  #nextSeq = 1;
  #ackedSeq = 1;
  #waitingBytes = 0;
  #lastWriteSent = 0;
  /** Done since the last sweep while something before was not. */
  #doneBehind = 0;
  /** So many answers are awaited one by one. */
  #singly = 0;
  readonly #open = new Map<number, Operation>();

  /** The client has the results of all seqs below this one. */
  get ackedSeq(): number {
    return this.#ackedSeq;
  }

  /** Sent on the present stream and not answered. */
  get openCount(): number {
    return this.#open.size;
  }

  get isEmpty(): boolean {
    return this.#head === this.#operations.length;
  }

  get isFull(): boolean {
    const waiting = this.#operations.length - this.#cursor;
    return waiting >= QUEUE_OPERATIONS_MAX || this.#waitingBytes > QUEUE_BYTES_MAX;
  }

  get hasUnsent(): boolean {
    this.#skipDone();
    return this.#cursor < this.#operations.length;
  }

  /** What would go next needs a session. */
  get nextIsWrite(): boolean {
    return this.hasUnsent && this.#operations[this.#cursor]!.isWrite;
  }

  /** Ids for requests that are not kept here. */
  takeId(): number {
    return ++this.#ids;
  }

  push(operation: Operation): void {
    operation.order = ++this.#orders;
    this.#waitingBytes += operation.bytes;
    this.#operations.push(operation);
  }

  /** The next frame's worth; empty when there is nothing, or nothing may go now. */
  takeFrame(terms: SendTerms): OperationMessage[] {
    const messages: OperationMessage[] = [];
    let bytes = 0;
    const openMax = this.#singly > 0 ? 1 : OPEN_OPERATIONS_MAX;
    while (this.hasUnsent && this.#open.size < openMax) {
      const operation = this.#operations[this.#cursor]!;
      bytes += operation.bytes;
      if (messages.length > 0 && bytes > FRAME_BYTES_MAX) break;
      if (operation.isWrite && !this.#admit(operation, terms.canWrite)) break;
      this.#markSent(operation, terms.nowMs);
      messages.push(operation.message);
      if (messages.length === FRAME_OPERATIONS_MAX) break;
    }
    return messages;
  }

  /** The operation that an answer belongs to; answers to earlier sendings find nothing. */
  answered(id: number): Operation | undefined {
    const operation = this.#open.get(id);
    if (operation === undefined) return undefined;
    this.#open.delete(id);
    if (this.#singly > 0) this.#singly--;
    return operation;
  }

  /**
   * The stream breaks because of something on it. What is open goes one by one from now on, until the
   * operation is found that breaks it each time: that one is returned.
   */
  suspect(): Operation | undefined {
    this.#singly = Math.max(this.#singly, this.#open.size);
    if (this.#open.size !== 1) return undefined;
    const [operation] = this.#open.values();
    operation!.strikes++;
    return operation!.strikes < STRIKES_MAX ? undefined : operation;
  }

  finish(operation: Operation): void {
    operation.isDone = true;
    this.#open.delete(operation.message.id);
    this.#advance();
    if (operation.order > (this.#operations[this.#head]?.order ?? Number.POSITIVE_INFINITY)) {
      this.#doneBehind++;
      if (this.#doneBehind >= COMPACT_AT) this.#sweep();
    }
  }

  /** From this operation on, everything unresolved goes again. */
  rewindTo(operation: Operation): void {
    const position = this.#positionOf(operation);
    for (let i = position; i < this.#cursor; i++) this.#recall(this.#operations[i]!);
    this.#cursor = Math.min(this.#cursor, position);
  }

  /** A new stream: everything unresolved goes again. */
  rewind(): void {
    for (let i = this.#head; i < this.#cursor; i++) this.#recall(this.#operations[i]!);
    this.#open.clear();
    this.#cursor = this.#head;
    this.#lastWriteSent = 0;
  }

  /** A change called later has gone: a read can no longer keep its place. */
  isOvertaken(operation: Operation): boolean {
    return this.#lastWriteSent > operation.order;
  }

  /** Every unresolved change that has a seq; they belong to a session that is over. */
  takeNumbered(): Operation[] {
    const numbered: Operation[] = [];
    for (let i = this.#head; i < this.#operations.length; i++) {
      const operation = this.#operations[i]!;
      if (!operation.isDone && operation.message.seq > 0) numbered.push(operation);
    }
    for (const operation of numbered) {
      operation.isDone = true;
      this.#open.delete(operation.message.id);
      operation.message.seq = 0;
    }
    this.#advance();
    this.#nextSeq = 1;
    this.#ackedSeq = 1;
    return numbered;
  }

  unfinished(): Operation[] {
    return this.#operations.slice(this.#head).filter(isOpen);
  }

  takeAll(): Operation[] {
    const rest = this.unfinished();
    for (const operation of rest) operation.isDone = true;
    this.#open.clear();
    this.#advance();
    return rest;
  }

  #admit(operation: Operation, canWrite: boolean): boolean {
    if (!canWrite) return false;
    if (operation.message.seq > 0) return true;
    if (this.#nextSeq >= this.#ackedSeq + SESSION_WINDOW_SEQS_MAX) return false;
    operation.message.seq = this.#nextSeq++;
    return true;
  }

  #markSent(operation: Operation, nowMs: number): void {
    const { message } = operation;
    message.id = ++this.#ids;
    message.timeoutMs = operation.isAwaited ? Math.max(1, Math.ceil(operation.dueMs - nowMs)) : 0;
    operation.isSent = true;
    operation.wasSent = true;
    this.#open.set(message.id, operation);
    this.#waitingBytes -= operation.bytes;
    if (operation.isWrite) this.#lastWriteSent = operation.order;
    this.#cursor++;
  }

  #recall(operation: Operation): void {
    if (!operation.isSent) return;
    operation.isSent = false;
    if (this.#open.delete(operation.message.id)) operation.wasLost = true;
    this.#waitingBytes += operation.bytes;
  }

  #skipDone(): void {
    while (this.#cursor < this.#operations.length) {
      const operation = this.#operations[this.#cursor]!;
      if (!operation.isDone) return;
      if (!operation.isSent) this.#waitingBytes -= operation.bytes;
      operation.isSent = true;
      this.#cursor++;
    }
  }

  #advance(): void {
    const operations = this.#operations;
    while (this.#head < operations.length && operations[this.#head]!.isDone) {
      const { seq } = operations[this.#head]!.message;
      if (seq >= this.#ackedSeq) this.#ackedSeq = seq + 1;
      this.#head++;
    }
    if (this.#cursor < this.#head) this.#skipDone();
    if (this.#head === operations.length) this.#restart();
    else if (this.#head >= COMPACT_AT && this.#head * 2 >= operations.length) this.#compact();
  }

  #restart(): void {
    this.#operations = [];
    this.#head = 0;
    this.#cursor = 0;
  }

  /**
   * The first may be stuck for long: what ended behind it is forgotten all the same, but for the
   * numbered ones, which move the acknowledged seq when their turn comes; a window holds few of them.
   */
  #sweep(): void {
    this.#doneBehind = 0;
    const sent = this.#operations.slice(this.#head, this.#cursor).filter(isKept);
    const unsent = this.#operations.slice(this.#cursor);
    for (const each of unsent) if (!isKept(each)) this.#waitingBytes -= each.bytes;
    this.#operations = [...sent, ...unsent.filter(isKept)];
    this.#head = 0;
    this.#cursor = sent.length;
  }

  #compact(): void {
    this.#operations.splice(0, this.#head);
    this.#cursor -= this.#head;
    this.#head = 0;
  }

  /** Orders rise along the list, so it is found by halving. */
  #positionOf(operation: Operation): number {
    let low = this.#head;
    let high = this.#operations.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#operations[middle]!.order < operation.order) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isOpen({ isDone }: Operation): boolean {
  return !isDone;
}

function isKept({ isDone, message }: Operation): boolean {
  return !isDone || message.seq > 0;
}
