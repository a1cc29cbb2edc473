/**
 * Reads and watch starts under way. A linearizable read waits for a read index from a quorum-confirmed
 * leader and until this member has applied that far; a session read only for its floor. On an ordered
 * connection it also waits for its turn among the requests before it. Work is proportional to what can
 * run, however much waits.
 *
 * Invariant: a read runs only when slot.index ≤ applied index and its turn has come.
 */

import type { Tree } from '../../tree/tree.js';
import { unreachable } from '../../types/assert.js';
import type { Answer, Delivery, ReadRequest, WatchStart } from '../service.js';
import type { WatchHub } from '../watches/watch-hub.js';
import { type Failure, type Gate, notApplied, type Slot } from './gate.js';
import { IndexQueue } from './index-queue.js';
import { evaluate } from './queries.js';
import type { Rounds } from './rounds.js';

export interface ReadsHost {
  readonly rounds: Rounds;
  readonly hub: WatchHub;
  tree(): Tree;
}

/** Reads that have failed and still wait to be reached, at most, besides one for each open one. */
const FORGOTTEN_MAX = 1_000;

export class Reads {
  readonly #host: ReadsHost;
  /** Everything without an answer, for deadlines. */
  readonly #open = new Set<Slot>();
  /** Linearizable reads of this turn, to share one question. */
  #unasked: Slot[] = [];
  /** Questions without an answer: of the round under way and of the next one. */
  readonly #questions = new Set<Slot[]>();
  #lastQuestion: Slot[] = [];
  #lastQuestionRound = -1;
  /** The index is known; waiting to have applied it. */
  readonly #behind = new IndexQueue();
  /** Applied far enough: of unordered connections, and ordered ones that have such a read. */
  #ready: Slot[] = [];
  readonly #readyGates = new Set<Gate>();
  /** When the next deadline may be over. */
  #dueMs = Number.POSITIVE_INFINITY;
  #hasClosed = false;

  constructor(host: ReadsHost) {
    this.#host = host;
  }

  add(slot: Slot, request: ReadRequest): void {
    this.track(slot);
    if (request.consistency === 'linearizable') this.#unasked.push(slot);
    else this.#place(slot, request.floor);
  }

  addWatch(slot: Slot, request: WatchStart): void {
    this.track(slot);
    const start = startOf(request);
    // Behind, or told a revision that never was: only a leader knows which.
    if (start > this.#host.tree().revision) this.#unasked.push(slot);
    else this.#place(slot, start);
  }

  /** Something else with a deadline; end it with `finish`. */
  track(slot: Slot): void {
    this.#open.add(slot);
    this.#dueMs = Math.min(this.#dueMs, slot.deadlineMs);
  }

  /** A connection is gone, and with it what it asked. */
  closed(): void {
    this.#hasClosed = true;
  }

  finish(slot: Slot, delivery: Delivery): void {
    this.#open.delete(slot);
    slot.gate.complete(slot, delivery);
  }

  fail(slot: Slot, failure: Failure): void {
    this.#open.delete(slot);
    slot.gate.fail(slot, failure);
  }

  /** Nothing is shown from now on. */
  failAll(failure: Failure): void {
    for (const slot of [...this.#open]) this.fail(slot, failure);
  }

  /** Reads that wait for this member to catch up, those that have failed meanwhile included. */
  get behind(): number {
    return this.#behind.length;
  }

  /** Reads that wait for a leader to answer for them. */
  get unconfirmed(): number {
    let count = this.#unasked.length;
    for (const slots of this.#questions) count += slots.length;
    return count;
  }

  /** One question for all linearizable reads and early watches that came in before the next round begins. */
  ask(): void {
    if (this.#unasked.length === 0) return;
    const { rounds } = this.#host;
    const slots = this.#unasked;
    this.#unasked = [];
    if (this.#lastQuestionRound === rounds.begun) {
      for (const slot of slots) this.#lastQuestion.push(slot);
      return;
    }
    this.#lastQuestion = slots;
    this.#lastQuestionRound = rounds.begun;
    this.#questions.add(slots);
    rounds.ask((index) => {
      this.#questions.delete(slots);
      for (const slot of slots) this.#answered(slot, index);
    });
  }

  #answered(slot: Slot, index: number): void {
    const start = slot.work?.type === 'watch' ? startOf(slot.work) : index;
    if (start <= index) this.#place(slot, start);
    else if (slot.done === undefined && !slot.gate.isClosed) {
      this.fail(slot, notApplied('FUTURE_REVISION', 'the cluster has not reached that revision'));
    }
  }

  /** Runs whatever can run now: what was reached, and what waited for its turn on connections that moved. */
  run(moved: Iterable<Gate>): void {
    const applied = this.#host.tree().revision;
    for (let slot = this.#behind.take(applied); slot !== undefined; ) {
      this.#reached(slot);
      slot = this.#behind.take(applied);
    }
    const ready = this.#ready;
    this.#ready = [];
    for (const slot of ready) this.#perform(slot);
    for (const gate of moved) if (gate.ordered && gate.workCount > 0) this.#readyGates.add(gate);
    for (const gate of this.#readyGates) this.#runInOrder(gate, applied);
    this.#readyGates.clear();
  }

  /**
   * A change of an ordered connection is about to be applied: reads that came before it are answered
   * first, so that they keep their place (contract C5). No round is needed: the change was proposed after
   * they came, so whatever was complete by then has a lower index and is applied.
   */
  runBefore(slot: Slot | undefined): void {
    if (slot === undefined || slot.gate.workCount === 0 || !slot.gate.ordered) return;
    const { revision } = this.#host.tree();
    // Or each change of a long pipeline would look at all that were answered before it.
    if (slot.gate.mayAnswer) slot.gate.release();
    for (const earlier of slot.gate.workBefore(slot))
      if (earlier.work?.type === 'read' && earlier.work.floor <= revision) this.#perform(earlier);
  }

  /** The state jumped past this change: what came before it can no longer be answered in its place. */
  failBefore(slot: Slot, failure: Failure): void {
    if (!slot.gate.ordered || slot.gate.workCount === 0) return;
    for (const earlier of slot.gate.workBefore(slot)) this.fail(earlier, failure);
  }

  /** Costs nothing while no deadline has come and no connection was closed. */
  sweep(nowMs: number): void {
    if (nowMs < this.#dueMs && !this.#hasClosed) return;
    this.#hasClosed = false;
    this.#dueMs = Number.POSITIVE_INFINITY;
    for (const slot of this.#open) {
      if (slot.gate.isClosed) this.#open.delete(slot);
      else if (slot.deadlineMs <= nowMs) this.fail(slot, timeoutOf(slot));
      else this.#dueMs = Math.min(this.#dueMs, slot.deadlineMs);
    }
    for (const slots of this.#questions) keepOpen(slots);
    // Those that are answered already fall out when they are reached, or when they are the most.
    if (this.#behind.length > 2 * this.#open.size + FORGOTTEN_MAX) this.#behind.keep(isOpen);
  }

  #place(slot: Slot, index: number): void {
    slot.index = index;
    if (index > this.#host.tree().revision) this.#behind.push(slot);
    else this.#reached(slot);
  }

  #reached(slot: Slot): void {
    if (slot.gate.ordered) this.#readyGates.add(slot.gate);
    else this.#ready.push(slot);
  }

  /** As many as the connection has room for; the others follow when it has been flushed. */
  #runInOrder(gate: Gate, applied: number): void {
    while (gate.hasRoom) {
      const slot = gate.nextWork(applied);
      if (slot === undefined) return;
      this.#perform(slot);
    }
  }

  #perform(slot: Slot): void {
    const { work, gate, id } = slot;
    if (work === undefined || slot.done !== undefined || gate.isClosed) return;
    const tree = this.#host.tree();
    const { revision } = tree;
    switch (work.type) {
      case 'read': {
        const asker = { identities: gate.identities, hub: this.#host.hub };
        const answer = evaluate(tree, work.query, asker);
        gate.turnBytes += bytesOf(answer);
        return this.finish(slot, { type: 'answer', id, answer, revision });
      }
      case 'watch':
        if (!tree.mayRead(work.path, gate.identities))
          return this.fail(slot, notApplied('DENIED', `${work.path} may not be read`));
        this.finish(slot, { type: 'outcome', id, outcome: { type: 'done' }, revision });
        gate.release();
        return this.#host.hub.start(gate, work);
      default:
        return unreachable(work);
    }
  }
}

/** What an answer takes on the wire, about; only those that carry data count. */
function bytesOf(answer: Answer): number {
  if (answer.type === 'node') return answer.node?.data.length ?? 0;
  if (answer.type !== 'nodes') return 0;
  let bytes = 0;
  for (const { path, data } of answer.nodes ?? []) bytes += path.length + data.length;
  return bytes;
}

function isOpen(slot: Slot): boolean {
  return slot.done === undefined && !slot.gate.isClosed;
}

function startOf({ start }: WatchStart): number {
  return typeof start === 'number' ? start : 0;
}

/** In place. */
function keepOpen(slots: Slot[]): void {
  let kept = 0;
  for (const slot of slots) if (isOpen(slot)) slots[kept++] = slot;
  slots.length = kept;
}

function timeoutOf(slot: Slot): Failure {
  if (slot.index === Number.POSITIVE_INFINITY)
    return notApplied('NO_QUORUM', 'no leader with a quorum answered in time');
  return notApplied('BEHIND', 'this member has not caught up in time');
}
