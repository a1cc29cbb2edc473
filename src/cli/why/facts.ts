/**
 * All that is known of one instance: whether it is on the roll, what an operator said of it, and each of its
 * registrations that ended, as far as the record of its service reaches.
 */
import type { Client, DepartureView, Instance, OverrideView } from '../../client/index.js';
import { decodeInstance, instancePath } from '../../codec/instance.js';
import type { InstanceName } from '../values/targets.js';

export interface WhyFacts extends InstanceName {
  /** undefined: it is not on the roll. */
  readonly current: CurrentInstance | undefined;
  readonly override: OverrideView | undefined;
  /** Its registrations that ended, oldest first. */
  readonly departures: readonly DepartureView[];
  readonly record: RecordReach;
}

export interface CurrentInstance {
  readonly instance: Instance;
  /** Milliseconds since 1970, the leader's stamps. */
  readonly joinedTime: number;
  readonly changedTime: number;
  /** 0: it is static. */
  readonly session: number;
}

/** How much is remembered of the service. */
export interface RecordReach {
  readonly departures: number;
  /** Of the oldest; undefined: nothing is remembered. */
  readonly oldestTime: number | undefined;
  /** Of all that left, whatever became of them. */
  readonly ids: readonly string[];
}

export async function readWhyFacts(client: Client, name: InstanceName): Promise<WhyFacts> {
  const { service, id } = name;
  const [node, overrides, all] = await Promise.all([
    client.get(instancePath(service, id)),
    client.admin.overrides({ service }),
    client.admin.departures(service),
  ]);
  const instance = node === undefined ? undefined : decodeInstance(node);
  const current =
    node === undefined || instance === undefined
      ? undefined
      : {
          instance,
          joinedTime: node.stat.createTime,
          changedTime: node.stat.modifyTime,
          session: node.stat.owner,
        };
  return {
    service,
    id,
    current,
    override: overrides.find((override) => override.id === id),
    departures: all.filter((departure) => departure.id === id),
    record: {
      departures: all.length,
      oldestTime: all[0]?.time,
      ids: [...new Set(all.map((departure) => departure.id))],
    },
  };
}

/** Whether there is anything to explain. */
export function isKnown({ current, override, departures }: WhyFacts): boolean {
  return current !== undefined || override !== undefined || departures.length > 0;
}
