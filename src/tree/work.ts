/**
 * One entry being applied: its place, who asks, and what has happened so far. Every change of a node goes
 * through here, so that dirty rows, the journal of a transaction and events cannot be forgotten.
 */
import type { Envelope } from '../types/command.js';
import type { RefusalCode } from '../types/errors.js';
import type { Cause, EventType, TreeEvent } from '../types/event.js';
import {
  asRevision,
  NO_INDEX,
  NO_SESSION,
  type Revision,
  type SessionId,
  type Term,
} from '../types/ids.js';
import type { AclEntry, NodeKind, NodeStat } from '../types/node.js';
import type { Refused } from '../types/outcome.js';
import type { AuditAction } from '../types/record.js';
import { type AccessList, allows } from './access.js';
import { type Place, placeText } from './departures.js';
import { Journal } from './journal.js';
import { factsOf, type Hand, isInstance, type Leaving, lastOfEach, NOBODY } from './leaving.js';
import { NodeRecord, statOf } from './nodes.js';
import type { SessionRecord } from './sessions.js';
import type { TreeState } from './state.js';

export type EndCause = 'close' | 'expiry' | 'grace' | 'revoke';

/** What an entry did to a session, for the member's own bookkeeping. */
export type SessionChange =
  | {
      readonly type: 'opened' | 'attached' | 'detached';
      readonly session: SessionId;
      readonly epoch: number;
    }
  | { readonly type: 'ended'; readonly session: SessionId; readonly cause: EndCause };

export interface NewNode {
  readonly path: string;
  readonly data: Uint8Array;
  readonly kind: NodeKind;
  readonly owner: SessionId;
  readonly ttlMs: number;
  readonly acl: readonly AclEntry[];
  readonly incarnation: Revision;
}

export interface Claim {
  readonly data: Uint8Array;
  readonly owner: SessionId;
  readonly place: Place;
}

export const NO_EVENTS: readonly TreeEvent[] = [];

export class Work {
  readonly state: TreeState;
  readonly envelope: Envelope;
  readonly revision: Revision;
  readonly term: Term;
  readonly time: number;
  /** The envelope's session, when it has a live one. */
  session: SessionRecord | undefined = undefined;
  change: SessionChange | undefined = undefined;
  /** Whose act this is, when it is an operator's. */
  hand: Hand = NOBODY;
  #events: TreeEvent[] | undefined = undefined;
  #creates = 0;
  #journal: Journal | undefined = undefined;
  #leaving: Leaving[] | undefined = undefined;

  constructor(
    state: TreeState,
    envelope: Envelope,
    entry: { readonly revision: Revision; readonly term: Term; readonly time: number },
  ) {
    this.state = state;
    this.envelope = envelope;
    this.revision = entry.revision;
    this.term = entry.term;
    this.time = entry.time;
  }

  get events(): readonly TreeEvent[] {
    return this.#events ?? NO_EVENTS;
  }

  /** From here on changes can be taken back. */
  begin(): void {
    this.#journal = new Journal(this.state);
  }

  commit(): void {
    this.#journal = undefined;
  }

  rollBack(): void {
    this.#journal?.undo();
    this.#journal = undefined;
    this.#events = undefined;
    this.#leaving = undefined;
    this.#creates = 0;
  }

  may(permission: number, node: NodeRecord): boolean {
    return allows(node.access, permission, this.envelope.identities);
  }

  /** Why a node's data may not grow by this much. */
  overQuota(path: string, bytes: number): Refused | undefined {
    if (this.state.quotas.size === 0) return undefined;
    return this.#overQuota([path], false, bytes);
  }

  /** Why these nodes may not be made, each below the one before, with this much data in the last. */
  overQuotaBy(paths: readonly string[], bytes: number): Refused | undefined {
    return this.#overQuota(paths, true, bytes);
  }

  /** Asked before the array that the above wants is made. */
  get hasQuotas(): boolean {
    return this.state.quotas.size > 0;
  }

  #overQuota(paths: readonly string[], isNew: boolean, bytes: number): Refused | undefined {
    const broken = this.state.quotas.broken(paths, isNew, bytes);
    if (broken === undefined) return undefined;
    const { nodes, bytes: maxBytes } = broken.limits;
    const holds = `${broken.path} holds ${broken.nodes} nodes and ${broken.bytes} bytes`;
    const limits = `its quota is ${nodes || 'any'} nodes and ${maxBytes || 'any'} bytes`;
    return refused('QUOTA_EXCEEDED', `${paths.at(-1)}: ${holds}, ${limits}`);
  }

  /** After all of it was applied, and none taken back. */
  rememberLeaving(): void {
    if (this.#leaving === undefined) return;
    for (const { node, owner, leave, data, facts } of lastOfEach(this.#leaving)) {
      this.state.departures.add(facts ?? factsOf(node, owner, leave), data);
    }
  }

  /** Remembers an operator's act. */
  audit(action: AuditAction, subject: string): void {
    const { revision, time, hand } = this;
    this.state.audit.add({ revision, time, action, subject, who: hand.who, why: hand.why });
  }

  create(parent: NodeRecord, made: NewNode): NodeStat {
    const { state, revision, time } = this;
    this.#beforeChange(parent);
    const node = new NodeRecord(
      {
        path: made.path,
        kind: made.kind,
        owner: made.owner,
        createRevision: revision,
        modifyRevision: revision,
        childrenRevision: revision,
        createTime: time,
        modifyTime: time,
        version: 0,
        createCount: 0,
        aclVersion: 0,
        ttlMs: made.ttlMs,
        ordinal: this.#creates++,
        sequence: parent.createCount,
        incarnation: made.incarnation,
      },
      state.access.intern(made.acl),
      parent,
    );
    state.bytes.put(node, made.data);
    parent.createCount++;
    parent.childrenRevision = revision;
    state.linkNode(node);
    state.tracker.created(node);
    state.tracker.weigh(node.dataLength);
    this.#journal?.created(node);
    return this.emit('created', node, 'client');
  }

  setData(node: NodeRecord, data: Uint8Array, cause: Cause = 'client'): NodeStat {
    this.#beforeChange(node);
    this.#writeData(node, data);
    return this.emit('changed', node, cause);
  }

  /** Data and events know nothing of it (ZooKeeper's rule). */
  setAcl(node: NodeRecord, access: AccessList): NodeStat {
    this.#beforeChange(node);
    this.state.setAccess(node, access);
    node.aclVersion++;
    return statOf(node);
  }

  /** The node changes hands (or is claimed anew) and keeps its place. */
  takeOver(node: NodeRecord, claim: Claim): NodeStat {
    if (node.owner !== claim.owner && isInstance(node)) {
      const hand = { who: placeText(claim.place), why: '' };
      this.#leave(node, 'takeover', hand);
    }
    this.#beforeChange(node);
    this.state.ownerOf(node)?.ephemerals.delete(node);
    node.owner = claim.owner;
    node.kind = claim.owner === NO_SESSION ? 'persistent' : 'ephemeral';
    this.state.ownerOf(node)?.ephemerals.add(node);
    node.incarnation = this.revision;
    this.#writeData(node, claim.data);
    return this.emit('changed', node, 'takeover');
  }

  delete(node: NodeRecord, cause: Cause): void {
    const parent = node.parent!;
    this.#beforeChange(parent);
    this.state.tracker.removed(node);
    this.state.unlinkNode(node);
    this.state.bytes.release(node);
    parent.childrenRevision = this.revision;
    this.#journal?.deleted(node);
    this.emit('deleted', node, cause);
    if (isInstance(node)) this.#leave(node, cause, this.hand);
  }

  emit(type: EventType, node: NodeRecord, cause: Cause): NodeStat {
    this.#events ??= [];
    const { path, data } = node;
    const { revision } = this;
    const stat = statOf(node);
    const ordinal = this.#events.length;
    const aclId = node.access.id;
    this.state.access.used(node.access, revision);
    const override = this.state.overrides.get(path);
    const event = { type, path, revision, ordinal, stat, data, cause, aclId };
    this.#events.push(override === undefined ? event : { ...event, override });
    return stat;
  }

  #leave(node: NodeRecord, cause: Cause, hand: Hand): void {
    const { revision, time } = this;
    const owner = this.state.ownerOf(node);
    const leave = { cause, revision, time, hand };
    const facts = cause === 'takeover' ? factsOf(node, owner, leave) : undefined;
    this.#leaving ??= [];
    this.#leaving.push({ node, owner, leave, data: node.data, facts });
  }

  #writeData(node: NodeRecord, data: Uint8Array): void {
    this.state.putData(node, data);
    node.version++;
    node.modifyRevision = this.revision;
    node.modifyTime = this.time;
    this.state.tracker.weigh(data.length);
  }

  #beforeChange(node: NodeRecord): void {
    this.state.tracker.touch(node);
    this.#journal?.changing(node);
  }
}

export function refused(code: RefusalCode, detail: string, position = 0): Refused {
  return { type: 'refused', code, position, detail };
}

export const NO_INCARNATION = asRevision(NO_INDEX);
