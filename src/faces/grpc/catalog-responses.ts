/** Answers about services and their instances, as messages. */
import { decodeInstance, instanceUrl } from '../../codec/instance.js';
import type * as wire from '../../gen/index.js';
import { instanceMessage, overrideMessage, settingsMessage } from '../../rpc/convert.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { Answer } from '../../server/service.js';
import type { Revision } from '../../types/ids.js';
import type { Instance, InstanceSpec } from '../../types/instance.js';
import type { TreeNode } from '../../types/node.js';
import type { Registered } from '../../types/outcome.js';
import type { Departure } from '../../types/record.js';
import { placeToken } from './catalog-requests.js';
import { type InstanceFilter, passes } from './instance-filter.js';

type Of<Type extends Answer['type']> = Answer & { readonly type: Type };

export function registerResponse(
  registered: Registered,
  spec: InstanceSpec,
  revision: Revision,
): Outgoing<wire.RegisterResponse> {
  const instance = instanceMessage(registeredInstance(registered, spec, revision));
  return { instance, revision, tookOver: registered.tookOver };
}

/** As it stands on the roll right after. */
export function registeredInstance(
  { stat, override }: Registered,
  spec: InstanceSpec,
  revision: Revision,
): Instance {
  const { sequence, createRevision, ordinal, incarnation } = stat;
  const place = { sequence, createRevision, ordinal, incarnation, revision };
  const instance = { ...spec, ...place, url: instanceUrl(spec), overridden: false };
  if (override === undefined) return instance;
  return { ...instance, state: 'DRAINING', overridden: true, override };
}

export function servicesResponse(
  { services, more }: Of<'services'>,
  revision: Revision,
): Outgoing<wire.ServicesResponse> {
  const nextAfter = more ? (services.at(-1)?.name ?? '') : '';
  const shown = services.map(({ name, instances }) => ({ service: name, instances }));
  return { services: shown, revision, nextAfter };
}

export function instancesResponse(
  { nodes = [], more }: Of<'nodes'>,
  filter: InstanceFilter | undefined,
  revision: Revision,
): Outgoing<wire.InstancesResponse> {
  const instances = instancesOf(nodes, filter).map(instanceMessage);
  const last = more ? nodes.at(-1) : undefined;
  return { instances, revision, nextAfter: last === undefined ? '' : placeToken(last.stat) };
}

/** Nodes that hold no instance (somebody wrote there by hand) are not on the roll. */
export function instancesOf(
  nodes: readonly TreeNode[],
  filter: InstanceFilter | undefined,
): Instance[] {
  const instances: Instance[] = [];
  for (const node of nodes) {
    const instance = decodeInstance(node);
    if (instance !== undefined && passes(instance, filter)) instances.push(instance);
  }
  return instances;
}

export function serviceResponse(
  { service: view }: Of<'service'>,
  revision: Revision,
): Outgoing<wire.GetServiceResponse> {
  const { service, exists, version, settingsRevision, instances, subscribers } = view;
  const settings = settingsMessage(view.settings, { version, revision: settingsRevision });
  return { service, exists, settings, instances, subscribers, revision };
}

export function overridesResponse(
  { overrides, more }: Of<'overrides'>,
  revision: Revision,
): Outgoing<wire.OverridesResponse> {
  const shown = overrides.map(({ service, id, override }) => {
    return { service, id, override: overrideMessage(override) };
  });
  const last = more ? overrides.at(-1) : undefined;
  const nextAfter = last === undefined ? '' : `${last.service}/${last.id}`;
  return { overrides: shown, revision, nextAfter };
}

/** `nameOfMember`: its id when it has none. */
export function departuresResponse(
  { departures }: Of<'departures'>,
  revision: Revision,
  nameOfMember: (id: string) => string,
): Outgoing<wire.DeparturesResponse> {
  const shown = departures.map((departure) => departureMessage(departure, nameOfMember));
  return { departures: shown, revision };
}

function departureMessage(
  departure: Departure,
  nameOfMember: (id: string) => string,
): Outgoing<wire.Departure> {
  const { timeoutMs, member, ...same } = departure;
  return { ...same, sessionTimeoutMs: timeoutMs, member: nameOfMember(member) };
}
