/**
 * Linearizable reads (thesis 6.4) by positions. The leader numbers its rounds within a term; a round takes
 * the commit index *before* it is sent out, and every answer that carries its number or a higher one
 * confirms it. One round is under way, what arrives meanwhile forms the next. A follower asks the leader,
 * many reads under one attempt number that is never used twice (build rule R8).
 */
import type { Index, MemberId } from '../types/ids.js';
import { RAFT_FORWARDED_READS_MAX, RAFT_READS_PENDING_MAX } from '../types/limits.js';
import type { Random } from '../types/ports.js';

/** `from` is unset for this member's own reads. */
export interface ReadTicket {
  readonly from: MemberId | undefined;
  readonly id: number;
}

interface Round {
  readonly number: number;
  readonly index: Index;
  readonly tickets: readonly ReadTicket[];
}

/** The leader's side. Lives and dies with one leadership. */
export class ReadRounds {
  /** Rounds begin at 1: 0 on a message means that no answer is wanted. */
  #begun = 1;
  #underWay: Round | undefined;
  #waiting: ReadTicket[] = [];

  /** Highest round begun; goes out with every append and heartbeat. */
  get begun(): number {
    return this.#begun;
  }

  /** False when there is no room. */
  add(ticket: ReadTicket): boolean {
    if (this.#waiting.length >= RAFT_READS_PENDING_MAX) return false;
    this.#waiting.push(ticket);
    return true;
  }

  /** Begins a round when there is cause and none is under way. True means: heartbeats must go out. */
  begin(commitIndex: Index): boolean {
    if (this.#underWay !== undefined || this.#waiting.length === 0) return false;
    this.#begun += 1;
    this.#underWay = { number: this.#begun, index: commitIndex, tickets: this.#waiting };
    this.#waiting = [];
    return true;
  }

  /** The round under way, if a quorum has confirmed it. */
  takeConfirmed(quorumRound: number): Round | undefined {
    const round = this.#underWay;
    if (round === undefined || round.number > quorumRound) return undefined;
    this.#underWay = undefined;
    return round;
  }

  takeAll(): ReadTicket[] {
    const tickets = [...(this.#underWay?.tickets ?? []), ...this.#waiting];
    this.#underWay = undefined;
    this.#waiting = [];
    return tickets;
  }
}

interface Attempt {
  readonly ids: readonly number[];
  ticks: number;
}

/** Everyone else's side: reads on their way to the leader of the current term. */
export class ForwardedReads {
  #waiting: number[] = [];
  readonly #attempts = new Map<number, Attempt>();
  /** Starts at a random place: an answer to this member's life before a restart must not fit. */
  #lastAttempt: number;

  constructor(random: Random) {
    this.#lastAttempt = random.below(2 ** 31) * 2 ** 21;
  }

  /** False when there is no room. */
  add(id: number): boolean {
    if (this.#waiting.length >= RAFT_READS_PENDING_MAX) return false;
    this.#waiting.push(id);
    return true;
  }

  /** The number under which all waiting reads are asked now. */
  maybeAttempt(): number | undefined {
    if (this.#waiting.length === 0 || this.#attempts.size >= RAFT_FORWARDED_READS_MAX) {
      return undefined;
    }
    this.#lastAttempt += 1;
    this.#attempts.set(this.#lastAttempt, { ids: this.#waiting, ticks: 0 });
    this.#waiting = [];
    return this.#lastAttempt;
  }

  takeAnswered(attempt: number): readonly number[] {
    const ids = this.#attempts.get(attempt)?.ids ?? [];
    this.#attempts.delete(attempt);
    return ids;
  }

  /** Attempts without an answer for so long are asked again, under a new number. */
  tick(retryTicks: number): void {
    for (const [number, attempt] of this.#attempts) {
      attempt.ticks += 1;
      if (attempt.ticks < retryTicks) continue;
      this.#attempts.delete(number);
      for (const id of attempt.ids) this.#waiting.push(id);
    }
  }

  takeAll(): number[] {
    const ids = [...this.#attempts.values()].flatMap((attempt) => attempt.ids);
    ids.push(...this.#waiting);
    this.#attempts.clear();
    this.#waiting = [];
    return ids;
  }
}
