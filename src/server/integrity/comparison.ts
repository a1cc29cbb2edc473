/**
 * Whether the members hold the same state, judged at marks in the log: each says what its state comes to
 * there, and a majority of the voters decides. Who differs from it is odd; where no majority can be had, the
 * members are split. It only judges: what follows is `integrity.ts`.
 *
 * Invariant: digests are compared at one revision only, as applied; a state that came as a whole is new here.
 */
import { quorumSize } from '../../raft/quorum.js';
import type { MemberId, Revision } from '../../types/ids.js';
import { DIGEST_MARKS_KEPT, DIGEST_SPLIT_MS } from '../../types/limits.js';

export interface Oddity {
  readonly revision: Revision;
  readonly own: string;
  readonly majority: string;
}

export interface Split {
  readonly revision: Revision;
  /** Of whom it is known. */
  readonly digests: ReadonlyMap<MemberId, string>;
}

export interface ComparisonHost {
  readonly self: MemberId;
  voters(): readonly MemberId[];
  /** It lives and compares: what it holds will be heard. */
  mayYetSay(id: MemberId): boolean;
}

interface Dissent extends Split {
  readonly sinceMs: number;
}

export class Comparison {
  readonly #host: ComparisonHost;
  /** By member, this one included, the newest marks in the order of their coming. */
  readonly #digests = new Map<MemberId, Map<Revision, string>>();
  /** A majority held the same there. */
  #agreedAt = 0;
  #dissent: Dissent | undefined;
  #hasNews = false;
  /** Marks at which this member agreed with a majority… */
  agreements = 0;
  /** …and at which some member differed. */
  mismatches = 0;

  constructor(host: ComparisonHost) {
    this.#host = host;
  }

  /** A majority has confirmed what this member holds, once at least. */
  get hasAgreed(): boolean {
    return this.#agreedAt > 0;
  }

  /** What this member says, and says again. */
  get latest(): { readonly revision: Revision; readonly digest: string } | undefined {
    const last = [...(this.#digests.get(this.#host.self) ?? [])].at(-1);
    return last === undefined ? undefined : { revision: last[0], digest: last[1] };
  }

  note(member: MemberId, revision: Revision, digest: string): void {
    const known = this.#digests.get(member) ?? new Map<Revision, string>();
    this.#digests.set(member, known);
    if (known.get(revision) === digest) return;
    known.set(revision, digest);
    if (revision <= this.#agreedAt) this.#noteLate(revision, digest);
    this.#hasNews = true;
    for (const oldest of known.keys()) {
      if (known.size <= DIGEST_MARKS_KEPT) break;
      known.delete(oldest);
    }
  }

  /** The state was replaced by one that is not the outcome of what was compared. */
  restart(): void {
    this.#digests.delete(this.#host.self);
  }

  /** This member contradicts the majority: where, and how. */
  judge(nowMs: number): Oddity | undefined {
    if (!this.#hasNews) return undefined;
    this.#hasNews = false;
    for (const [revision, own] of this.#digests.get(this.#host.self) ?? []) {
      if (revision <= this.#agreedAt) continue;
      const digests = this.#at(revision);
      const majority = this.#majority(digests);
      if (majority === undefined) this.#noteDissent({ revision, digests }, nowMs);
      else if (majority !== own) {
        this.mismatches++;
        return { revision, own, majority };
      } else this.#agree(revision, digests);
    }
    return undefined;
  }

  /** Those who can still be heard get a while to decide it. */
  split(nowMs: number): Split | undefined {
    const dissent = this.#dissent;
    if (dissent === undefined || nowMs - dissent.sinceMs >= DIGEST_SPLIT_MS) return dissent;
    const { mayYetSay, voters } = this.#host;
    const isOpen = voters().some((id) => !dissent.digests.has(id) && mayYetSay(id));
    return isOpen ? undefined : dissent;
  }

  #at(revision: Revision): Map<MemberId, string> {
    const digests = new Map<MemberId, string>();
    for (const id of this.#host.voters()) {
      const digest = this.#digests.get(id)?.get(revision);
      if (digest !== undefined) digests.set(id, digest);
    }
    return digests;
  }

  #majority(digests: ReadonlyMap<MemberId, string>): string | undefined {
    const counts = new Map<string, number>();
    for (const digest of digests.values()) counts.set(digest, (counts.get(digest) ?? 0) + 1);
    const needed = quorumSize(this.#host.voters().length);
    for (const [digest, count] of counts) if (count >= needed) return digest;
    return undefined;
  }

  #noteDissent({ revision, digests }: Split, nowMs: number): void {
    const isMajorityHeard = digests.size >= quorumSize(this.#host.voters().length);
    if (!isMajorityHeard || new Set(digests.values()).size < 2) return;
    if (this.#dissent?.revision !== revision) this.mismatches++;
    this.#dissent = { revision, digests, sinceMs: this.#dissent?.sinceMs ?? nowMs };
  }

  /** The odd one may be heard after the others have agreed; it will hear of them, and be fenced. */
  #noteLate(revision: Revision, digest: string): void {
    const own = this.#digests.get(this.#host.self)?.get(revision);
    if (own !== undefined && own !== digest) this.mismatches++;
  }

  #agree(revision: Revision, digests: ReadonlyMap<MemberId, string>): void {
    this.agreements++;
    if (new Set(digests.values()).size > 1) this.mismatches++;
    this.#agreedAt = revision;
    if (this.#dissent !== undefined && this.#dissent.revision <= revision)
      this.#dissent = undefined;
  }
}
