/** What a watch delivers: one event per changed node, all events of a revision together. */
import type { Revision } from './ids.js';
import type { NodeStat, Override } from './node.js';

/** What happened to a node. */
export type EventType = 'created' | 'changed' | 'deleted' | 'overridden';

/** Why a change was made: the act or the rule behind it. */
export type Cause =
  | 'client'
  | 'close'
  | 'expiry'
  | 'grace'
  | 'operator'
  | 'takeover'
  /** An emptied container, or a ttl node past its time. */
  | 'reap'
  | 'revoke'
  | 'restore';

export interface TreeEvent {
  readonly type: EventType;
  readonly path: string;
  readonly revision: Revision;
  /** Position among the events of its revision. */
  readonly ordinal: number;
  readonly stat: NodeStat;
  /** The data after the change; of a deleted node, what it held last. */
  readonly data: Uint8Array;
  readonly cause: Cause;
  /** Instances: the override in force after the event. */
  readonly override?: Override;
  /** Interned id of the node's access list, checked when the event is delivered. */
  readonly aclId: number;
}

/** All events of one revision. Shared by every subscriber, so what a face encodes it can keep here. */
export interface EventBatch {
  readonly revision: Revision;
  readonly events: readonly TreeEvent[];
}
