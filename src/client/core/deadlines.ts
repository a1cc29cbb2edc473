/**
 * Who gives up when, without a timer per call: calls with the same timeout end in the order in which
 * they began, so each timeout keeps a linked list, and adding or removing costs a few assignments.
 * Pure. Invariant: within a list, due times never fall from front to back.
 */

/** Links are owned by the list it is in; undefined outside. */
export interface Timed {
  readonly timeoutMs: number;
  dueMs: number;
  list: DueList | undefined;
  earlier: Timed | undefined;
  later: Timed | undefined;
}

export interface DueList {
  first: Timed | undefined;
  last: Timed | undefined;
}

export class Deadlines<T extends Timed> {
  readonly #lists = new Map<number, DueList>();

  /** Returns when it is due. `nowMs` never falls from call to call. */
  add(item: T, nowMs: number): number {
    const list = this.#listOf(item.timeoutMs);
    item.dueMs = nowMs + item.timeoutMs;
    item.list = list;
    item.earlier = list.last;
    item.later = undefined;
    if (list.last === undefined) list.first = item;
    else list.last.later = item;
    list.last = item;
    return item.dueMs;
  }

  /** Nothing happens when it is in no list. */
  remove(item: T): void {
    const { list, earlier, later } = item;
    if (list === undefined) return;
    if (earlier === undefined) list.first = later;
    else earlier.later = later;
    if (later === undefined) list.last = earlier;
    else later.earlier = earlier;
    item.list = undefined;
    item.earlier = undefined;
    item.later = undefined;
  }

  /** Infinity when nothing waits. */
  nextDueMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { first } of this.#lists.values()) {
      if (first !== undefined && first.dueMs < next) next = first.dueMs;
    }
    return next;
  }

  takeDue(nowMs: number): T[] {
    const due: T[] = [];
    for (const [timeoutMs, list] of this.#lists) {
      while (list.first !== undefined && list.first.dueMs <= nowMs) {
        const item = list.first as T;
        this.remove(item);
        due.push(item);
      }
      if (list.first === undefined) this.#lists.delete(timeoutMs);
    }
    return due;
  }

  #listOf(timeoutMs: number): DueList {
    let list = this.#lists.get(timeoutMs);
    if (list === undefined) {
      list = { first: undefined, last: undefined };
      this.#lists.set(timeoutMs, list);
    }
    return list;
  }
}
