/**
 * What the parts of this face share: the service, the count of what runs, and the calls that must be
 * told to move when the member leaves.
 */
import type { FaceMetrics } from '../../server/face.js';
import type { Service } from '../../server/service.js';
import type { Callers } from './callers.js';
import type { InstanceBytes } from './instance-bytes.js';
import type { Pulse } from './pulse.js';
import type { SnapshotQueue } from './snapshot-queue.js';

/** A call without an end of its own. */
export interface LongCall {
  /** The member leaves: ends the call so that the client goes on elsewhere. */
  move(): void;
}

export interface GrpcContext {
  readonly service: Service;
  readonly metrics: FaceMetrics;
  readonly callers: Callers;
  readonly longCalls: Set<LongCall>;
  /** Instances that wait for slow readers, of all subscriptions of this member together. */
  readonly waiting: { total: number };
  readonly snapshots: SnapshotQueue;
  readonly instances: InstanceBytes;
  readonly pulse: Pulse;
}

/** Its name; its id when nobody by that id is a member any more. */
export function memberNames({ service }: GrpcContext): (id: string) => string {
  const names = new Map(service.members().map(({ status }) => [status.id as string, status.name]));
  return (id) => names.get(id) ?? id;
}
