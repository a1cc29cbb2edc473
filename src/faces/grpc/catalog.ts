/** The Catalog service: the roll read, followed, and changed outside of sessions. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import type * as wire from '../../gen/index.js';
import { codec } from '../../rpc/definitions.js';
import { RollcallError } from '../../types/errors.js';
import type { InstanceSpec } from '../../types/instance.js';
import type { UnaryCall } from './anonymous.js';
import { addressOf } from './callers.js';
import { departuresRequest, instancesRequest, servicesRequest } from './catalog-requests.js';
import {
  departuresResponse,
  instancesResponse,
  registerResponse,
  servicesResponse,
} from './catalog-responses.js';
import { type GrpcContext, memberNames } from './context.js';
import { Hold } from './hold.js';
import { filterFrom, type InstanceFilter } from './instance-filter.js';
import { Malformed } from './malformed.js';
import { operatorHandlers } from './operators.js';
import { isOver } from './peer-close.js';
import { instanceSpec, registerBody } from './registration.js';
import { writeRequest } from './requests.js';
import { answerOf, outcomeOf } from './responses.js';
import { callStatus, invalid } from './status.js';
import { subscribe } from './subscription.js';
import { type UnaryHandler, unary } from './unary.js';

type StreamCall<Message> = ServerWritableStream<Message | Malformed, unknown>;

export function catalogHandlers(context: GrpcContext) {
  return {
    Services: unary(context, SERVICES),
    Instances: unary(context, INSTANCES),
    Departures: unary(context, departuresHandler(context)),
    Register: unary(context, registerHandler()),
    ...operatorHandlers(context),
    Subscribe: (call: StreamCall<wire.SubscribeRequest>) => {
      if (isOver(call)) return;
      const problem = subscribe(context, call);
      if (problem !== undefined) call.emit('error', callStatus(problem));
    },
    Hold: (call: StreamCall<wire.HoldRequest>) => {
      if (isOver(call)) return;
      const problem = hold(context, call);
      if (problem !== undefined) call.emit('error', callStatus(problem));
    },
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
    const nodes = answerOf(delivery, 'nodes');
    const filter = filterFrom(message.filter) as InstanceFilter | undefined;
    const response = instancesResponse(nodes, filter, delivery.revision);
    return codec('InstancesResponse').encode(response);
  },
};

function departuresHandler(context: GrpcContext): UnaryHandler<wire.DeparturesRequest> {
  return {
    name: 'Catalog/Departures',
    request: departuresRequest,
    respond: (delivery) => {
      const departures = answerOf(delivery, 'departures');
      const response = departuresResponse(departures, delivery.revision, memberNames(context));
      return codec('DeparturesResponse').encode(response);
    },
  };
}

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
  const address = addressOf(call);
  return instanceSpec(message, { address, registeredAt: message.registeredAt || Date.now() });
}

/** Why nothing is held. */
function hold(context: GrpcContext, call: StreamCall<wire.HoldRequest>): RollcallError | undefined {
  const message = call.request;
  if (message instanceof Malformed) return message.error;
  const spec = instanceSpec(message, { address: addressOf(call), registeredAt: Date.now() });
  if (spec instanceof RollcallError) return spec;
  return Hold.begin(context, call, { message, spec });
}
