/**
 * The replicated state machine. Applying the same entries in the same order gives the same state, outcomes
 * and events on every member, whatever stands in them: refusals are outcomes, and nothing that an entry
 * holds makes apply throw (build rule R25). It reads no clock and awaits nothing.
 */

import type { OverrideRow } from '../codec/row.js';
import { assert, unreachable } from '../types/assert.js';
import type { Command, CommandBody, EntryContext, Envelope } from '../types/command.js';
import type { EventBatch, TreeEvent } from '../types/event.js';
import type { MemberId, Revision, SessionId } from '../types/ids.js';
import type { AclEntry, TreeNode } from '../types/node.js';
import type { Applied, Outcome } from '../types/outcome.js';
import { allows, OPEN_ACCESS } from './access.js';
import { admit, storeOutcome } from './admission.js';
import { checkState } from './check.js';
import { applyDeregister, applyRegister, applyUpdate } from './commands/catalog.js';
import { applyOverride } from './commands/override.js';
import {
  applyAttach,
  applyClose,
  applyDetach,
  applyExpire,
  applyOpen,
  isEqual,
} from './commands/session.js';
import { applyOperation, applyTransact } from './commands/transact.js';
import type { DirtyRows } from './dirty.js';
import type { HistoryOptions, HistoryPage } from './history.js';
import { StateLoader } from './load.js';
import {
  type ChildrenRequest,
  type NodePage,
  nodeOf,
  readChildren,
  readServices,
  readSubtree,
  type ServicePage,
  type SubtreeRequest,
} from './reading.js';
import type { SessionRecord } from './sessions.js';
import { TreeState } from './state.js';
import { NO_EVENTS, refused, type SessionChange, Work } from './work.js';

export type { SessionChange } from './work.js';

export interface ApplyResult {
  /** undefined: not the next request of its origin, so a no-op that answers nobody. */
  readonly applied: Applied | undefined;
  readonly events: readonly TreeEvent[];
  readonly session?: SessionChange;
}

export interface SessionView {
  readonly id: SessionId;
  readonly epoch: number;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly detached: boolean;
  readonly lastSeq: number;
  readonly lastRevision: Revision;
  readonly ephemeralCount: number;
}

/** Builds a tree from the rows of a checkpoint, in key order. */
export interface TreeLoader {
  add(rows: Parameters<StateLoader['add']>[0]): void;
  /** undefined when the rows do not make a state; compare `digest()` with the stored one besides. */
  finish(): Tree | undefined;
}

const SKIPPED: ApplyResult = { applied: undefined, events: NO_EVENTS };
const SCAN_BATCHES_MAX = 4096;

export class Tree {
  readonly #state: TreeState;

  constructor(options: HistoryOptions = {}, loaded?: TreeState) {
    this.#state = loaded ?? new TreeState(options);
    if (loaded === undefined) this.#state.tracker.created(this.#state.nodes.root);
  }

  static load(revision: Revision, options: HistoryOptions = {}): TreeLoader {
    const loader = new StateLoader(revision, options);
    return {
      add: (rows) => loader.add(rows),
      finish: () => {
        const state = loader.finish();
        return state === undefined ? undefined : new Tree(options, state);
      },
    };
  }

  /** The last entry applied or passed over. */
  get revision(): Revision {
    return this.#state.revision;
  }

  apply(command: Command, context: EntryContext): ApplyResult {
    this.advance(context.revision);
    const { envelope, body, bodyHash } = command;
    if (!this.#state.origins.accept(envelope.origin)) return SKIPPED;
    const work = new Work(this.#state, envelope, context);
    const answered = admit(work, bodyHash);
    const applied = answered ?? this.#decide(body, bodyHash, work);
    this.#state.tracker.settle();
    return this.#finish(applied, work);
  }

  /**
   * An entry whose bytes are no command. With an envelope that could be read, its request is counted and
   * refused, so that those behind it are not held up.
   */
  applyUndecodable(context: EntryContext, envelope?: Envelope): ApplyResult {
    this.advance(context.revision);
    if (envelope === undefined || !this.#state.origins.accept(envelope.origin)) return SKIPPED;
    const work = new Work(this.#state, envelope, context);
    const outcome = refused('INVALID_ARGUMENT', 'the command cannot be read');
    const answered = admit(work, 0);
    if (answered === undefined) storeOutcome(work, 0, outcome);
    return this.#finish(answered ?? { outcome, revision: context.revision }, work);
  }

  /** Entries that are no commands consume revisions too. */
  advance(revision: Revision): void {
    assert(revision > this.#state.revision, 'entries are applied in order, each once');
    this.#state.revision = revision;
  }

  get(path: string): TreeNode | undefined {
    const node = this.#state.nodes.get(path);
    return node === undefined ? undefined : nodeOf(node, this.#state);
  }

  children(path: string, request: ChildrenRequest): NodePage | undefined {
    return readChildren(this.#state, path, request);
  }

  /** In the order of `comparePaths`: parents first, a subtree in one piece. */
  subtree(path: string, request: SubtreeRequest): NodePage {
    return readSubtree(this.#state, path, request);
  }

  services(request: { readonly after?: string; readonly limit: number }): ServicePage {
    return readServices(this.#state, request);
  }

  get nodeCount(): number {
    return this.#state.nodes.size;
  }

  session(id: SessionId): SessionView | undefined {
    const session = this.#state.sessions.get(id);
    return session === undefined ? undefined : viewOf(session);
  }

  /** Whether this is the hash of the session's secret. */
  isSecret(id: SessionId, secretHash: Uint8Array): boolean {
    const session = this.#state.sessions.get(id);
    return session !== undefined && isEqual(session.secretHash, secretHash);
  }

  *sessions(): Iterable<SessionView> {
    for (const session of this.#state.sessions.values()) yield viewOf(session);
  }

  get sessionCount(): number {
    return this.#state.sessions.size;
  }

  /** Paths of a session's ephemeral nodes, in no promised order. */
  *ephemerals(id: SessionId): Iterable<string> {
    for (const node of this.#state.sessions.get(id)?.ephemerals ?? []) yield node.path;
  }

  /** Last applied request of that boot; 0 while a boot (or a newer one) has not been seen. */
  originNumber(member: MemberId, boot: number): number {
    const origin = this.#state.origins.get(member);
    return origin?.boot === boot ? origin.number : 0;
  }

  /** The latest boot of a member of which a request was applied; 0 when none was. */
  originBoot(member: MemberId): number {
    return this.#state.origins.get(member)?.boot ?? 0;
  }

  overrides(): Iterable<OverrideRow> {
    return this.#state.overrides.values();
  }

  /** Containers that once had children and have none, and ttl nodes idle since before `time`: for the leader to delete. */
  *reapable(time: number): Iterable<{ readonly path: string; readonly version: number }> {
    for (const node of this.#state.nodes.values()) {
      if (node.childCount > 0) continue;
      const isEmptied = node.kind === 'container' && node.createCount > 0 && node.dataLength === 0;
      const isIdle = node.kind === 'ttl' && node.modifyTime + node.ttlMs < time;
      if (isEmptied || isIdle) yield { path: node.path, version: node.version };
    }
  }

  /** The access list behind an event's or a node's id. */
  acl(aclId: number): readonly AclEntry[] {
    return (this.#state.access.get(aclId) ?? OPEN_ACCESS).entries;
  }

  aclIdOf(path: string): number | undefined {
    return this.#state.nodes.get(path)?.access.id;
  }

  /** Whether these identities have a permission (ZooKeeper's bits) under an access list. */
  allows(aclId: number, permission: number, identities: readonly string[]): boolean {
    return allows(this.#state.access.get(aclId) ?? OPEN_ACCESS, permission, identities);
  }

  /** Matching events above `revision`, a bounded piece at a time. */
  since(
    revision: Revision,
    matches: (event: TreeEvent) => boolean,
    scanMax = SCAN_BATCHES_MAX,
  ): HistoryPage | 'compacted' {
    return this.#state.history.since(revision, matches, { now: this.revision, scanMax });
  }

  /** History is complete above this revision. */
  get historyFloor(): Revision {
    return this.#state.history.floor;
  }

  get historyEvents(): number {
    return this.#state.history.events;
  }

  /** Of the whole state, 16 hex digits: equal on members that hold the same. */
  digest(): string {
    return this.#state.tracker.digest.text();
  }

  /** Freezes what changed since the last call, as of this revision. */
  takeDirty(): DirtyRows {
    return this.#state.tracker.takeDirty(this.revision);
  }

  get dirtyCount(): number {
    return this.#state.tracker.dirtyCount;
  }

  /** Asserts every invariant; costs a walk over everything. */
  checkTree(): void {
    checkState(this.#state);
  }

  #decide(body: CommandBody, bodyHash: number, work: Work): Applied {
    const outcome = applyBody(body, work);
    storeOutcome(work, bodyHash, outcome);
    return { outcome, revision: work.revision };
  }

  #finish(applied: Applied, work: Work): ApplyResult {
    const { events, change, revision } = work;
    if (events.length > 0) this.#state.history.push({ revision, events } satisfies EventBatch);
    return change === undefined ? { applied, events } : { applied, events, session: change };
  }
}

function applyBody(body: CommandBody, work: Work): Outcome {
  switch (body.kind) {
    case 'create':
    case 'set':
    case 'delete':
      return applyOperation(body, work);
    case 'transact':
      return applyTransact(body, work);
    case 'openSession':
      return applyOpen(body, work);
    case 'attachSession':
      return applyAttach(body, work);
    case 'closeSession':
      return applyClose(work);
    case 'detachSession':
      return applyDetach(body, work);
    case 'expireSession':
      return applyExpire(body, work);
    case 'skip':
      return { type: 'done' };
    case 'register':
      return applyRegister(body, work);
    case 'updateInstance':
      return applyUpdate(body, work);
    case 'deregister':
      return applyDeregister(body, work);
    case 'setOverride':
      return applyOverride(body, work);
    case 'deleteTree':
    case 'setAcl':
    case 'setQuota':
    case 'reap':
    case 'revokeSession':
    case 'expireOverride':
    case 'setSettings':
      return refused('INVALID_ARGUMENT', body.kind);
    case 'markDigest':
      return { type: 'done' };
    default:
      return unreachable(body);
  }
}

function viewOf(session: SessionRecord): SessionView {
  return {
    id: session.id,
    epoch: session.epoch,
    timeoutMs: session.timeoutMs,
    graceMs: session.graceMs,
    detached: session.detached,
    lastSeq: session.lastSeq,
    lastRevision: session.lastRevision,
    ephemeralCount: session.ephemerals.size,
  };
}
