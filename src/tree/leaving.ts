/** Which removals end a registration, and what is remembered of it. */
import { SERVICES_ROOT } from '../codec/instance.js';
import type { Cause } from '../types/event.js';
import type { Revision } from '../types/ids.js';
import { nameOf } from '../types/path.js';
import type { DepartureReason } from '../types/record.js';
import type { DepartureFacts } from './departures.js';
import type { NodeRecord } from './nodes.js';
import type { SessionRecord } from './sessions.js';

/** Somebody's hand in it; empty texts when there was none. */
export interface Hand {
  readonly who: string;
  readonly why: string;
}

export const NOBODY: Hand = { who: '', why: '' };

export const REASONS: Readonly<Record<Cause, DepartureReason>> = {
  client: 'deregistered',
  operator: 'deregistered',
  takeover: 'replaced',
  close: 'closed',
  expiry: 'expired',
  grace: 'disconnected',
  reap: 'expired',
  revoke: 'revoked',
  restore: 'restored',
};

/** Whatever stands two levels below the root of services. */
export function isInstance(node: NodeRecord): boolean {
  return node.parent?.parent?.path === SERVICES_ROOT;
}

export interface Leave {
  readonly cause: Cause;
  readonly revision: Revision;
  readonly time: number;
  readonly hand: Hand;
}

/** Before the claim changes hands; the owner when it has one that lives. */
export function factsOf(
  node: NodeRecord,
  owner: SessionRecord | undefined,
  { cause, revision, time, hand }: Leave,
): DepartureFacts {
  return {
    service: nameOf(node.parent!.path),
    id: nameOf(node.path),
    revision,
    time,
    reason: REASONS[cause],
    sequence: node.sequence,
    createRevision: node.createRevision,
    incarnation: node.incarnation,
    session: node.owner,
    timeoutMs: owner?.timeoutMs ?? 0,
    graceMs: owner?.graceMs ?? 0,
    member: owner?.member ?? '',
    who: hand.who,
    why: hand.why,
  };
}
