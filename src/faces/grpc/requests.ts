/**
 * Messages as requests of the service. What a client wrote is checked here, before it is encoded for
 * the log; whatever does not pass becomes an error for that request alone.
 */
import { createHash } from 'node:crypto';
import { encodeBody, validateBody } from '../../codec/command.js';
import * as wire from '../../gen/index.js';
import { NODE_KINDS } from '../../rpc/convert.js';
import type {
  Query,
  ReadRequest,
  WatchScope,
  WatchStart,
  WriteRequest,
} from '../../server/service.js';
import {
  ANY_VERSION,
  type CommandBody,
  type Create,
  type Delete,
  type Guard,
  type SetData,
  type Transact,
  type TreeOperation,
} from '../../types/command.js';
import { RollcallError } from '../../types/errors.js';
import { asRevision, asSessionId } from '../../types/ids.js';
import { SESSION_SECRET_BYTES_MAX, SESSION_SECRET_BYTES_MIN } from '../../types/limits.js';
import { nameProblem, pathProblem } from '../../types/path.js';
import { invalid } from './status.js';

/** What every request carries besides what it asks. */
export interface Frame {
  readonly id: number;
  /** 0: anonymous. */
  readonly seq: number;
  readonly timeoutMs: number;
}

export function writeRequest(
  body: CommandBody | RollcallError,
  { id, seq, timeoutMs }: Frame,
): WriteRequest | RollcallError {
  if (body instanceof RollcallError) return body;
  const problem = validateBody(body);
  if (problem !== undefined) return problem;
  return { type: 'write', id, seq, timeoutMs, kind: body.kind, body: encodeBody(body) };
}

export function createBody(message: wire.CreateRequest): Create | RollcallError {
  const nodeKind = NODE_KINDS[message.kind];
  if (nodeKind === undefined) return invalid(`unknown kind of node ${message.kind}`);
  const { path, data, sequential, ttlMs } = message;
  return { kind: 'create', path, data, nodeKind, sequential, ttlMs, acl: [] };
}

export function setBody({ path, data, version }: wire.SetRequest): SetData {
  return { kind: 'set', path, data, version: version ?? ANY_VERSION };
}

export function deleteBody({ path, version }: wire.DeleteRequest): Delete {
  return { kind: 'delete', path, version: version ?? ANY_VERSION };
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
    case 'delete':
      return deleteBody(message.delete!);
    default:
      return invalid('an operation of the transaction is empty');
  }
}

function guard(message: wire.Guard): Guard {
  const { path, exists, version, createRevision, modifyRevision, owner } = message;
  return {
    path,
    ...(exists !== undefined && { exists }),
    ...(version !== undefined && { version }),
    ...(createRevision !== undefined && { createRevision: asRevision(createRevision) }),
    ...(modifyRevision !== undefined && { modifyRevision: asRevision(modifyRevision) }),
    ...(owner !== undefined && { owner: asSessionId(owner) }),
  };
}

interface Freshness {
  readonly consistency: number;
  readonly floor: number;
}

export function getRequest(message: wire.GetRequest, frame: Frame): ReadRequest | RollcallError {
  const problem = pathProblem(message.path);
  if (problem !== undefined) return invalid(problem);
  return readRequest({ type: 'get', path: message.path }, message, frame);
}

export function listRequest(message: wire.ListRequest, frame: Frame): ReadRequest | RollcallError {
  const { path, after, limit, withData } = message;
  const problem = pathProblem(path);
  if (problem !== undefined) return invalid(problem);
  return readRequest({ type: 'list', path, after, limit, withData }, message, frame);
}

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
  const { service } = message;
  const problem = nameProblem(service);
  if (problem !== undefined) return invalid(`service: ${problem}`);
  return readRequest({ type: 'instances', service }, message, frame);
}

function readRequest(
  query: Query,
  { consistency, floor }: Freshness,
  { id, timeoutMs }: Frame,
): ReadRequest | RollcallError {
  const isSession = consistency === wire.Consistency.CONSISTENCY_SESSION;
  if (!isSession && consistency !== wire.Consistency.CONSISTENCY_LINEARIZABLE) {
    return invalid(`unknown consistency ${consistency}`);
  }
  const wanted = isSession ? 'session' : 'linearizable';
  return { type: 'read', id, timeoutMs, query, consistency: wanted, floor: asRevision(floor) };
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

/** Secrets end here: everything behind sees their hash. */
export function hashSecret(secret: Uint8Array): Uint8Array | RollcallError {
  const { length } = secret;
  if (length < SESSION_SECRET_BYTES_MIN || length > SESSION_SECRET_BYTES_MAX) {
    return invalid(
      `a secret has ${SESSION_SECRET_BYTES_MIN} to ${SESSION_SECRET_BYTES_MAX} bytes, not ${length}`,
    );
  }
  return createHash('sha256').update(secret).digest();
}
