/** An operator's word over an instance: set, replaced or lifted, seen by subscribers as one event. */
import { instancePath } from '../../codec/instance.js';
import type { SetOverride } from '../../types/command.js';
import type { Done } from '../../types/outcome.js';
import type { Work } from '../work.js';

const DONE: Done = { type: 'done' };

/** Taking an instance off deletes it and keeps its id from registering until lifted. */
export function applyOverride(body: SetOverride, work: Work): Done {
  const { overrides, nodes } = work.state;
  const { service, id, action, who, reason, until } = body;
  const path = instancePath(service, id);
  if (action === 'lift') {
    if (!overrides.lift(path)) return DONE;
  } else {
    overrides.set(service, id, { action, who, reason, until, revision: work.revision });
  }
  const node = nodes.get(path);
  if (node === undefined) return DONE;
  const isTakenOff = action === 'deregister' && node.childCount === 0;
  if (isTakenOff) work.delete(node, 'operator');
  else work.emit('overridden', node, 'operator');
  return DONE;
}
