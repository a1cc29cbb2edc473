/** Answers about nodes, as messages. */
import type * as wire from '../../gen/index.js';
import { nodeMessage, statMessage } from '../../rpc/convert.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { Answer } from '../../server/service.js';
import { unreachable } from '../../types/assert.js';
import { RollcallError } from '../../types/errors.js';
import type { Revision } from '../../types/ids.js';
import type { Created, DataSet, Deleted, Transacted } from '../../types/outcome.js';
import { nameOf } from '../../types/path.js';

function createResponse(
  { path, stat }: Created,
  revision: Revision,
): Outgoing<wire.CreateResponse> {
  return { path, stat: statMessage(stat), revision };
}

export function setResponse({ stat }: DataSet, revision: Revision): Outgoing<wire.SetResponse> {
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

type Of<Type extends Answer['type']> = Answer & { readonly type: Type };

/** `recursive`: the next page begins after a path instead of a name. */
export function listResponse(
  { nodes, more }: Of<'nodes'>,
  revision: Revision,
  recursive: boolean,
): Outgoing<wire.ListResponse> | RollcallError {
  if (nodes === undefined) return noNode();
  const last = more ? (nodes.at(-1)?.path ?? '') : '';
  const nextAfter = recursive ? last : nameOf(last);
  return { nodes: nodes.map(nodeMessage), revision, nextAfter };
}

export function aclResponse(
  { found }: Of<'acl'>,
  revision: Revision,
): Outgoing<wire.GetAclResponse> | RollcallError {
  if (found === undefined) return noNode();
  return { acl: found.acl, stat: statMessage(found.stat), revision };
}

export function quotasResponse(
  { quotas }: Of<'quotas'>,
  revision: Revision,
): Outgoing<wire.QuotasResponse> {
  const shown = quotas.map(({ path, limits, nodes, bytes }) => {
    return { path, nodesMax: limits.nodes, bytesMax: limits.bytes, nodes, bytes };
  });
  return { quotas: shown, revision };
}

function noNode(): RollcallError {
  return new RollcallError('NO_NODE', 'no such node');
}
