/** The Sessions service: sessions opened, touched, looked at and ended one call at a time, and the stream. */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type * as wire from '../../gen/index.js';
import { codec } from '../../rpc/definitions.js';
import type { WriteRequest } from '../../server/service.js';
import { RollcallError } from '../../types/errors.js';
import type { Reply, UnaryCall } from './anonymous.js';
import { addressOf, identitiesOf } from './callers.js';
import { type GrpcContext, memberNames } from './context.js';
import { Malformed } from './malformed.js';
import { OneShot, type OneShotCall } from './one-shot.js';
import { writeRequest } from './requests.js';
import { type Answered, answerOf, outcomeOf } from './responses.js';
import {
  attachRequest,
  getSessionRequest,
  listSessionsRequest,
  openRequest,
  revokeBody,
  touchRequest,
} from './session-requests.js';
import { openResponse, sessionResponse, sessionsResponse } from './session-responses.js';
import { callStatus } from './status.js';
import { SessionStream } from './stream.js';
import { timeoutOf, type UnaryHandler, unary } from './unary.js';

type StreamCall = ServerDuplexStream<wire.StreamRequest | Malformed, Buffer>;

export function sessionsHandlers(context: GrpcContext) {
  return {
    Open: (call: UnaryCall, reply: Reply) => open(context, call, reply),
    Close: (call: UnaryCall, reply: Reply) => close(context, call, reply),
    Touch: unary(context, TOUCH),
    List: unary(context, listHandler(context)),
    Get: unary(context, getHandler(context)),
    Revoke: unary(context, REVOKE),
    Stream: (call: StreamCall) => {
      new SessionStream(context, call);
    },
  };
}

const TOUCH: UnaryHandler<wire.TouchRequest> = {
  name: 'Sessions/Touch',
  request: touchRequest,
  respond: () => codec('TouchResponse').encode({}),
};

function listHandler(context: GrpcContext): UnaryHandler<wire.ListSessionsRequest> {
  return {
    name: 'Sessions/List',
    request: listSessionsRequest,
    respond: (delivery) => {
      const sessions = answerOf(delivery, 'sessions');
      const response = sessionsResponse(sessions, delivery.revision, memberNames(context));
      return codec('ListSessionsResponse').encode(response);
    },
  };
}

function getHandler(context: GrpcContext): UnaryHandler<wire.GetSessionRequest> {
  return {
    name: 'Sessions/Get',
    request: getSessionRequest,
    respond: (delivery) => {
      const session = answerOf(delivery, 'session');
      const response = sessionResponse(session, delivery.revision, memberNames(context));
      if (response instanceof RollcallError) return response;
      return codec('GetSessionResponse').encode(response);
    },
  };
}

const REVOKE: UnaryHandler<wire.RevokeSessionRequest> = {
  name: 'Sessions/Revoke',
  request: (message, frame) => writeRequest(revokeBody(message), frame),
  respond: (delivery) => {
    const { nodes } = outcomeOf(delivery, 'removed');
    return codec('RevokeSessionResponse').encode({ revision: delivery.revision, nodes });
  },
};

function open(context: GrpcContext, call: UnaryCall, reply: Reply): void {
  const message = call.request as wire.OpenSessionRequest | Malformed;
  const done = reporter(context, 'Sessions/Open', reply);
  if (message instanceof Malformed) return done(message.error);
  const address = addressOf(call);
  const first = openRequest(message, { id: 1, seq: 0, timeoutMs: timeoutOf(call) }, address);
  if (first instanceof RollcallError) return done(first);
  const step: OneShotCall['step'] = (delivery) => {
    const attached = outcomeOf(delivery, 'attached');
    done(codec('OpenSessionResponse').encode(openResponse(attached)));
    return undefined;
  };
  new OneShot(context.service, { identities: identitiesOf(address), first, step, failed: done });
}

function close(context: GrpcContext, call: UnaryCall, reply: Reply): void {
  const message = call.request as wire.CloseSessionRequest | Malformed;
  const done = reporter(context, 'Sessions/Close', reply);
  if (message instanceof Malformed) return done(message.error);
  const timeoutMs = timeoutOf(call);
  const first = attachRequest(message, { id: 1, seq: 0, timeoutMs });
  if (first instanceof RollcallError) return done(first);
  const step: OneShotCall['step'] = (delivery) => {
    if (delivery.id === 1) return closeRequest(delivery, timeoutMs);
    done(codec('CloseSessionResponse').encode({}));
    return undefined;
  };
  const identities = identitiesOf(addressOf(call));
  new OneShot(context.service, { identities, first, step, failed: done });
}

function closeRequest(delivery: Answered, timeoutMs: number): WriteRequest {
  const seq = outcomeOf(delivery, 'attached').lastSeq + 1;
  return writeRequest({ kind: 'closeSession' }, { id: 2, seq, timeoutMs }) as WriteRequest;
}

function reporter(context: GrpcContext, name: string, reply: Reply) {
  const startedMs = performance.now();
  return (result: Buffer | RollcallError): void => {
    const code = result instanceof RollcallError ? result.code : 'OK';
    context.metrics.request(name, code, (performance.now() - startedMs) / 1000);
    if (result instanceof RollcallError) reply(callStatus(result));
    else reply(null, result);
  };
}
