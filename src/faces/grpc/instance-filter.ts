/** Which instances a subscriber wants: by tags, zone and state. Empty parts do not filter. */
import type * as wire from '../../gen/index.js';
import { stateFrom } from '../../rpc/convert.js';
import type { RollcallError } from '../../types/errors.js';
import type { Instance, InstanceState } from '../../types/instance.js';
import { invalid } from './status.js';

export interface InstanceFilter {
  readonly tags: readonly (readonly [string, string])[];
  readonly zone: string;
  readonly states: readonly InstanceState[];
}

/** Undefined: nothing is filtered. */
export function filterFrom(
  message: wire.InstanceFilter | undefined,
): InstanceFilter | RollcallError | undefined {
  if (message === undefined) return undefined;
  const states: InstanceState[] = [];
  for (const number of message.states) {
    const state = stateFrom(number);
    if (state === undefined) return invalid(`unknown state ${number}`);
    states.push(state);
  }
  const tags = Object.entries(message.tags);
  const { zone } = message;
  return tags.length + states.length + zone.length === 0 ? undefined : { tags, zone, states };
}

export function passes(instance: Instance, filter: InstanceFilter | undefined): boolean {
  if (filter === undefined) return true;
  if (filter.zone !== '' && instance.zone !== filter.zone) return false;
  if (filter.states.length > 0 && !filter.states.includes(instance.state)) return false;
  return filter.tags.every(([key, value]) => instance.tags[key] === value);
}
