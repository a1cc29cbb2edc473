/**
 * Claims on the roll (design 5, Catalog). A claim's incarnation is its revision; a fresh start may take
 * over what is evidently its own place, and whoever was displaced can change nothing any more.
 */
import { decodeInstance, instancePath, SERVICES_ROOT, servicePath } from '../../codec/instance.js';
import type { Deregister, Register, UpdateInstance } from '../../types/command.js';
import { NO_INDEX, NO_SESSION } from '../../types/ids.js';
import type { Override } from '../../types/node.js';
import type { Outcome, Refused } from '../../types/outcome.js';
import { CREATE, DELETE, WRITE } from '../access.js';
import { NO_DATA } from '../bytes.js';
import { type NodeRecord, statOf } from '../nodes.js';
import { NO_INCARNATION, refused, type Work } from '../work.js';

export function applyRegister(body: Register, work: Work): Outcome {
  const path = instancePath(body.service, body.id);
  if (!body.isStatic && work.session === undefined) return refused('NO_SESSION', path);
  if (isTakenOff(work.state.overrides.get(path), work.time)) {
    return refused('DENIED', `${path} was deregistered by an operator`);
  }
  const holder = work.state.nodes.get(path);
  return holder === undefined ? claimNew(body, path, work) : claimHeld(body, holder, work);
}

export function applyUpdate(body: UpdateInstance, work: Work): Outcome {
  const path = instancePath(body.service, body.id);
  const node = work.state.nodes.get(path);
  if (node === undefined) return refused('NO_NODE', path);
  if (node.incarnation !== body.incarnation) return refused('REPLACED', path);
  if (!mayChange(node, work) || !work.may(WRITE, node)) return refused('DENIED', path);
  return { type: 'set', stat: work.setData(node, body.data) };
}

export function applyDeregister(body: Deregister, work: Work): Outcome {
  const path = instancePath(body.service, body.id);
  const node = work.state.nodes.get(path);
  if (node === undefined) return refused('NO_NODE', path);
  const isAny = body.incarnation === NO_INDEX;
  if (!isAny && node.incarnation !== body.incarnation) return refused('REPLACED', path);
  if (!mayChange(node, work) || !work.may(DELETE, node.parent!)) return refused('DENIED', path);
  if (node.childCount > 0) return refused('NOT_EMPTY', path);
  const isOwn = node.owner !== NO_SESSION && node.owner === work.envelope.session;
  work.delete(node, isOwn ? 'close' : 'operator');
  return { type: 'deleted' };
}

function claimNew(body: Register, path: string, work: Work): Outcome {
  const refusal = serviceProblem(body.service, work);
  if (refusal !== undefined) return refusal;
  const root = ensure(SERVICES_ROOT, work.state.nodes.root, work);
  const service = ensure(servicePath(body.service), root, work);
  const stat = work.create(service, {
    path,
    data: body.data,
    kind: body.isStatic ? 'persistent' : 'ephemeral',
    owner: claimant(body, work),
    ttlMs: 0,
    acl: [],
    incarnation: work.revision,
  });
  return { type: 'registered', path, stat, tookOver: false };
}

/** Nothing is made before it is sure that everything can be. */
function serviceProblem(service: string, work: Work): Refused | undefined {
  const { nodes } = work.state;
  const path = servicePath(service);
  const nearest = nodes.get(path) ?? nodes.get(SERVICES_ROOT) ?? nodes.root;
  if (nearest.kind === 'ephemeral') return refused('NO_CHILDREN_FOR_EPHEMERALS', nearest.path);
  return work.may(CREATE, nearest) ? undefined : refused('DENIED', nearest.path);
}

/** A service is a container: it goes when its last instance went, unless it has settings. */
function ensure(path: string, parent: NodeRecord, work: Work): NodeRecord {
  const { nodes } = work.state;
  const isRoot = path === SERVICES_ROOT;
  if (nodes.get(path) === undefined) {
    work.create(parent, {
      path,
      data: NO_DATA,
      kind: isRoot ? 'persistent' : 'container',
      owner: NO_SESSION,
      ttlMs: 0,
      acl: [],
      incarnation: NO_INCARNATION,
    });
  }
  return nodes.get(path)!;
}

function claimHeld(body: Register, holder: NodeRecord, work: Work): Outcome {
  const { path } = holder;
  if (!work.may(WRITE, holder)) return refused('DENIED', path);
  const isClaimable = holder.kind === 'persistent' || holder.kind === 'ephemeral';
  if (!isClaimable) return refused('NODE_EXISTS', path);
  if (holder.childCount > 0) return refused('NOT_EMPTY', path);
  const refusal = body.takeover ? undefined : holderObjects(body, holder, work);
  if (refusal !== undefined) return refusal;
  const stat = work.takeOver(holder, { data: body.data, owner: claimant(body, work) });
  return { type: 'registered', path, stat, tookOver: true };
}

/** A place may be taken from oneself, from a session that lost its connection, or from the same address. */
function holderObjects(body: Register, holder: NodeRecord, work: Work): Refused | undefined {
  const owner = work.state.ownerOf(holder);
  if (owner !== undefined && (owner === work.session || owner.detached)) return undefined;
  const held = decodeInstance({ path: holder.path, data: holder.data, stat: statOf(holder) });
  const isSame = held?.address === body.address && held.port === body.port;
  if (isSame) return undefined;
  return refused('ID_IN_USE', held === undefined ? holder.path : `${held.address}:${held.port}`);
}

function claimant(body: Register, work: Work) {
  return body.isStatic ? NO_SESSION : work.session!.id;
}

/** The owner, anyone for a static instance (the incarnation is the key), or an operator's hand. */
function mayChange(node: NodeRecord, work: Work): boolean {
  if (node.owner === NO_SESSION || work.envelope.session === NO_SESSION) return true;
  return node.owner === work.envelope.session;
}

function isTakenOff(override: Override | undefined, time: number): boolean {
  if (override?.action !== 'deregister') return false;
  return override.until === 0 || override.until > time;
}
