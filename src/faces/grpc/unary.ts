/**
 * From a unary call to a request of the service. The call's deadline becomes the request's, a little
 * earlier, so that the answer that says what is known arrives before grpc-js gives up without one.
 */
import type { Request } from '../../server/service.js';
import { RollcallError } from '../../types/errors.js';
import { REQUEST_TIMEOUT_MS_MAX } from '../../types/limits.js';
import { overloaded, Pending, type Reply, type UnaryCall, type UnaryMethod } from './anonymous.js';
import type { GrpcContext } from './context.js';
import { Malformed } from './malformed.js';
import type { Frame } from './requests.js';
import { callStatus } from './status.js';

export interface UnaryHandler<Message> extends UnaryMethod {
  request(
    message: Message,
    frame: Frame,
    call: UnaryCall,
  ): (Request & { readonly id: number }) | RollcallError;
}

/** What grpc-js registers for the method. */
export function unary<Message>(context: GrpcContext, handler: UnaryHandler<Message>) {
  const { callers, metrics } = context;
  const refuse = (reply: Reply, error: RollcallError): void => {
    metrics.request(handler.name, error.code, 0);
    reply(callStatus(error));
  };
  return (call: UnaryCall, reply: Reply): void => {
    const message = call.request as Message | Malformed;
    if (message instanceof Malformed) return refuse(reply, message.error);
    const anonymous = callers.of(call);
    const id = anonymous.nextId();
    if (id === undefined) return refuse(reply, overloaded());
    const request = handler.request(message, { id, seq: 0, timeoutMs: timeoutOf(call) }, call);
    if (request instanceof RollcallError) return refuse(reply, request);
    anonymous.submit(request, new Pending(handler, message, reply));
  };
}

/** 0: the caller set none. */
export function timeoutOf(call: { getDeadline(): Date | number }): number {
  const deadline = Number(call.getDeadline());
  if (deadline === Number.POSITIVE_INFINITY) return 0;
  const remaining = deadline - Date.now();
  const margin = Math.min(50, remaining / 10);
  return Math.min(REQUEST_TIMEOUT_MS_MAX, Math.max(1, Math.floor(remaining - margin)));
}
