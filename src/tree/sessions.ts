/**
 * Sessions, the ephemeral nodes they own, and the window of outcomes that makes requests exactly-once.
 * Invariant: the stored seqs are consecutive and end at lastSeq; rows inside the window are never evicted,
 * at its bounds new seqs are turned away instead.
 */

import {
  type SessionRow,
  type StoredOutcome,
  writeSessionHeader,
  writeStoredOutcome,
} from '../codec/row.js';
import { assert } from '../types/assert.js';
import type { MemberId, Revision, SessionId } from '../types/ids.js';
import { SESSION_WINDOW_BYTES_MAX, SESSION_WINDOW_SEQS_MAX } from '../types/limits.js';
import type { Outcome } from '../types/outcome.js';
import type { RowHasher } from './digest.js';
import type { NodeRecord } from './nodes.js';
import { TrackedRow } from './tracked.js';

interface WindowEntry extends StoredOutcome {
  readonly bytes: number;
  hashHigh: number;
  hashLow: number;
}

export type SessionFields = Omit<SessionRow, 'table' | 'window'>;

export class SessionRecord extends TrackedRow implements SessionFields {
  readonly id: SessionId;
  readonly secretHash: Uint8Array;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly label: string;
  readonly openedTime: number;
  readonly rowKey: string;
  epoch: number;
  detached: boolean;
  lastSeq: number;
  /** Revision of the latest sign of life that went through the log. */
  lastRevision: Revision;
  /** Through which it attached last. */
  member: MemberId;
  readonly ephemerals = new Set<NodeRecord>();
  /** Entries before `#head` are gone; the array is cut when half of it is. */
  #window: WindowEntry[] = [];
  #head = 0;
  #windowBytes = 0;
  /** Entries before this position are counted in the two sums below. */
  #hashed = 0;
  #windowHigh = 0;
  #windowLow = 0;

  constructor(fields: SessionFields) {
    super();
    this.id = fields.id;
    this.secretHash = fields.secretHash;
    this.timeoutMs = fields.timeoutMs;
    this.graceMs = fields.graceMs;
    this.label = fields.label;
    this.openedTime = fields.openedTime;
    this.rowKey = `s${fields.id}`;
    this.epoch = fields.epoch;
    this.detached = fields.detached;
    this.lastSeq = fields.lastSeq;
    this.lastRevision = fields.lastRevision;
    this.member = fields.member;
  }

  get table(): 'session' {
    return 'session';
  }

  get windowCount(): number {
    return this.#window.length - this.#head;
  }

  get windowBytes(): number {
    return this.#windowBytes;
  }

  get isFull(): boolean {
    if (this.windowCount >= SESSION_WINDOW_SEQS_MAX) return true;
    return this.#windowBytes >= SESSION_WINDOW_BYTES_MAX;
  }

  /** The stored outcome of a seq at or below lastSeq; undefined when the client said it has it. */
  stored(seq: number): StoredOutcome | undefined {
    const fromEnd = this.lastSeq - seq;
    return fromEnd < this.windowCount ? this.#window[this.#window.length - 1 - fromEnd] : undefined;
  }

  /** Must be the next seq. */
  store(stored: StoredOutcome): void {
    assert(stored.seq === this.lastSeq + 1, 'outcome stored out of order');
    this.#push(stored);
    this.lastSeq = stored.seq;
  }

  /** Drops what lies below `ackedSeq`; a lower one than before changes nothing. */
  trim(ackedSeq: number): void {
    const drop = Math.min(ackedSeq - 1 - this.lastSeq + this.windowCount, this.windowCount);
    for (let left = drop; left > 0; left--) this.#dropFirst();
    if (this.#head > 32 && this.#head * 2 > this.#window.length) this.#compact();
  }

  /** Of a loaded session: the window ends at lastSeq. */
  loadWindow(window: readonly StoredOutcome[]): boolean {
    let expected = this.lastSeq - window.length;
    for (const stored of window) {
      if (stored.seq !== ++expected) return false;
      this.#push(stored);
    }
    return true;
  }

  asRow(): SessionRow {
    const { id, secretHash, timeoutMs, graceMs, epoch, detached, lastSeq, lastRevision } = this;
    const { label, openedTime, member } = this;
    const header = { id, secretHash, timeoutMs, graceMs, epoch, detached, lastSeq, lastRevision };
    const window = this.#window.slice(this.#head);
    return { table: 'session', ...header, label, openedTime, member, window };
  }

  /** The header's hash plus those of the stored outcomes, each hashed once. */
  hashInto(hasher: RowHasher): void {
    for (; this.#hashed < this.#window.length; this.#hashed++) this.#hashEntry(hasher);
    hasher.writer.clear();
    hasher.writer.varint(this.id);
    writeSessionHeader(this, hasher.writer);
    hasher.hashBytes(hasher.writer.finish());
    hasher.high = (hasher.high + this.#windowHigh) >>> 0;
    hasher.low = (hasher.low + this.#windowLow) >>> 0;
  }

  #hashEntry(hasher: RowHasher): void {
    const entry = this.#window[this.#hashed]!;
    hasher.writer.clear();
    hasher.writer.varint(this.id);
    writeStoredOutcome(entry, hasher.writer);
    hasher.hashBytes(hasher.writer.finish());
    entry.hashHigh = hasher.high;
    entry.hashLow = hasher.low;
    this.#windowHigh = (this.#windowHigh + entry.hashHigh) >>> 0;
    this.#windowLow = (this.#windowLow + entry.hashLow) >>> 0;
  }

  #push({ seq, bodyHash, revision, outcome }: StoredOutcome): void {
    const bytes = outcomeBytes(outcome);
    this.#windowBytes += bytes;
    this.#window.push({ seq, bodyHash, revision, outcome, bytes, hashHigh: 0, hashLow: 0 });
  }

  #dropFirst(): void {
    const entry = this.#window[this.#head]!;
    this.#windowBytes -= entry.bytes;
    this.#windowHigh = (this.#windowHigh - entry.hashHigh) >>> 0;
    this.#windowLow = (this.#windowLow - entry.hashLow) >>> 0;
    this.#head++;
    if (this.#hashed < this.#head) this.#hashed = this.#head;
  }

  #compact(): void {
    this.#window = this.#window.slice(this.#head);
    this.#hashed -= this.#head;
    this.#head = 0;
  }
}

export class SessionTable {
  readonly #byId = new Map<SessionId, SessionRecord>();
  readonly #bySecret = new Map<string, SessionRecord>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: SessionId): SessionRecord | undefined {
    return this.#byId.get(id);
  }

  withSecret(secretHash: Uint8Array): SessionRecord | undefined {
    return this.#bySecret.get(secretKey(secretHash));
  }

  values(): Iterable<SessionRecord> {
    return this.#byId.values();
  }

  add(session: SessionRecord): void {
    this.#byId.set(session.id, session);
    this.#bySecret.set(secretKey(session.secretHash), session);
  }

  remove(session: SessionRecord): void {
    this.#byId.delete(session.id);
    this.#bySecret.delete(secretKey(session.secretHash));
  }
}

function secretKey(secretHash: Uint8Array): string {
  return String.fromCharCode(...secretHash);
}

/** What a stored outcome counts against the window: about what it takes in memory, the same on every member. */
export function outcomeBytes(outcome: Outcome): number {
  switch (outcome.type) {
    case 'refused':
      return 64 + 2 * outcome.detail.length;
    case 'created':
      return 256 + 2 * outcome.path.length;
    case 'registered': {
      const { who, reason } = outcome.override ?? { who: '', reason: '' };
      return 256 + 2 * (outcome.path.length + who.length + reason.length);
    }
    case 'set':
      return 256;
    case 'transacted':
      return outcome.results.reduce((sum, result) => sum + outcomeBytes(result), 64);
    default:
      return 64;
  }
}
