/**
 * When the leader puts a mark into the log, at which every member takes the digest of its state: every so many
 * revisions, some time after any change, and soon after somebody came whose state was just loaded.
 */
import { encodeBody, encodeCommand } from '../../codec/command.js';
import { type MemberId, NO_SESSION } from '../../types/ids.js';
import { DIGEST_MARK_MS, DIGEST_MARK_REVISIONS, DIGEST_MARK_SOON_MS } from '../../types/limits.js';
import type { EntryBatch } from '../../types/log.js';
import { BatchBuilder } from '../writes/batch.js';

export interface DigestMarksHost {
  readonly self: MemberId;
  readonly boot: number;
  /** False: the log takes nothing now. */
  propose(batch: EntryBatch): boolean;
}

export class DigestMarks {
  readonly #host: DigestMarksHost;
  /** The last mark applied, and since when there is none newer. */
  #revision = 0;
  #atMs = 0;
  /** One is on its way. */
  #isProposed = false;
  /** Somebody came. */
  #isAwaited = false;

  constructor(host: DigestMarksHost) {
    this.#host = host;
  }

  applied(revision: number, nowMs: number): void {
    this.#revision = revision;
    this.#atMs = nowMs;
    this.#isProposed = false;
  }

  await(): void {
    this.#isAwaited = true;
  }

  /** Another term, or another leader: what was proposed may be lost. */
  restart(): void {
    this.#isProposed = false;
    this.#isAwaited = true;
  }

  /** At the leader; `isOpen`: something is undecided, so that marks are taken without any change. */
  tick(at: { readonly revision: number; readonly nowMs: number; readonly isOpen: boolean }): void {
    if (this.#isProposed || !this.#isDue(at)) return;
    this.#isProposed = this.#host.propose(this.#encode());
    if (this.#isProposed) this.#isAwaited = false;
  }

  #isDue({ revision, nowMs, isOpen }: Parameters<DigestMarks['tick']>[0]): boolean {
    const changes = revision - this.#revision;
    const ageMs = nowMs - this.#atMs;
    if (changes >= DIGEST_MARK_REVISIONS) return true;
    if ((changes > 0 || isOpen) && ageMs >= DIGEST_MARK_MS) return true;
    return this.#isAwaited && ageMs >= DIGEST_MARK_SOON_MS;
  }

  #encode(): EntryBatch {
    const { self, boot } = this.#host;
    const origin = { member: self, boot, number: 0 };
    const nobody = { session: NO_SESSION, epoch: 0, seq: 0, ackedSeq: 0, identities: [] };
    const builder = new BatchBuilder();
    const body = encodeBody({ kind: 'markDigest' });
    encodeCommand({ kind: 'markDigest', origin, ...nobody }, body, builder.writer);
    builder.endEntry();
    return builder.take();
  }
}
