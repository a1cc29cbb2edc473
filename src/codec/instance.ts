/**
 * An instance as the JSON that a node of the catalog holds: the field set of Curator's x-discovery
 * ServiceInstance with our own fields beside them. Reading is tolerant (Curator's own JSON, unknown
 * fields) and total: what is no instance gives `undefined`.
 */

import { asRevision } from '../types/ids.js';
import type { Instance, InstanceSpec, InstanceState } from '../types/instance.js';
import { INSTANCE_STATES } from '../types/instance.js';
import type { TreeNode } from '../types/node.js';
import { childPath, nameOf, parentPath } from '../types/path.js';
import { parseObject, recordOf, textOf } from './json.js';

export const SERVICES_ROOT = '/services';
export const WEIGHT_DEFAULT = 100;

const PORT_MAX = 65_535;
const PROTOCOL_DEFAULT = 'http';
const TLS_PROTOCOLS: ReadonlySet<string> = new Set(['https', 'grpcs', 'wss', 'tls']);
const UTF8_ENCODER = new TextEncoder();

export function servicePath(service: string): string {
  return childPath(SERVICES_ROOT, service);
}

export function instancePath(service: string, id: string): string {
  return childPath(servicePath(service), id);
}

/** No `payload`: Curator's reader would fail on a type it does not know. */
export function encodeInstance(spec: InstanceSpec): Uint8Array {
  const json = {
    name: spec.service,
    id: spec.id,
    address: spec.address,
    port: spec.port,
    sslPort: TLS_PROTOCOLS.has(spec.protocol) ? spec.port : null,
    registrationTimeUTC: spec.registeredAt,
    serviceType: 'DYNAMIC',
    uriSpec: { parts: [{ value: instanceUrl(spec), variable: false }] },
    enabled: isEnabled(spec.state),
    ports: spec.ports,
    protocol: spec.protocol,
    basePath: spec.basePath,
    weight: spec.weight,
    zone: spec.zone,
    tags: spec.tags,
    state: spec.state,
  };
  return UTF8_ENCODER.encode(JSON.stringify(json));
}

/** The instance that a node holds, with the operator's override applied. Its path names service and id. */
export function decodeInstance(node: TreeNode): Instance | undefined {
  const parent = parentPath(node.path);
  const spec =
    parent === undefined ? undefined : parseSpec(nameOf(parent), nameOf(node.path), node.data);
  if (spec === undefined) return undefined;
  const { stat, override } = node;
  return {
    ...spec,
    state: override === undefined ? spec.state : 'DRAINING',
    sequence: stat.sequence,
    revision: asRevision(Math.max(stat.modifyRevision, override?.revision ?? 0)),
    createRevision: stat.createRevision,
    ordinal: stat.ordinal,
    incarnation: stat.incarnation,
    url: instanceUrl(spec),
    overridden: override !== undefined,
    ...(override !== undefined && { override }),
  };
}

/** Where an instance is, without reading the rest of it. */
export function decodePlace(data: Uint8Array): Pick<InstanceSpec, 'address' | 'port'> | undefined {
  const json = parseObject(data);
  const address = textOf(json?.address) ?? '';
  const port = portOf(json?.port) ?? portOf(json?.sslPort);
  return address === '' || port === undefined ? undefined : { address, port };
}

/** protocol://address:port/basePath, an IPv6 literal in brackets. */
export function instanceUrl(
  spec: Pick<InstanceSpec, 'protocol' | 'address' | 'port' | 'basePath'>,
): string {
  const host = spec.address.includes(':') ? `[${spec.address}]` : spec.address;
  const slash = spec.basePath === '' || spec.basePath.startsWith('/') ? '' : '/';
  return `${spec.protocol}://${host}:${spec.port}${slash}${spec.basePath}`;
}

function isEnabled(state: InstanceState): boolean {
  return state === 'STARTING' || state === 'UP';
}

function parseSpec(service: string, id: string, data: Uint8Array): InstanceSpec | undefined {
  const json = parseObject(data);
  if (json === undefined) return undefined;
  const address = textOf(json.address) ?? '';
  const sslPort = portOf(json.sslPort);
  const port = portOf(json.port) ?? sslPort;
  if (address === '' || port === undefined) return undefined;
  const protocol = portOf(json.port) === undefined ? 'https' : PROTOCOL_DEFAULT;
  return {
    service,
    id,
    address,
    port,
    ports: portsOf(json.ports),
    protocol: textOf(json.protocol) ?? protocol,
    basePath: textOf(json.basePath) ?? '',
    weight: countOr(json.weight, WEIGHT_DEFAULT),
    zone: textOf(json.zone) ?? '',
    tags: tagsOf(json.tags),
    state: stateOf(json.state, json.enabled),
    registeredAt: countOr(json.registrationTimeUTC, 0),
  };
}

function countOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : otherwise;
}

function portOf(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isInteger(value)) return undefined;
  return value >= 0 && value <= PORT_MAX ? value : undefined;
}

function portsOf(value: unknown): Readonly<Record<string, number>> {
  return recordOf(value, portOf);
}

function tagsOf(value: unknown): Readonly<Record<string, string>> {
  return recordOf(value, textOf);
}

/** Curator knows only `enabled`: what it took out of service is DOWN. */
function stateOf(state: unknown, enabled: unknown): InstanceState {
  const known = INSTANCE_STATES.find((name) => name === state);
  return known ?? (enabled === false ? 'DOWN' : 'UP');
}
