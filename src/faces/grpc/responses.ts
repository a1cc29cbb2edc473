/** What the service delivers, as messages. Refusals and failures become errors, never messages. */
import { decodeInstance, instanceUrl } from '../../codec/instance.js';
import type * as wire from '../../gen/index.js';
import { instanceMessage, nodeMessage, statMessage } from '../../rpc/convert.js';
import { refusalText } from '../../rpc/failure.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { Answer, Delivery } from '../../server/service.js';
import { assert, unreachable } from '../../types/assert.js';
import { RollcallError } from '../../types/errors.js';
import type { Revision } from '../../types/ids.js';
import type { Instance, InstanceSpec } from '../../types/instance.js';
import type { TreeNode } from '../../types/node.js';
import type {
  Created,
  DataSet,
  Deleted,
  Outcome,
  Refused,
  Registered,
  SessionAttached,
  Transacted,
} from '../../types/outcome.js';
import { nameOf } from '../../types/path.js';
import { type InstanceFilter, passes } from './instance-filter.js';

export type Failure = Delivery & { readonly type: 'failure' };

/** Neither a failure nor a refusal. */
export type Answered = Delivery & { readonly type: 'outcome' | 'answer' };

/** The outcome that this kind of request has. */
export function outcomeOf<Type extends Outcome['type']>(
  delivery: Answered,
  type: Type,
): Outcome & { readonly type: Type } {
  assert(delivery.type === 'outcome', 'a change is answered with an outcome');
  assert(delivery.outcome.type === type, `the outcome is ${type}`);
  return delivery.outcome as Outcome & { readonly type: Type };
}

export function answerOf<Type extends Answer['type']>(
  delivery: Answered,
  type: Type,
): Answer & { readonly type: Type } {
  assert(delivery.type === 'answer', 'a read is answered with an answer');
  assert(delivery.answer.type === type, `the answer is ${type}`);
  return delivery.answer as Answer & { readonly type: Type };
}

export function failureError(failure: Failure): RollcallError {
  const { code, message, outcome, retryAfterMs } = failure;
  return new RollcallError(code, message, { outcome, ...(retryAfterMs > 0 && { retryAfterMs }) });
}

/** The error and, for transactions, which part of it refused. */
export function refusal(refused: Refused): { error: RollcallError; position: number } {
  const error = new RollcallError(refused.code, refusalText(refused));
  return { error, position: refused.position };
}

function createResponse(
  { path, stat }: Created,
  revision: Revision,
): Outgoing<wire.CreateResponse> {
  return { path, stat: statMessage(stat), revision };
}

function setResponse({ stat }: DataSet, revision: Revision): Outgoing<wire.SetResponse> {
  return { stat: statMessage(stat), revision };
}

export function transactResponse(
  { results }: Transacted,
  revision: Revision,
): Outgoing<wire.TransactResponse> {
  return { results: results.map((result) => operationResult(result, revision)), revision };
}

function operationResult(
  result: Created | DataSet | Deleted,
  revision: Revision,
): Outgoing<wire.OperationResult> {
  switch (result.type) {
    case 'created':
      return { create: createResponse(result, revision) };
    case 'set':
      return { set: setResponse(result, revision) };
    case 'deleted':
      return { delete: { revision } };
    default:
      return unreachable(result);
  }
}

export function openResponse(attached: SessionAttached): Outgoing<wire.OpenSessionResponse> {
  const { session, timeoutMs, graceMs, epoch, lastSeq } = attached;
  return { session, timeoutMs, graceMs, epoch, lastSeq };
}

export function registerResponse(
  registered: Registered,
  spec: InstanceSpec,
  revision: Revision,
): Outgoing<wire.RegisterResponse> {
  const instance = instanceMessage(registeredInstance(registered, spec, revision));
  return { instance, revision, tookOver: registered.tookOver };
}

/** As it stands on the roll right after; an operator's override shows with the next change. */
export function registeredInstance(
  { stat }: Registered,
  spec: InstanceSpec,
  revision: Revision,
): Instance {
  const { sequence, createRevision, ordinal, incarnation } = stat;
  const place = { sequence, createRevision, ordinal, incarnation, revision };
  return { ...spec, ...place, url: instanceUrl(spec), overridden: false };
}

type NodesAnswer = Answer & { readonly type: 'nodes' };
type ServicesAnswer = Answer & { readonly type: 'services' };

export function listResponse(
  { nodes, more }: NodesAnswer,
  revision: Revision,
): Outgoing<wire.ListResponse> | RollcallError {
  if (nodes === undefined) return new RollcallError('NO_NODE', 'no such node');
  const nextAfter = more && nodes.length > 0 ? nameOf(nodes.at(-1)!.path) : '';
  return { nodes: nodes.map(nodeMessage), revision, nextAfter };
}

export function servicesResponse(
  { services, more }: ServicesAnswer,
  revision: Revision,
): Outgoing<wire.ServicesResponse> {
  const nextAfter = more ? (services.at(-1)?.name ?? '') : '';
  return {
    services: services.map(({ name, instances }) => ({ service: name, instances })),
    revision,
    nextAfter,
  };
}

export function instancesResponse(
  nodes: readonly TreeNode[] | undefined,
  filter: InstanceFilter | undefined,
  revision: Revision,
): Outgoing<wire.InstancesResponse> {
  const instances = instancesOf(nodes ?? [], filter).map(instanceMessage);
  return { instances, revision };
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
