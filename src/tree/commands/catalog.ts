/**
 * Claims on the roll (design 5, Catalog). A claim's incarnation is its revision; a fresh start may take
 * over what is evidently its own place, and whoever was displaced can change nothing any more.
 */
import { decodePlace, instancePath, SERVICES_ROOT, servicePath } from '../../codec/instance.js';
import type { Deregister, Register, UpdateInstance } from '../../types/command.js';
import { NO_INDEX, NO_SESSION } from '../../types/ids.js';
import { DELETE, type Override, WRITE } from '../../types/node.js';
import type { Outcome, Refused, Registered } from '../../types/outcome.js';
import { placeText } from '../departures.js';
import type { NodeRecord } from '../nodes.js';
import { refused, type Work } from '../work.js';
import { ensureService, makingProblem } from './service.js';

export function applyRegister(body: Register, work: Work): Outcome {
  const path = instancePath(body.service, body.id);
  if (!body.isStatic && work.session === undefined) return refused('NO_SESSION', path);
  const override = work.state.overrides.get(path);
  if (isTakenOff(override, work.time)) {
    return refused('DENIED', `${path} ${describeTakenOff(override, work.time)}`);
  }
  const holder = work.state.nodes.get(path);
  return holder === undefined ? claimNew(body, path, work) : claimHeld(body, holder, work);
}

export function applyUpdate(body: UpdateInstance, work: Work): Outcome {
  const path = instancePath(body.service, body.id);
  const node = work.state.nodes.get(path);
  if (node === undefined) return refused('NO_NODE', path);
  if (node.incarnation !== body.incarnation) return refused('REPLACED', path);
  const isAllowed = isOwn(node, work) || (isFree(node, work) && work.may(WRITE, node));
  if (!isAllowed) return refused('DENIED', path);
  const refusal = work.overQuota(path, body.data.length - node.dataLength);
  return refusal ?? { type: 'set', stat: work.setData(node, body.data) };
}

/** The causes that subscribers see: its own session closed it, an operator took it off, somebody else did. */
export function applyDeregister(body: Deregister, work: Work): Outcome {
  const path = instancePath(body.service, body.id);
  const node = work.state.nodes.get(path);
  if (node === undefined) return refused('NO_NODE', path);
  const isAny = body.incarnation === NO_INDEX;
  if (!isAny && node.incarnation !== body.incarnation) return refused('REPLACED', path);
  const isOperator = body.who !== '';
  const isOthers = isOperator || isFree(node, work);
  const isAllowed = isOwn(node, work) || (isOthers && work.may(DELETE, node.parent!));
  if (!isAllowed) return refused('DENIED', path);
  if (node.childCount > 0) return refused('NOT_EMPTY', path);
  if (isOperator) {
    work.hand = { who: body.who, why: body.why };
    work.audit('deregister', `${body.service}/${body.id}`);
  }
  work.delete(node, isOperator ? 'operator' : isOwn(node, work) ? 'close' : 'client');
  return { type: 'deleted' };
}

function claimNew(body: Register, path: string, work: Work): Outcome {
  const paths = [SERVICES_ROOT, servicePath(body.service), path];
  const refusal = makingProblem(paths, body.data.length, work);
  if (refusal !== undefined) return refusal;
  const service = ensureService(body.service, work);
  const stat = work.create(service, {
    path,
    data: body.data,
    kind: body.isStatic ? 'persistent' : 'ephemeral',
    owner: claimant(body, work),
    ttlMs: 0,
    acl: [],
    incarnation: work.revision,
  });
  return registered({ path, stat, tookOver: false }, work);
}

function claimHeld(body: Register, holder: NodeRecord, work: Work): Outcome {
  const { path } = holder;
  if (!isOwn(holder, work) && !work.may(WRITE, holder)) return refused('DENIED', path);
  const isClaimable = holder.kind === 'persistent' || holder.kind === 'ephemeral';
  if (!isClaimable) return refused('NODE_EXISTS', path);
  if (holder.childCount > 0) return refused('NOT_EMPTY', path);
  const refusal =
    (body.takeover ? undefined : holderObjects(body, holder, work)) ??
    work.overQuota(path, body.data.length - holder.dataLength);
  if (refusal !== undefined) return refusal;
  const { data, address, port } = body;
  const claim = { data, owner: claimant(body, work), place: { address, port } };
  const stat = work.takeOver(holder, claim);
  return registered({ path, stat, tookOver: true }, work);
}

/** What an operator said of the id goes for whoever registers under it. */
function registered(claim: Omit<Registered, 'type' | 'override'>, work: Work): Registered {
  const override = work.state.overrides.get(claim.path);
  return { type: 'registered', ...claim, ...(override !== undefined && { override }) };
}

/** A place may be taken from oneself, from a session that lost its connection, or from the same address. */
function holderObjects(body: Register, holder: NodeRecord, work: Work): Refused | undefined {
  const owner = work.state.ownerOf(holder);
  if (owner !== undefined && (owner === work.session || owner.detached)) return undefined;
  const held = decodePlace(holder.data);
  if (held?.address === body.address && held.port === body.port) return undefined;
  return refused('ID_IN_USE', held === undefined ? holder.path : placeText(held));
}

function claimant(body: Register, work: Work) {
  return body.isStatic ? NO_SESSION : work.session!.id;
}

/** An instance of the session that asks is that session's, whatever the access lists say. */
function isOwn(node: NodeRecord, work: Work): boolean {
  return node.owner !== NO_SESSION && node.owner === work.envelope.session;
}

/** A static instance is anyone's (the incarnation is the key), and any is an anonymous caller's. */
function isFree(node: NodeRecord, work: Work): boolean {
  return node.owner === NO_SESSION || work.envelope.session === NO_SESSION;
}

function isTakenOff(override: Override | undefined, time: number): override is Override {
  if (override?.action !== 'deregister') return false;
  return override.until === 0 || override.until > time;
}

function describeTakenOff({ who, reason, until }: Override, time: number): string {
  const by = who === '' ? 'an operator' : who;
  const why = reason === '' ? '' : ` (${reason})`;
  const howLong =
    until === 0 ? 'until that is lifted' : `for another ${Math.ceil((until - time) / 1000)} s`;
  return `was deregistered by ${by}${why}, ${howLong}`;
}
