/** Events of a service's nodes as what they mean on the roll: joins, changes and leaves. */
import { decodeInstance } from '../../codec/instance.js';
import { LEAVE_REASONS } from '../../codec/leave-reason.js';
import * as wire from '../../gen/index.js';
import { instanceMessage } from '../../rpc/convert.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { EventBatch, TreeEvent } from '../../types/event.js';
import type { Instance } from '../../types/instance.js';
import { nameOf, parentPath } from '../../types/path.js';

export interface RollChange {
  readonly type: number;
  readonly instance: Instance;
  readonly reason: string;
}

/** What concerns the instances of the service at `path`: neither itself nor what stands below them. */
export function instanceEvents({ events }: EventBatch, path: string): readonly TreeEvent[] {
  return events.filter((event) => parentPath(event.path) === path);
}

export function changeOf(event: TreeEvent): RollChange {
  const instance = decodeInstance(event);
  const type = wire.ChangeType.LEAVE;
  if (event.type === 'deleted') {
    return { type, instance: instance ?? bare(event), reason: LEAVE_REASONS[event.cause] };
  }
  if (instance === undefined) return { type, instance: bare(event), reason: 'deregistered' };
  const joins = event.type === 'created';
  return { type: joins ? wire.ChangeType.JOIN : wire.ChangeType.CHANGE, instance, reason: '' };
}

export function changeMessage(change: RollChange): Outgoing<wire.InstanceChange> {
  const { type, instance, reason } = change;
  return { type, instance: instanceMessage(instance), reason };
}

/** Of a node that no longer holds an instance there is only the name to say. */
function bare({ path, stat, revision }: TreeEvent): Instance {
  const { sequence, createRevision, ordinal, incarnation } = stat;
  return {
    service: nameOf(parentPath(path) ?? path),
    id: nameOf(path),
    address: '',
    port: 0,
    ports: {},
    protocol: '',
    basePath: '',
    weight: 0,
    zone: '',
    tags: {},
    state: 'DOWN',
    registeredAt: 0,
    url: '',
    overridden: false,
    ...{ sequence, revision, createRevision, ordinal, incarnation },
  };
}
