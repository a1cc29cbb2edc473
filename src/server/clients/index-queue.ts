/** Reads that wait until this member has applied so far, the least far first: a binary heap. */
import type { Slot } from './gate.js';

export class IndexQueue {
  #slots: Slot[] = [];

  get length(): number {
    return this.#slots.length;
  }

  push(slot: Slot): void {
    const slots = this.#slots;
    let at = slots.length;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (slots[parent]!.index <= slot.index) break;
      slots[at] = slots[parent]!;
      at = parent;
    }
    slots[at] = slot;
  }

  /** The next of those that need no more than `applied`. */
  take(applied: number): Slot | undefined {
    const first = this.#slots[0];
    if (first === undefined || first.index > applied) return undefined;
    const last = this.#slots.pop()!;
    if (last !== first) this.#sink(last);
    return first;
  }

  /** Forgets the others. */
  keep(isWanted: (slot: Slot) => boolean): void {
    const kept = this.#slots.filter(isWanted);
    this.#slots = kept.sort((a, b) => a.index - b.index);
  }

  /** From the top, which is free, to its place. */
  #sink(slot: Slot): void {
    const slots = this.#slots;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= slots.length) break;
      if (child + 1 < slots.length && slots[child + 1]!.index < slots[child]!.index) child++;
      if (slots[child]!.index >= slot.index) break;
      slots[at] = slots[child]!;
      at = child;
    }
    slots[at] = slot;
  }
}
