/** Operations of a session stream as requests of the service, and what their answers look like. */
import type * as wire from '../../gen/index.js';
import { errorDetail } from '../../rpc/failure.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { Request } from '../../server/service.js';
import { RollcallError } from '../../types/errors.js';
import type { InstanceSpec } from '../../types/instance.js';
import { instancesRequest, servicesRequest } from './catalog-requests.js';
import { instancesResponse, registerResponse, servicesResponse } from './catalog-responses.js';
import { filterFrom, type InstanceFilter } from './instance-filter.js';
import { deregisterBody, instanceSpec, registerBody, updateBody } from './registration.js';
import { type Frame, writeRequest } from './requests.js';
import type { Answered } from './responses.js';
import { attachRequest, openRequest } from './session-requests.js';
import { openResponse } from './session-responses.js';
import { invalid } from './status.js';
import {
  createBody,
  deleteBody,
  getAclRequest,
  getRequest,
  listRequest,
  setAclBody,
  setBody,
  transactBody,
  watchRequest,
} from './tree-requests.js';
import { aclResponse, listResponse, transactResponse } from './tree-responses.js';

export type Asked = Request & { readonly id: number };

/** What must be remembered of an operation to answer it. */
export type Memory =
  | { readonly type: 'register'; readonly spec: InstanceSpec }
  | { readonly type: 'instances'; readonly filter: InstanceFilter | undefined }
  | { readonly type: 'list'; readonly recursive: boolean };

export interface Understood {
  readonly request: Asked | RollcallError;
  readonly memory?: Memory;
}

/** `peer`: the address that registrations default to. */
export function understand(operation: wire.StreamOperation, peer: string): Understood {
  const { id, seq, timeoutMs } = operation;
  const frame = { id, seq, timeoutMs };
  switch (operation.operation) {
    case 'register':
      return register(operation.register!, frame, peer);
    case 'instances':
      return instances(operation.instances!, frame);
    case 'list':
      return list(operation.list!, frame);
    default:
      return { request: plain(operation, frame, peer) };
  }
}

function plain(operation: wire.StreamOperation, frame: Frame, peer: string): Asked | RollcallError {
  switch (operation.operation) {
    case 'create':
      return writeRequest(createBody(operation.create!), frame);
    case 'set':
      return writeRequest(setBody(operation.set!), frame);
    case 'delete':
      return writeRequest(deleteBody(operation.delete!), frame);
    case 'transact':
      return writeRequest(transactBody(operation.transact!), frame);
    case 'get':
      return getRequest(operation.get!, frame);
    case 'getAcl':
      return getAclRequest(operation.getAcl!, frame);
    case 'setAcl':
      return writeRequest(setAclBody(operation.setAcl!), frame);
    case 'services':
      return servicesRequest(operation.services!, frame);
    case 'watch':
      return watchRequest(operation.watch!, frame);
    default:
      return ofSession(operation, frame, peer);
  }
}

function ofSession(
  operation: wire.StreamOperation,
  frame: Frame,
  peer: string,
): Asked | RollcallError {
  switch (operation.operation) {
    case 'open':
      return openRequest(operation.open!, frame, peer);
    case 'attach':
      return attachRequest(operation.attach!, frame);
    case 'close':
      return writeRequest({ kind: 'closeSession' }, frame);
    case 'skip':
      return writeRequest({ kind: 'skip' }, frame);
    case 'updateInstance':
      return writeRequest(update(operation.updateInstance!, peer), frame);
    case 'deregister':
      return writeRequest(deregisterBody(operation.deregister!), frame);
    default:
      return invalid('the operation is empty, or of a later version');
  }
}

/** The time of registering is the client's to say: the same request sent again must be the same bytes. */
function update(message: wire.UpdateInstanceRequest, address: string) {
  return updateBody(message, { address, registeredAt: message.instance?.registeredAt ?? 0 });
}

function register(message: wire.RegisterRequest, frame: Frame, address: string): Understood {
  const spec = instanceSpec(message, { address, registeredAt: message.registeredAt });
  if (spec instanceof RollcallError) return { request: spec };
  const body = registerBody(spec, { isStatic: message.static, takeover: message.takeover });
  return { request: writeRequest(body, frame), memory: { type: 'register', spec } };
}

function instances(message: wire.InstancesRequest, frame: Frame): Understood {
  const filter = filterFrom(message.filter);
  if (filter instanceof RollcallError) return { request: filter };
  return { request: instancesRequest(message, frame), memory: { type: 'instances', filter } };
}

function list(message: wire.ListRequest, frame: Frame): Understood {
  const { recursive } = message;
  return { request: listRequest(message, frame), memory: { type: 'list', recursive } };
}

type Response = Outgoing<wire.OperationResponse>;

export function errorResponse(id: number, error: RollcallError, position = 0): Response {
  return { id, error: errorDetail(error, position) };
}

/** All answers but those to single reads and changes, which are written by hand. */
export function answerResponse(delivery: Answered, memory: Memory | undefined): Response {
  return delivery.type === 'outcome' ? ofOutcome(delivery, memory) : ofAnswer(delivery, memory);
}

function ofOutcome(delivery: Answered & { readonly type: 'outcome' }, memory?: Memory): Response {
  const { id, outcome, revision } = delivery;
  switch (outcome.type) {
    case 'transacted':
      return { id, transact: transactResponse(outcome, revision) };
    case 'attached':
      return { id, open: openResponse(outcome) };
    case 'registered':
      if (memory?.type !== 'register') return { id, done: revision };
      return { id, register: registerResponse(outcome, memory.spec, revision) };
    case 'removed':
      return { id, delete: { revision, nodes: outcome.nodes } };
    default:
      return { id, done: revision };
  }
}

function ofAnswer(delivery: Answered & { readonly type: 'answer' }, memory?: Memory): Response {
  const { id, answer, revision } = delivery;
  switch (answer.type) {
    case 'services':
      return { id, services: servicesResponse(answer, revision) };
    case 'acl': {
      const getAcl = aclResponse(answer, revision);
      return getAcl instanceof RollcallError ? errorResponse(id, getAcl) : { id, getAcl };
    }
    case 'nodes': {
      if (memory?.type === 'instances') {
        return { id, instances: instancesResponse(answer, memory.filter, revision) };
      }
      const recursive = memory?.type === 'list' && memory.recursive;
      const list = listResponse(answer, revision, recursive);
      return list instanceof RollcallError ? errorResponse(id, list) : { id, list };
    }
    default:
      return { id, done: revision };
  }
}
