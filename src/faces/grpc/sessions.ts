/** The Sessions service: sessions opened, touched and closed one call at a time, and the stream. */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type * as wire from '../../gen/index.js';
import { codec } from '../../rpc/definitions.js';
import type { WriteRequest } from '../../server/service.js';
import { RollcallError } from '../../types/errors.js';
import type { Reply, UnaryCall } from './anonymous.js';
import type { GrpcContext } from './context.js';
import { Malformed } from './malformed.js';
import { OneShot, type OneShotCall } from './one-shot.js';
import { writeRequest } from './requests.js';
import { type Answered, openResponse, outcomeOf } from './responses.js';
import { attachRequest, openRequest, touchRequest } from './session-requests.js';
import { callStatus } from './status.js';
import { SessionStream } from './stream.js';
import { timeoutOf, type UnaryHandler, unary } from './unary.js';

type StreamCall = ServerDuplexStream<wire.StreamRequest | Malformed, Buffer>;

export function sessionsHandlers(context: GrpcContext) {
  return {
    Open: (call: UnaryCall, reply: Reply) => open(context, call, reply),
    Close: (call: UnaryCall, reply: Reply) => close(context, call, reply),
    Touch: unary(context, TOUCH),
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

function open(context: GrpcContext, call: UnaryCall, reply: Reply): void {
  const message = call.request as wire.OpenSessionRequest | Malformed;
  const done = reporter(context, 'Sessions/Open', reply);
  if (message instanceof Malformed) return done(message.error);
  const first = openRequest(message, { id: 1, seq: 0, timeoutMs: timeoutOf(call) });
  if (first instanceof RollcallError) return done(first);
  const step: OneShotCall['step'] = (delivery) => {
    const attached = outcomeOf(delivery, 'attached');
    done(codec('OpenSessionResponse').encode(openResponse(attached)));
    return undefined;
  };
  new OneShot(context.service, { first, step, failed: done });
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
  new OneShot(context.service, { first, step, failed: done });
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
