/** Which removals end a registration, and what is remembered of it. */
import { SERVICES_ROOT } from '../codec/instance.js';
import { LEAVE_REASONS } from '../codec/leave-reason.js';
import type { Cause } from '../types/event.js';
import type { Revision } from '../types/ids.js';
import { DEPARTURES_PER_SERVICE_MAX } from '../types/limits.js';
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

/** Of a takeover the place stays on the roll; only the registration ended. */
const REASONS: Readonly<Record<Cause, DepartureReason>> = {
  ...LEAVE_REASONS,
  takeover: 'replaced',
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

/** A registration that ends with the entry that is being applied. */
export interface Leaving {
  readonly node: NodeRecord;
  readonly owner: SessionRecord | undefined;
  readonly leave: Leave;
  readonly data: Uint8Array;
  /** Of a claim that changed hands: the node has forgotten them. */
  readonly facts: DepartureFacts | undefined;
}

/** No more of each service than is kept: of a mass expiry most need not be looked at. */
export function lastOfEach(leaving: readonly Leaving[]): readonly Leaving[] {
  if (leaving.length <= DEPARTURES_PER_SERVICE_MAX) return leaving;
  const counts = new Map<NodeRecord | undefined, number>();
  const kept: Leaving[] = [];
  for (let i = leaving.length - 1; i >= 0; i--) {
    const one = leaving[i]!;
    const count = counts.get(one.node.parent) ?? 0;
    counts.set(one.node.parent, count + 1);
    if (count < DEPARTURES_PER_SERVICE_MAX) kept.push(one);
  }
  return kept.reverse();
}

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
