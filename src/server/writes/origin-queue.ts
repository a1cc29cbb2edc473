/**
 * The changes that entered the cluster at this member, in the order of their request numbers, until
 * this member applies them. Numbers rise by one within a boot and the state machine accepts exactly
 * the next one, so sending again after a leader change, a lost frame or a doubt is always safe.
 *
 * Invariant: applied ≤ sent ≤ sealed ≤ last number given.
 */
import { encodeCommand } from '../../codec/command.js';
import { assert } from '../../types/assert.js';
import type { Envelope } from '../../types/command.js';
import type { MemberId } from '../../types/ids.js';
import { RAFT_APPEND_BYTES_MAX } from '../../types/limits.js';
import type { EntryBatch } from '../../types/log.js';
import { Fifo } from '../clients/fifo.js';
import type { Slot } from '../clients/gate.js';
import { BatchBuilder, dropFirst } from './batch.js';

export interface NumberedBatch {
  readonly first: number;
  readonly batch: EntryBatch;
}

export type Sender = Omit<Envelope, 'origin'>;

export class OriginQueue {
  readonly member: MemberId;
  readonly boot: number;
  readonly #builder = new BatchBuilder();
  readonly #slots = new Fifo<Slot>();
  #batches: NumberedBatch[] = [];
  #applied = 0;
  #sent = 0;
  #last = 0;
  #bytes = 0;
  /** When the next deadline may be over. */
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(member: MemberId, boot: number) {
    this.member = member;
    this.boot = boot;
  }

  /** Accepted and not applied. */
  get count(): number {
    return this.#slots.length;
  }

  get bytes(): number {
    return this.#bytes + this.#builder.bytes;
  }

  get applied(): number {
    return this.#applied;
  }

  /** Whose request is applied next. */
  get next(): Slot | undefined {
    return this.#slots.peek();
  }

  get hasUnsent(): boolean {
    return this.#sent < this.#last;
  }

  add(sender: Sender, body: Uint8Array, slot: Slot): void {
    this.#last++;
    const origin = { member: this.member, boot: this.boot, number: this.#last };
    encodeCommand({ ...sender, origin }, body, this.#builder.writer);
    this.#builder.endEntry();
    this.#slots.push(slot);
    if (slot.deadlineMs < this.#dueMs) this.#dueMs = slot.deadlineMs;
    // A batch travels as one message, and a longer one than a peer takes would never arrive.
    if (this.#builder.bytes >= RAFT_APPEND_BYTES_MAX) this.#seal();
  }

  /** What may be sent now, within `windowBytes` of sent and not applied; marked as sent. */
  takeUnsent(windowBytes: number): NumberedBatch[] {
    this.#seal();
    const taken: NumberedBatch[] = [];
    let inFlight = 0;
    for (const numbered of this.#batches) {
      const { first, batch } = numbered;
      const end = first + batch.count - 1;
      if (inFlight > 0 && inFlight + batch.bytes.length > windowBytes) break;
      inFlight += batch.bytes.length;
      if (end <= this.#sent) continue;
      const skip = Math.max(0, this.#sent + 1 - first);
      taken.push({ first: first + skip, batch: dropFirst(batch, skip) });
      this.#sent = end;
    }
    return taken;
  }

  /** The leader wants `next` (or, without it, everything not applied) sent again. */
  rewind(next = 0): void {
    this.#sent = Math.max(this.#applied, Math.min(this.#sent, next - 1));
  }

  /** The entry with this number was applied: whose it was. */
  settle(number: number): Slot {
    assert(number === this.#applied + 1, 'own requests are applied in order');
    const slot = this.#slots.shift();
    assert(slot !== undefined, 'an applied request has a slot');
    this.#applied = number;
    this.#sent = Math.max(this.#sent, number);
    this.#dropApplied();
    return slot;
  }

  /** Those without an outcome whose deadline is over. Costs nothing while none has come. */
  takeOverdue(nowMs: number): Slot[] {
    if (nowMs < this.#dueMs) return [];
    const overdue: Slot[] = [];
    this.#dueMs = Number.POSITIVE_INFINITY;
    for (const slot of this.#slots) {
      if (slot.done !== undefined) continue;
      if (slot.deadlineMs <= nowMs) overdue.push(slot);
      else this.#dueMs = Math.min(this.#dueMs, slot.deadlineMs);
    }
    return overdue;
  }

  #seal(): void {
    if (this.#builder.count === 0) return;
    const batch = this.#builder.take();
    this.#bytes += batch.bytes.length;
    this.#batches.push({ first: this.#last - batch.count + 1, batch });
  }

  #dropApplied(): void {
    const head = this.#batches[0];
    if (head === undefined || head.first + head.batch.count - 1 > this.#applied) return;
    this.#bytes -= head.batch.bytes.length;
    this.#batches.shift();
  }
}
