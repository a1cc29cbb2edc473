/** What operators do to services and instances, one call at a time: settings, overrides, deregistering. */
import type * as wire from '../../gen/index.js';
import { settingsMessage } from '../../rpc/convert.js';
import { codec } from '../../rpc/definitions.js';
import {
  getServiceRequest,
  liftOverrideBody,
  overridesRequest,
  setOverrideBody,
  setServiceBody,
  settingsFrom,
} from './catalog-requests.js';
import { overridesResponse, serviceResponse } from './catalog-responses.js';
import type { GrpcContext } from './context.js';
import { deregisterBody } from './registration.js';
import { writeRequest } from './requests.js';
import { answerOf, outcomeOf } from './responses.js';
import { type UnaryHandler, unary } from './unary.js';

export function operatorHandlers(context: GrpcContext) {
  return {
    Deregister: unary(context, DEREGISTER),
    GetService: unary(context, GET_SERVICE),
    SetService: unary(context, SET_SERVICE),
    SetOverride: unary(context, SET_OVERRIDE),
    LiftOverride: unary(context, LIFT_OVERRIDE),
    Overrides: unary(context, OVERRIDES),
  };
}

const DEREGISTER: UnaryHandler<wire.DeregisterRequest> = {
  name: 'Catalog/Deregister',
  request: (message, frame) => writeRequest(deregisterBody(message), frame),
  respond: ({ revision }) => codec('DeregisterResponse').encode({ revision }),
};

const GET_SERVICE: UnaryHandler<wire.GetServiceRequest> = {
  name: 'Catalog/GetService',
  request: getServiceRequest,
  respond: (delivery) => {
    const response = serviceResponse(answerOf(delivery, 'service'), delivery.revision);
    return codec('GetServiceResponse').encode(response);
  },
};

const SET_SERVICE: UnaryHandler<wire.SetServiceRequest> = {
  name: 'Catalog/SetService',
  request: (message, frame) => writeRequest(setServiceBody(message), frame),
  respond: (delivery, message: wire.SetServiceRequest) => {
    const { stat } = outcomeOf(delivery, 'set');
    const { revision } = delivery;
    const place = { version: stat.version, revision };
    const settings = settingsMessage(settingsFrom(message.settings), place);
    return codec('SetServiceResponse').encode({ settings, revision });
  },
};

const SET_OVERRIDE: UnaryHandler<wire.SetOverrideRequest> = {
  name: 'Catalog/SetOverride',
  request: (message, frame) => writeRequest(setOverrideBody(message), frame),
  respond: ({ revision }) => codec('SetOverrideResponse').encode({ revision }),
};

const LIFT_OVERRIDE: UnaryHandler<wire.LiftOverrideRequest> = {
  name: 'Catalog/LiftOverride',
  request: (message, frame) => writeRequest(liftOverrideBody(message), frame),
  respond: ({ revision }) => codec('LiftOverrideResponse').encode({ revision }),
};

const OVERRIDES: UnaryHandler<wire.OverridesRequest> = {
  name: 'Catalog/Overrides',
  request: overridesRequest,
  respond: (delivery) => {
    const response = overridesResponse(answerOf(delivery, 'overrides'), delivery.revision);
    return codec('OverridesResponse').encode(response);
  },
};
