/** Requests about services: their instances, settings, operators' overrides and departures. */
import { encodeSettings, settingsProblem } from '../../codec/settings.js';
import type * as wire from '../../gen/index.js';
import type { Place, ReadRequest } from '../../server/service.js';
import { ANY_VERSION, type SetOverride, type SetSettings } from '../../types/command.js';
import { RollcallError } from '../../types/errors.js';
import { asRevision } from '../../types/ids.js';
import { nameProblem } from '../../types/path.js';
import type { ServiceSettings } from '../../types/settings.js';
import { type Frame, readRequest } from './requests.js';
import { invalid } from './status.js';

export function servicesRequest(
  message: wire.ServicesRequest,
  frame: Frame,
): ReadRequest | RollcallError {
  const { after, limit } = message;
  return readRequest({ type: 'services', after, limit }, message, frame);
}

export function instancesRequest(
  message: wire.InstancesRequest,
  frame: Frame,
): ReadRequest | RollcallError {
  const { service, limit } = message;
  const problem = serviceProblem(service);
  if (problem !== undefined) return problem;
  const after = placeFrom(message.after);
  if (after instanceof RollcallError) return after;
  return readRequest({ type: 'instances', service, after, limit }, message, frame);
}

/** "createRevision.ordinal", for the caller without meaning. */
export function placeToken({ createRevision, ordinal }: Place): string {
  return `${createRevision}.${ordinal}`;
}

function placeFrom(token: string): Place | undefined | RollcallError {
  if (token === '') return undefined;
  const [, revision, ordinal] = /^(\d{1,16})\.(\d{1,10})$/.exec(token) ?? [];
  const createRevision = Number(revision);
  if (!Number.isSafeInteger(createRevision)) return invalid('after: not from next_after');
  return { createRevision: asRevision(createRevision), ordinal: Number(ordinal) };
}

export function getServiceRequest(
  message: wire.GetServiceRequest,
  frame: Frame,
): ReadRequest | RollcallError {
  const { service } = message;
  return readRequest(serviceProblem(service) ?? { type: 'service', service }, message, frame);
}

export function overridesRequest(
  message: wire.OverridesRequest,
  frame: Frame,
): ReadRequest | RollcallError {
  const { service, after, limit } = message;
  const problem = service === '' ? undefined : serviceProblem(service);
  return readRequest(problem ?? { type: 'overrides', service, after, limit }, message, frame);
}

export function departuresRequest(
  message: wire.DeparturesRequest,
  frame: Frame,
): ReadRequest | RollcallError {
  const { service, id } = message;
  const problem = serviceProblem(service) ?? (id === '' ? undefined : idProblem(id));
  return readRequest(problem ?? { type: 'departures', service, id }, message, frame);
}

export function setServiceBody(message: wire.SetServiceRequest): SetSettings | RollcallError {
  const { service, version, who, reason } = message;
  const settings = settingsFrom(message.settings);
  const problem = settingsProblem(settings);
  if (problem !== undefined) {
    return new RollcallError(
      problem.startsWith('too large') ? 'TOO_LARGE' : 'INVALID_ARGUMENT',
      problem,
    );
  }
  const data = encodeSettings(settings);
  const wanted = version ?? ANY_VERSION;
  return { kind: 'setSettings', service, data, version: wanted, who, why: reason };
}

export function settingsFrom(message: wire.ServiceSettings | undefined): ServiceSettings {
  return {
    policy: message?.policy ?? '',
    minimumHealthy: message?.minimumHealthy ?? 0,
    fields: message?.fields ?? {},
  };
}

export function setOverrideBody(message: wire.SetOverrideRequest): SetOverride | RollcallError {
  const { service, id, action, who, reason, until } = message;
  if (action !== 'drain' && action !== 'deregister') {
    return invalid(`action must be drain or deregister, not "${action}"`);
  }
  return { kind: 'setOverride', service, id, action, who, reason, until };
}

export function liftOverrideBody(message: wire.LiftOverrideRequest): SetOverride {
  const { service, id, who, reason } = message;
  return { kind: 'setOverride', service, id, action: 'lift', who, reason, until: 0 };
}

export function serviceProblem(service: string): RollcallError | undefined {
  const problem = nameProblem(service);
  return problem === undefined ? undefined : invalid(`service: ${problem}`);
}

function idProblem(id: string): RollcallError | undefined {
  const problem = nameProblem(id);
  return problem === undefined ? undefined : invalid(`id: ${problem}`);
}
