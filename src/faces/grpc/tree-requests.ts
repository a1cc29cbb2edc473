/** Requests about nodes: their data, children, access lists and quotas. */
import type * as wire from '../../gen/index.js';
import { NODE_KINDS } from '../../rpc/convert.js';
import type { ReadRequest, WatchScope, WatchStart } from '../../server/service.js';
import {
  ANY_VERSION,
  type Create,
  type Delete,
  type DeleteTree,
  type Guard,
  type SetAcl,
  type SetData,
  type SetQuota,
  type Transact,
  type TreeOperation,
} from '../../types/command.js';
import { RollcallError } from '../../types/errors.js';
import { asRevision, asSessionId } from '../../types/ids.js';
import type { AclEntry } from '../../types/node.js';
import { pathProblem } from '../../types/path.js';
import { type Frame, readRequest } from './requests.js';
import { invalid } from './status.js';

export function createBody(message: wire.CreateRequest): Create | RollcallError {
  const nodeKind = NODE_KINDS[message.kind];
  if (nodeKind === undefined) return invalid(`unknown kind of node ${message.kind}`);
  const { path, data, sequential, ttlMs } = message;
  return { kind: 'create', path, data, nodeKind, sequential, ttlMs, acl: aclOf(message.acl) };
}

export function setBody({ path, data, version }: wire.SetRequest): SetData {
  return { kind: 'set', path, data, version: version ?? ANY_VERSION };
}

export function deleteBody(message: wire.DeleteRequest): Delete | DeleteTree | RollcallError {
  const { path, version, recursive } = message;
  if (!recursive) return { kind: 'delete', path, version: version ?? ANY_VERSION };
  if (version !== undefined) return invalid('a recursive delete takes no version');
  return { kind: 'deleteTree', path };
}

export function setAclBody({ path, acl, version }: wire.SetAclRequest): SetAcl {
  return { kind: 'setAcl', path, acl: aclOf(acl), version: version ?? ANY_VERSION };
}

export function setQuotaBody(message: wire.SetQuotaRequest): SetQuota {
  const { path, nodesMax, bytesMax, who, reason } = message;
  return { kind: 'setQuota', path, limits: { nodes: nodesMax, bytes: bytesMax }, who, why: reason };
}

function aclOf(entries: readonly wire.AclEntry[]): AclEntry[] {
  return entries.map(({ scheme, id, permissions }) => ({ scheme, id, permissions }));
}

export function transactBody(message: wire.TransactRequest): Transact | RollcallError {
  const operations: TreeOperation[] = [];
  for (const each of message.operations) {
    const operation = operationBody(each);
    if (operation instanceof RollcallError) return operation;
    operations.push(operation);
  }
  return { kind: 'transact', guards: message.guards.map(guard), operations };
}

function operationBody(message: wire.Operation): TreeOperation | RollcallError {
  switch (message.operation) {
    case 'create':
      return createBody(message.create!);
    case 'set':
      return setBody(message.set!);
    case 'delete': {
      const body = deleteBody(message.delete!);
      if (body instanceof RollcallError || body.kind === 'delete') return body;
      return invalid('a transaction deletes single nodes: not recursively');
    }
    default:
      return invalid('an operation of the transaction is empty');
  }
}

function guard(message: wire.Guard): Guard {
  const { path, exists, version, createRevision, modifyRevision, owner } = message;
  const { childrenRevision, data } = message;
  return {
    path,
    ...(exists !== undefined && { exists }),
    ...(version !== undefined && { version }),
    ...(createRevision !== undefined && { createRevision: asRevision(createRevision) }),
    ...(modifyRevision !== undefined && { modifyRevision: asRevision(modifyRevision) }),
    ...(childrenRevision !== undefined && { childrenRevision: asRevision(childrenRevision) }),
    ...(owner !== undefined && { owner: asSessionId(owner) }),
    ...(data !== undefined && { data }),
  };
}

export function getRequest(message: wire.GetRequest, frame: Frame): ReadRequest | RollcallError {
  const problem = pathProblem(message.path);
  if (problem !== undefined) return invalid(problem);
  return readRequest({ type: 'get', path: message.path }, message, frame);
}

export function listRequest(message: wire.ListRequest, frame: Frame): ReadRequest | RollcallError {
  const { path, after, limit, withData, recursive } = message;
  const isPathAfter = recursive && after !== '';
  const problem = pathProblem(path) ?? (isPathAfter ? pathProblem(after) : undefined);
  if (problem !== undefined) return invalid(problem);
  const type = recursive ? 'subtree' : 'list';
  return readRequest({ type, path, after, limit, withData }, message, frame);
}

export function getAclRequest(
  message: wire.GetAclRequest,
  frame: Frame,
): ReadRequest | RollcallError {
  const problem = pathProblem(message.path);
  if (problem !== undefined) return invalid(problem);
  return readRequest({ type: 'acl', path: message.path }, message, frame);
}

export function quotasRequest(
  message: wire.QuotasRequest,
  frame: Frame,
): ReadRequest | RollcallError {
  return readRequest({ type: 'quotas' }, message, frame);
}

const SCOPES: readonly WatchScope[] = ['node', 'children', 'subtree'];

/** The id of the request names the watch. */
export function watchRequest(
  message: wire.WatchRequest,
  { id, timeoutMs }: Frame,
): WatchStart | RollcallError {
  const scope = SCOPES[message.scope];
  if (scope === undefined) return invalid(`unknown scope ${message.scope}`);
  const problem = pathProblem(message.path);
  if (problem !== undefined) return invalid(problem);
  const { path } = message;
  return { type: 'watch', id, timeoutMs, watch: id, path, scope, start: startOf(message) };
}

function startOf(message: wire.WatchRequest): WatchStart['start'] {
  if (message.afterRevision !== undefined) return asRevision(message.afterRevision);
  return message.snapshot === true ? 'snapshot' : 'now';
}
