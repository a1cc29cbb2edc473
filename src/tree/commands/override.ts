/** An operator's word over an instance: set, replaced or lifted, seen by subscribers as one event. */
import { instancePath, servicePath } from '../../codec/instance.js';
import type { ExpireOverride, SetOverride } from '../../types/command.js';
import { OVERRIDES_MAX } from '../../types/limits.js';
import { DELETE, WRITE } from '../../types/node.js';
import type { Done, Refused } from '../../types/outcome.js';
import type { AuditAction } from '../../types/record.js';
import { refused, type Work } from '../work.js';

const DONE: Done = { type: 'done' };

const ACTIONS: Readonly<Record<SetOverride['action'], AuditAction>> = {
  drain: 'drain',
  deregister: 'deregister',
  lift: 'undrain',
};

/** Taking an instance off deletes it and keeps its id from registering until lifted. */
export function applyOverride(body: SetOverride, work: Work): Done | Refused {
  const { service, id, action, who, reason, until } = body;
  const { overrides } = work.state;
  const path = instancePath(service, id);
  if (!mayOverride(body, work)) return refused('DENIED', path);
  work.hand = { who, why: reason };
  if (action === 'lift') {
    if (!overrides.lift(path)) return DONE;
  } else if (overrides.size >= OVERRIDES_MAX && overrides.get(path) === undefined) {
    return refused('TOO_LARGE', `there are ${OVERRIDES_MAX} overrides: lift others first`);
  } else {
    overrides.set(service, id, { action, who, reason, until, revision: work.revision });
  }
  work.audit(ACTIONS[action], `${service}/${id}`);
  show(body, action === 'deregister', work);
  return DONE;
}

/** What would be needed to do it by hand: to take an instance off, or to change what its service shows. */
function mayOverride({ service, action }: SetOverride, work: Work): boolean {
  const node = work.state.nodes.get(servicePath(service));
  return node === undefined || work.may(action === 'deregister' ? DELETE : WRITE, node);
}

/** One that was set again since is another. */
export function applyExpireOverride(body: ExpireOverride, work: Work): Done {
  const path = instancePath(body.service, body.id);
  const override = work.state.overrides.get(path);
  if (override?.revision !== body.revision) return DONE;
  work.state.overrides.lift(path);
  work.hand = { who: override.who, why: override.reason };
  work.audit('overrideExpired', `${body.service}/${body.id}`);
  show(body, false, work);
  return DONE;
}

function show(
  of: { readonly service: string; readonly id: string },
  isTakenOff: boolean,
  work: Work,
): void {
  const node = work.state.nodes.get(instancePath(of.service, of.id));
  if (node === undefined) return;
  if (isTakenOff && node.childCount === 0) work.delete(node, 'operator');
  else work.emit('overridden', node, 'operator');
}
