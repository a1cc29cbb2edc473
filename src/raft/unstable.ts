/**
 * The boundary between what is in memory and what is on disk: which entries were handed out to be written,
 * which are durable, and which messages wait for that. Writes settle in the order they were taken. Cutting
 * the log lowers every mark, also those of writes under way, so that a write that was superseded never
 * counts for the entries that took its place (build rules R2, R22).
 *
 * Invariant: durableIndex ≤ handedIndex ≤ the log's last index.
 */
import { assert } from '../types/assert.js';
import { asIndex, type Index, type MemberId, type Term } from '../types/ids.js';
import type { HardState, LogWrite } from '../types/log.js';
import type { RaftMessage } from '../types/message.js';
import type { RaftLog } from './log.js';

interface WriteUnderWay {
  readonly token: number;
  readonly hardState: HardState;
  lastIndex: Index;
  readonly held: RaftMessage[];
}

export interface TakenWrite {
  readonly token: number;
  readonly write: LogWrite | undefined;
}

export class Unstable {
  #handedIndex: Index;
  #durableIndex: Index;
  #handedState: HardState;
  #durableState: HardState;
  #truncateFrom: Index | undefined;
  #underWay: WriteUnderWay[] = [];
  #lastToken = 0;

  constructor(durableIndex: Index, hardState: HardState) {
    this.#handedIndex = durableIndex;
    this.#durableIndex = durableIndex;
    this.#handedState = hardState;
    this.#durableState = hardState;
  }

  get durableIndex(): Index {
    return this.#durableIndex;
  }

  get isIdle(): boolean {
    return this.#underWay.length === 0;
  }

  isVoteDurable(term: Term, id: MemberId): boolean {
    return this.#durableState.term === term && this.#durableState.votedFor === id;
  }

  /** The log was cut at `from`. */
  truncated(from: Index): void {
    if (this.#handedIndex >= from) {
      this.#truncateFrom = asIndex(Math.min(this.#truncateFrom ?? from, from));
    }
    this.#lower(asIndex(from - 1));
  }

  /** The log starts anew behind `index`, which is durable; a suffix that was kept is written again. */
  restarted(index: Index, hasSuffix: boolean): void {
    this.#lower(index);
    this.#handedIndex = index;
    this.#durableIndex = index;
    this.#truncateFrom = hasSuffix ? asIndex(index + 1) : undefined;
  }

  #lower(index: Index): void {
    this.#handedIndex = asIndex(Math.min(this.#handedIndex, index));
    this.#durableIndex = asIndex(Math.min(this.#durableIndex, index));
    for (const write of this.#underWay) {
      write.lastIndex = asIndex(Math.min(write.lastIndex, index));
    }
  }

  /** What is new since the last call. The commit index alone is not worth a write. */
  take(log: RaftLog, hardState: HardState): TakenWrite {
    const token = ++this.#lastToken;
    const runs = log.read(asIndex(this.#handedIndex + 1), log.lastIndex);
    const isVoteNew =
      hardState.term !== this.#handedState.term ||
      hardState.votedFor !== this.#handedState.votedFor;
    if (runs.length === 0 && !isVoteNew && this.#truncateFrom === undefined) {
      return { token, write: undefined };
    }
    const isStateNew = isVoteNew || hardState.commitIndex !== this.#handedState.commitIndex;
    const write: LogWrite = {
      ...(this.#truncateFrom !== undefined && { truncateFrom: this.#truncateFrom }),
      runs,
      ...(isStateNew && { hardState }),
    };
    this.#handOut(token, log.lastIndex, hardState);
    return { token, write };
  }

  #handOut(token: number, lastIndex: Index, hardState: HardState): void {
    this.#truncateFrom = undefined;
    this.#handedIndex = lastIndex;
    this.#handedState = hardState;
    this.#underWay.push({ token, hardState, lastIndex, held: [] });
  }

  /** Messages that wait for the writes under way; there must be one. */
  hold(messages: readonly RaftMessage[]): void {
    const last = this.#underWay.at(-1);
    assert(last !== undefined, 'nothing to wait for');
    last.held.push(...messages);
  }

  /** The oldest write under way is durable. Returns the messages that waited for it. */
  settle(token: number): readonly RaftMessage[] {
    const write = this.#underWay.shift();
    assert(
      write !== undefined && write.token === token,
      'writes settle in the order they were taken',
    );
    this.#durableIndex = asIndex(Math.max(this.#durableIndex, write.lastIndex));
    this.#durableState = write.hardState;
    return write.held;
  }
}
