/**
 * What this member knows of the others without asking: what each said of itself last, and when anything was
 * heard of it. Tells who could take over the lead.
 */
import type { FollowerView } from '../raft/raft.js';
import type { MemberId } from '../types/ids.js';
import type { Configuration } from '../types/log.js';
import type { MemberStatus } from '../types/peer.js';

export interface HeardStatus {
  readonly status: MemberStatus;
  readonly atMs: number;
}

/** Not heard of for this long: shown as unreachable. */
const UNREACHABLE_MS = 2_000;

/** Whoever is not configured has no say: it moves no term, enters no change and is not remembered. */
export function isConfigured({ voters, learners }: Configuration, id: MemberId): boolean {
  return voters.some((voter) => voter.id === id) || learners.some((learner) => learner.id === id);
}

export class Peers {
  readonly #statuses = new Map<MemberId, HeardStatus>();
  readonly #heardAtMs = new Map<MemberId, number>();

  heard(from: MemberId, nowMs: number): void {
    this.#heardAtMs.set(from, nowMs);
  }

  noteStatus(from: MemberId, status: MemberStatus, nowMs: number): void {
    if (status.id === from) this.#statuses.set(from, { status, atMs: nowMs });
  }

  get statuses(): ReadonlyMap<MemberId, HeardStatus> {
    return this.#statuses;
  }

  isReachable(id: MemberId, nowMs: number): boolean {
    return nowMs - (this.#statuses.get(id)?.atMs ?? Number.NEGATIVE_INFINITY) <= UNREACHABLE_MS;
  }

  isQuarantined(id: MemberId): boolean {
    return this.#statuses.get(id)?.status.role === 'quarantined';
  }

  /** Best first: who was heard after `sinceMs` rather than who may hang, then who has most of the log. */
  heirs(followers: readonly FollowerView[], sinceMs: number): readonly MemberId[] {
    const isAwake = (id: MemberId) => Number((this.#heardAtMs.get(id) ?? 0) >= sinceMs);
    return followers
      .filter(({ id }) => this.#mayLead(id))
      .sort((a, b) => isAwake(b.id) - isAwake(a.id) || b.matchIndex - a.matchIndex)
      .map(({ id }) => id);
  }

  #mayLead(id: MemberId): boolean {
    const status = this.#statuses.get(id)?.status;
    return status === undefined || (status.role !== 'quarantined' && status.disk === 'ok');
  }
}
