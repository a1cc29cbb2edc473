/** The Tree service: unary reads and changes outside any session, and watches. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import type * as wire from '../../gen/index.js';
import { codec } from '../../rpc/definitions.js';
import type { Outgoing } from '../../rpc/shapes.js';
import { RollcallError } from '../../types/errors.js';
import type { GrpcContext } from './context.js';
import { watchResponses } from './event-bytes.js';
import {
  messageBytes,
  writeCreateResponse,
  writeDeleteResponse,
  writeGetResponse,
  writeSetResponse,
} from './hot-messages.js';
import { Malformed } from './malformed.js';
import {
  createBody,
  deleteBody,
  getRequest,
  listRequest,
  setBody,
  transactBody,
  watchRequest,
  writeRequest,
} from './requests.js';
import { answerOf, listResponse, outcomeOf, transactResponse } from './responses.js';
import { callStatus } from './status.js';
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
  respond: (delivery) =>
    messageBytes(writeSetResponse, outcomeOf(delivery, 'set').stat, delivery.revision),
};

const DELETE: UnaryHandler<wire.DeleteRequest> = {
  name: 'Tree/Delete',
  request: (message, frame) => writeRequest(deleteBody(message), frame),
  respond: ({ revision }) => messageBytes(writeDeleteResponse, revision),
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
  respond: (delivery) => {
    const response = listResponse(answerOf(delivery, 'nodes'), delivery.revision);
    return response instanceof RollcallError ? response : encodeList(response);
  },
};

function encodeList(response: Outgoing<wire.ListResponse>): Buffer {
  return codec('ListResponse').encode(response);
}

function watch(
  context: GrpcContext,
  call: ServerWritableStream<wire.WatchRequest | Malformed, unknown>,
): void {
  const message = call.request;
  const start =
    message instanceof Malformed
      ? message.error
      : watchRequest(message, { id: 1, seq: 0, timeoutMs: 0 });
  if (start instanceof RollcallError) call.emit('error', callStatus(start));
  else new WatchCall(context, call, { start, translate: watchResponses });
}
