/** The Tree service: unary reads and changes outside any session, and watches. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import type * as wire from '../../gen/index.js';
import { codec } from '../../rpc/definitions.js';
import { RollcallError } from '../../types/errors.js';
import type { GrpcContext } from './context.js';
import {
  messageBytes,
  writeCreateResponse,
  writeDeleteResponse,
  writeGetResponse,
  writeSetResponse,
} from './hot-messages.js';
import { Malformed } from './malformed.js';
import { isOver } from './peer-close.js';
import { writeRequest } from './requests.js';
import { type Answered, answerOf, outcomeOf } from './responses.js';
import { callStatus } from './status.js';
import {
  createBody,
  deleteBody,
  getAclRequest,
  getRequest,
  listRequest,
  quotasRequest,
  setAclBody,
  setBody,
  setQuotaBody,
  transactBody,
  watchRequest,
} from './tree-requests.js';
import { aclResponse, listResponse, quotasResponse, transactResponse } from './tree-responses.js';
import { type UnaryHandler, unary } from './unary.js';
import { WatchCall } from './watch-call.js';

export function treeHandlers(context: GrpcContext) {
  return {
    Create: unary(context, CREATE),
    Set: unary(context, SET),
    Delete: unary(context, DELETE),
    Transact: unary(context, TRANSACT),
    Get: unary(context, GET),
    List: unary(context, LIST),
    GetAcl: unary(context, GET_ACL),
    SetAcl: unary(context, SET_ACL),
    Quotas: unary(context, QUOTAS),
    SetQuota: unary(context, SET_QUOTA),
    Watch: (call: ServerWritableStream<wire.WatchRequest | Malformed, unknown>) =>
      watch(context, call),
  };
}

const CREATE: UnaryHandler<wire.CreateRequest> = {
  name: 'Tree/Create',
  request: (message, frame) => writeRequest(createBody(message), frame),
  respond: (delivery) =>
    messageBytes(writeCreateResponse, outcomeOf(delivery, 'created'), delivery.revision),
};

const SET: UnaryHandler<wire.SetRequest> = {
  name: 'Tree/Set',
  request: (message, frame) => writeRequest(setBody(message), frame),
  respond: setBytes,
};

const DELETE: UnaryHandler<wire.DeleteRequest> = {
  name: 'Tree/Delete',
  request: (message, frame) => writeRequest(deleteBody(message), frame),
  respond: (delivery) => messageBytes(writeDeleteResponse, delivery.revision, nodesGone(delivery)),
};

const TRANSACT: UnaryHandler<wire.TransactRequest> = {
  name: 'Tree/Transact',
  request: (message, frame) => writeRequest(transactBody(message), frame),
  respond: (delivery) =>
    codec('TransactResponse').encode(
      transactResponse(outcomeOf(delivery, 'transacted'), delivery.revision),
    ),
};

const GET: UnaryHandler<wire.GetRequest> = {
  name: 'Tree/Get',
  request: getRequest,
  respond: (delivery) =>
    messageBytes(writeGetResponse, answerOf(delivery, 'node').node, delivery.revision),
};

const LIST: UnaryHandler<wire.ListRequest> = {
  name: 'Tree/List',
  request: listRequest,
  respond: (delivery, { recursive }: wire.ListRequest) => {
    const nodes = answerOf(delivery, 'nodes');
    const response = listResponse(nodes, delivery.revision, recursive);
    return response instanceof RollcallError ? response : codec('ListResponse').encode(response);
  },
};

const GET_ACL: UnaryHandler<wire.GetAclRequest> = {
  name: 'Tree/GetAcl',
  request: getAclRequest,
  respond: (delivery) => {
    const response = aclResponse(answerOf(delivery, 'acl'), delivery.revision);
    return response instanceof RollcallError ? response : codec('GetAclResponse').encode(response);
  },
};

const SET_ACL: UnaryHandler<wire.SetAclRequest> = {
  name: 'Tree/SetAcl',
  request: (message, frame) => writeRequest(setAclBody(message), frame),
  respond: setBytes,
};

const QUOTAS: UnaryHandler<wire.QuotasRequest> = {
  name: 'Tree/Quotas',
  request: quotasRequest,
  respond: (delivery) =>
    codec('QuotasResponse').encode(quotasResponse(answerOf(delivery, 'quotas'), delivery.revision)),
};

const SET_QUOTA: UnaryHandler<wire.SetQuotaRequest> = {
  name: 'Tree/SetQuota',
  request: (message, frame) => writeRequest(setQuotaBody(message), frame),
  respond: ({ revision }) => codec('SetQuotaResponse').encode({ revision }),
};

function setBytes(delivery: Answered): Buffer {
  return messageBytes(writeSetResponse, outcomeOf(delivery, 'set').stat, delivery.revision);
}

/** Of a recursive delete; a plain one does not count. */
function nodesGone(delivery: Answered): number {
  if (delivery.type !== 'outcome' || delivery.outcome.type !== 'removed') return 0;
  return delivery.outcome.nodes;
}

function watch(
  context: GrpcContext,
  call: ServerWritableStream<wire.WatchRequest | Malformed, unknown>,
): void {
  if (isOver(call)) return;
  const message = call.request;
  const start =
    message instanceof Malformed
      ? message.error
      : watchRequest(message, { id: 1, seq: 0, timeoutMs: 0 });
  if (start instanceof RollcallError) call.emit('error', callStatus(start));
  else new WatchCall(context, call, start);
}
