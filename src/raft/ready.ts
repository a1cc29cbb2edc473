/**
 * What the member must do next, and in which order: write, send, apply. The outbox collects while raft
 * steps; `takeReady` empties it. Promise: `sendAfterPersist` is empty unless `write` is there; messages that
 * wait for an earlier write only are kept back and come in a later `send`.
 */
import { asIndex, type Index, type MemberId } from '../types/ids.js';
import type { LogWrite, Run, SnapshotMeta } from '../types/log.js';
import type { AppendResponse, RaftMessage } from '../types/message.js';
import type { ConsensusState } from './state.js';

export interface ConfirmedRead {
  readonly id: number;
  readonly index: Index;
}

export interface InstallOrder {
  /** The member to fetch the state from. */
  readonly from: MemberId;
  /** What it has at least; the state fetched may be newer. */
  readonly snapshot: SnapshotMeta;
}

export interface Ready {
  /** To be handed to `persisted` once `write` is durable; without a write it is settled already. */
  readonly token: number;
  readonly write: LogWrite | undefined;
  /** At once: a leader's appends leave in parallel with its own write. */
  readonly send: readonly RaftMessage[];
  /** Only after `write` and all earlier writes are durable. */
  readonly sendAfterPersist: readonly RaftMessage[];
  /** To be applied in this order; committed, and durable here. */
  readonly committed: readonly Run[];
  /** To be served when the index is applied. */
  readonly reads: readonly ConfirmedRead[];
  /** Reads without an answer; ask again under a new id. */
  readonly readsFailed: readonly number[];
  readonly install: InstallOrder | undefined;
}

export class Outbox {
  #send: RaftMessage[] = [];
  #afterPersist: RaftMessage[] = [];
  #reads: ConfirmedRead[] = [];
  #readsFailed: number[] = [];
  #install: InstallOrder | undefined;

  send(message: RaftMessage): void {
    this.#send.push(message);
  }

  sendAll(messages: readonly RaftMessage[]): void {
    for (const message of messages) this.#send.push(message);
  }

  /** For what must not be said before this member's own state is durable. */
  sendAfterPersist(message: RaftMessage): void {
    const last = this.#afterPersist.at(-1);
    if (last !== undefined && message.type === 'appendResponse' && supersedes(message, last)) {
      this.#afterPersist.pop();
    }
    this.#afterPersist.push(message);
  }

  confirmReads(ids: readonly number[], index: Index): void {
    for (const id of ids) this.#reads.push({ id, index });
  }

  failReads(ids: readonly number[]): void {
    for (const id of ids) this.#readsFailed.push(id);
  }

  install(order: InstallOrder): void {
    this.#install = order;
  }

  get isEmpty(): boolean {
    return (
      this.#send.length === 0 &&
      this.#afterPersist.length === 0 &&
      this.#reads.length === 0 &&
      this.#readsFailed.length === 0 &&
      this.#install === undefined
    );
  }

  take(): Omit<Ready, 'token' | 'write' | 'committed'> {
    const taken = {
      send: this.#send,
      sendAfterPersist: this.#afterPersist,
      reads: this.#reads,
      readsFailed: this.#readsFailed,
      install: this.#install,
    };
    this.#send = [];
    this.#afterPersist = [];
    this.#reads = [];
    this.#readsFailed = [];
    this.#install = undefined;
    return taken;
  }
}

/** One acknowledgement of the highest index says as much as several. */
function supersedes(next: AppendResponse, last: RaftMessage): boolean {
  return (
    last.type === 'appendResponse' &&
    next.accepted &&
    last.accepted &&
    last.to === next.to &&
    last.term === next.term &&
    last.index <= next.index &&
    last.round <= next.round
  );
}

export function takeReady(state: ConsensusState): Ready | undefined {
  const committed = takeCommitted(state);
  const { token, write } = state.unstable.take(state.log, hardStateOf(state));
  if (write === undefined && committed.length === 0 && state.outbox.isEmpty) return undefined;
  const out = state.outbox.take();
  if (write !== undefined || out.sendAfterPersist.length === 0) {
    return { token, write, committed, ...out };
  }
  if (!state.unstable.isIdle) {
    state.unstable.hold(out.sendAfterPersist);
    return { token, write, committed, ...out, sendAfterPersist: [] };
  }
  const send = [...out.send, ...out.sendAfterPersist];
  return { token, write, committed, ...out, send, sendAfterPersist: [] };
}

function takeCommitted(state: ConsensusState): Run[] {
  const to = asIndex(Math.min(state.commitIndex, state.unstable.durableIndex));
  if (to <= state.deliveredIndex) return [];
  const runs = state.log.read(asIndex(state.deliveredIndex + 1), to);
  state.deliveredIndex = to;
  return runs;
}

function hardStateOf(state: ConsensusState) {
  const { term, votedFor, commitIndex } = state;
  return { term, votedFor, commitIndex };
}
