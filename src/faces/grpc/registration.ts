/**
 * Registrations as clients write them: defaults filled in, sizes and names checked. The address
 * defaults to where the call came from, the id to address and port.
 */
import { encodeInstance, WEIGHT_DEFAULT } from '../../codec/instance.js';
import type * as wire from '../../gen/index.js';
import { stateFrom } from '../../rpc/convert.js';
import type { Deregister, Register, UpdateInstance } from '../../types/command.js';
import { RollcallError } from '../../types/errors.js';
import { asRevision } from '../../types/ids.js';
import type { InstanceSpec, InstanceState } from '../../types/instance.js';
import { nameProblem } from '../../types/path.js';
import { invalid } from './status.js';

const PROTOCOL_DEFAULT = 'http';
/** Readers of the roll in many languages copy these into plain objects. */
const UNUSABLE = '__proto__';
const PORT_MAX = 65_535;

/** What Register and Hold have in common. */
export type Registration = Pick<
  wire.RegisterRequest,
  | 'service'
  | 'id'
  | 'address'
  | 'port'
  | 'ports'
  | 'protocol'
  | 'basePath'
  | 'weight'
  | 'zone'
  | 'tags'
  | 'state'
>;

export interface Caller {
  /** Where the call came from, without the port. */
  readonly address: string;
  /** Milliseconds since 1970, said by the registering side. */
  readonly registeredAt: number;
}

export function instanceSpec(message: Registration, caller: Caller): InstanceSpec | RollcallError {
  const state = message.state === 0 ? 'UP' : stateFrom(message.state);
  const problem = registrationProblem(message, state);
  if (problem !== undefined) return invalid(problem);
  const address = message.address || caller.address;
  return {
    service: message.service,
    id: message.id || `${address}-${message.port}`,
    address,
    port: message.port,
    ports: message.ports,
    protocol: message.protocol || PROTOCOL_DEFAULT,
    basePath: message.basePath,
    weight: message.weight ?? WEIGHT_DEFAULT,
    zone: message.zone,
    tags: message.tags,
    state: state!,
    registeredAt: caller.registeredAt,
  };
}

function registrationProblem(
  message: Registration,
  state: InstanceState | undefined,
): string | undefined {
  if (state === undefined) return `unknown state ${message.state}`;
  if (message.port < 1 || message.port > PORT_MAX) return `port ${message.port} outside 1..65535`;
  for (const name of [...Object.keys(message.ports), ...Object.keys(message.tags)])
    if (name === UNUSABLE) return `"${name}" cannot be the name of a port or a tag`;
  for (const [name, port] of Object.entries(message.ports)) {
    if (port < 1 || port > PORT_MAX) return `port ${name} outside 1..65535`;
  }
  const problem = nameProblem(message.service);
  return problem === undefined ? undefined : `service: ${problem}`;
}

export function registerBody(
  spec: InstanceSpec,
  { isStatic, takeover }: { readonly isStatic: boolean; readonly takeover: boolean },
): Register {
  const { service, id, address, port } = spec;
  const data = encodeInstance(spec);
  return { kind: 'register', service, id, address, port, data, isStatic, takeover };
}

export function updateBody(
  message: wire.UpdateInstanceRequest,
  caller: Caller,
): UpdateInstance | RollcallError {
  if (message.instance === undefined) return invalid('instance is missing');
  const spec = instanceSpec(message.instance, caller);
  if (spec instanceof RollcallError) return spec;
  const incarnation = asRevision(message.incarnation);
  const { service, id } = spec;
  return { kind: 'updateInstance', service, id, data: encodeInstance(spec), incarnation };
}

export function deregisterBody(message: wire.DeregisterRequest): Deregister {
  const { service, id, who, reason } = message;
  const incarnation = asRevision(message.incarnation);
  return { kind: 'deregister', service, id, incarnation, who, why: reason };
}
