/** What the calls on the catalog send, and how their answers are read. */

import type * as wire from '../../gen/index.js';
import type { OperationResponse } from '../../gen/index.js';
import { instanceFrom, stateNumber } from '../../rpc/convert.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { Instance, InstanceSpec } from '../../types/instance.js';
import { checkFilter, checkState } from '../core/checks.js';
import { type OperationPlan, unexpectedAnswer } from '../core/operation.js';
import { lengthOf, plan, type ReadTerms } from '../core/plans.js';
import type { DeleteResult, InstanceFilter, InstanceList, ServiceSummary } from '../types.js';

export interface Registered {
  readonly instance: Instance;
  readonly revision: number;
}

export interface ServicesPage {
  readonly services: readonly ServiceSummary[];
  readonly next: string | undefined;
}

export function planRegister(
  spec: InstanceSpec,
  claim: { readonly takeover: boolean; readonly static: boolean },
): OperationPlan<Registered> {
  const body = { register: { ...registerMessage(spec), ...claim } };
  return plan({ body, isWrite: true, bytes: bytesOf(spec), read: readRegister });
}

/** Answers the revision of the change. */
export function planUpdate(spec: InstanceSpec, incarnation: number): OperationPlan<number> {
  const body = { updateInstance: { instance: registerMessage(spec), incarnation } };
  return plan({ body, isWrite: true, bytes: bytesOf(spec), read: readDone });
}

export interface Deregister {
  readonly service: string;
  readonly id: string;
  /** 0: whatever claim stands. */
  readonly incarnation: number;
  /** Without a session it may remove what others registered. */
  readonly inSession: boolean;
  /** Set: an operator does it, and it is in the audit. */
  readonly who?: string;
  readonly reason?: string;
}

export function planDeregister(wanted: Deregister): OperationPlan<DeleteResult> {
  const { service, id, incarnation, inSession, who = '', reason = '' } = wanted;
  const body = { deregister: { service, id, incarnation, who, reason } };
  const read = (response: OperationResponse) => ({ revision: readDone(response) });
  const bytes = lengthOf(service) + lengthOf(id);
  return plan({ body, isWrite: inSession, isAct: !inSession, bytes, read });
}

/** Pages are not one revision: changes between them show. */
export interface InstancesPage extends InstanceList {
  readonly next: string | undefined;
}

export interface InstancesTerms extends ReadTerms {
  readonly filter: InstanceFilter | undefined;
  /** `next` of the page before; empty: from the first. */
  readonly after: string;
}

export function planInstances(
  service: string,
  { filter, after, ...terms }: InstancesTerms,
): OperationPlan<InstancesPage> {
  const wanted = filterMessage(filter);
  const body = { instances: { service, ...terms, filter: wanted, limit: 0, after } };
  return plan({ body, isWrite: false, bytes: lengthOf(service) + 64, read: readInstances });
}

export function planServices(after: string, terms: ReadTerms): OperationPlan<ServicesPage> {
  const body = { services: { ...terms, limit: 0, after } };
  return plan({ body, isWrite: false, bytes: after.length, read: readServices });
}

function registerMessage(spec: InstanceSpec): Outgoing<wire.RegisterRequest> {
  checkState(spec.state);
  return { ...spec, state: stateNumber(spec.state) };
}

function filterMessage(
  filter: InstanceFilter | undefined,
): Outgoing<wire.InstanceFilter> | undefined {
  if (filter === undefined) return undefined;
  checkFilter(filter);
  const { tags = {}, zone = '', states = [] } = filter;
  return { tags, zone, states: states.map(stateNumber) };
}

function bytesOf(spec: InstanceSpec): number {
  return JSON.stringify(spec).length;
}

function readRegister(response: OperationResponse): Registered {
  const { instance, revision } = response.register ?? {};
  if (instance === undefined || revision === undefined) throw unexpectedAnswer(response);
  return { instance: instanceFrom(instance), revision };
}

function readDone(response: OperationResponse): number {
  const { done, set, register, delete: deleted } = response;
  const revision = done ?? set?.revision ?? register?.revision ?? deleted?.revision;
  if (revision === undefined) throw unexpectedAnswer(response);
  return revision;
}

function readInstances(response: OperationResponse): InstancesPage {
  if (response.instances === undefined) throw unexpectedAnswer(response);
  const { instances, revision, nextAfter } = response.instances;
  const next = nextAfter === '' ? undefined : nextAfter;
  return { instances: instances.map(instanceFrom), revision, next };
}

function readServices(response: OperationResponse): ServicesPage {
  if (response.services === undefined) throw unexpectedAnswer(response);
  const { services, nextAfter } = response.services;
  const plain = services.map(({ service, instances }) => ({ service, instances }));
  return { services: plain, next: nextAfter === '' ? undefined : nextAfter };
}
