/** The Catalog service: the roll read, followed, and changed outside of sessions. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { servicePath } from '../../codec/instance.js';
import type * as wire from '../../gen/index.js';
import { codec } from '../../rpc/definitions.js';
import type { WatchStart } from '../../server/service.js';
import { RollcallError } from '../../types/errors.js';
import { asRevision } from '../../types/ids.js';
import type { InstanceSpec } from '../../types/instance.js';
import { nameProblem } from '../../types/path.js';
import type { UnaryCall } from './anonymous.js';
import type { GrpcContext } from './context.js';
import { Hold } from './hold.js';
import { filterFrom, type InstanceFilter } from './instance-filter.js';
import { Malformed } from './malformed.js';
import { addressOfPeer, deregisterBody, instanceSpec, registerBody } from './registration.js';
import { instancesRequest, servicesRequest, writeRequest } from './requests.js';
import {
  answerOf,
  instancesResponse,
  outcomeOf,
  registerResponse,
  servicesResponse,
} from './responses.js';
import { RollView } from './roll-view.js';
import { callStatus, invalid } from './status.js';
import { type UnaryHandler, unary } from './unary.js';
import { WatchCall } from './watch-call.js';

type StreamCall<Message> = ServerWritableStream<Message | Malformed, unknown>;

export function catalogHandlers(context: GrpcContext) {
  return {
    Services: unary(context, SERVICES),
    Instances: unary(context, INSTANCES),
    Register: unary(context, registerHandler()),
    Deregister: unary(context, DEREGISTER),
    Subscribe: (call: StreamCall<wire.SubscribeRequest>) => subscribe(context, call),
    Hold: (call: StreamCall<wire.HoldRequest>) => hold(context, call),
  };
}

const SERVICES: UnaryHandler<wire.ServicesRequest> = {
  name: 'Catalog/Services',
  request: servicesRequest,
  respond: (delivery) => {
    const response = servicesResponse(answerOf(delivery, 'services'), delivery.revision);
    return codec('ServicesResponse').encode(response);
  },
};

const INSTANCES: UnaryHandler<wire.InstancesRequest> = {
  name: 'Catalog/Instances',
  request: (message, frame) => {
    const filter = filterFrom(message.filter);
    return filter instanceof RollcallError ? filter : instancesRequest(message, frame);
  },
  respond: (delivery, message: wire.InstancesRequest) => {
    const { nodes } = answerOf(delivery, 'nodes');
    const filter = filterFrom(message.filter) as InstanceFilter | undefined;
    const response = instancesResponse(nodes, filter, delivery.revision);
    return codec('InstancesResponse').encode(response);
  },
};

/** Keeps what was registered beside the call, because the response shows the whole instance. */
function registerHandler(): UnaryHandler<wire.RegisterRequest> {
  const specs = new WeakMap<wire.RegisterRequest, InstanceSpec>();
  return {
    name: 'Catalog/Register',
    request: (message, frame, call) => {
      const spec = staticSpec(message, call);
      if (spec instanceof RollcallError) return spec;
      specs.set(message, spec);
      const { takeover } = message;
      return writeRequest(registerBody(spec, { isStatic: true, takeover }), frame);
    },
    respond: (delivery, message: wire.RegisterRequest) => {
      const registered = outcomeOf(delivery, 'registered');
      const response = registerResponse(registered, specs.get(message)!, delivery.revision);
      return codec('RegisterResponse').encode(response);
    },
  };
}

function staticSpec(message: wire.RegisterRequest, call: UnaryCall): InstanceSpec | RollcallError {
  if (!message.static || message.session !== 0) {
    return invalid(
      'this call registers only static instances: use Hold, or the stream of a session',
    );
  }
  const address = addressOfPeer(call.getPeer());
  return instanceSpec(message, { address, registeredAt: message.registeredAt || Date.now() });
}

const DEREGISTER: UnaryHandler<wire.DeregisterRequest> = {
  name: 'Catalog/Deregister',
  request: (message, frame) => writeRequest(deregisterBody(message), frame),
  respond: ({ revision }) => codec('DeregisterResponse').encode({ revision }),
};

function subscribe(context: GrpcContext, call: StreamCall<wire.SubscribeRequest>): void {
  const message = call.request;
  if (message instanceof Malformed) return refuse(call, message.error);
  const start = rollStart(message);
  const filter = filterFrom(message.filter);
  if (start instanceof RollcallError) return refuse(call, start);
  if (filter instanceof RollcallError) return refuse(call, filter);
  const view = new RollView(filter);
  new WatchCall(context, call, { start, translate: (delivery) => view.take(delivery) });
}

function rollStart({ service, afterRevision }: wire.SubscribeRequest): WatchStart | RollcallError {
  const problem = nameProblem(service);
  if (problem !== undefined) return invalid(`service: ${problem}`);
  const start = afterRevision === 0 ? 'snapshot' : asRevision(afterRevision);
  const path = servicePath(service);
  return { type: 'watch', id: 1, timeoutMs: 0, watch: 1, path, scope: 'children', start };
}

function hold(context: GrpcContext, call: StreamCall<wire.HoldRequest>): void {
  const message = call.request;
  if (message instanceof Malformed) return refuse(call, message.error);
  const caller = { address: addressOfPeer(call.getPeer()), registeredAt: Date.now() };
  const spec = instanceSpec(message, caller);
  if (spec instanceof RollcallError) return refuse(call, spec);
  Hold.begin(context, call, { message, spec });
}

function refuse(call: StreamCall<unknown>, error: RollcallError): void {
  call.emit('error', callStatus(error));
}
