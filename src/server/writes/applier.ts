/**
 * Committed runs meet the state machine: every entry is decoded once and applied, its events go to the
 * watches, and if it entered the cluster here its outcome goes back to whoever asked. Events of a turn
 * are queued before its answers, so an event precedes every newer read (contract W10).
 */
import { decodeCommand, peekEnvelope } from '../../codec/command.js';
import { decodeConfiguration } from '../../codec/run.js';
import type { ApplyResult, SessionChange, Tree } from '../../tree/tree.js';
import { assert, unreachable } from '../../types/assert.js';
import type { Command, EntryContext, Envelope } from '../../types/command.js';
import { asIndex, NO_SESSION, type Revision, type SessionId, type Term } from '../../types/ids.js';
import type { Configuration, Run, SnapshotMeta } from '../../types/log.js';
import type { SessionAttached } from '../../types/outcome.js';
import { Fifo } from '../clients/fifo.js';
import {
  type Gate,
  notApplied,
  type SessionEnd,
  type Slot,
  unknownOutcome,
} from '../clients/gate.js';
import type { Reads } from '../clients/reads.js';
import type { Leading } from '../leader/leading.js';
import type { SessionReports } from '../leader/session-reports.js';
import type { WatchHub } from '../watches/watch-hub.js';
import type { OriginQueue } from './origin-queue.js';

/** Of the last entry applied: what a checkpoint needs besides the rows. */
export interface AppliedAt {
  readonly term: Term;
  readonly configuration: Configuration;
  readonly time: number;
}

/** Entries applied between two looks at the clock: well below a millisecond. */
const STEP_ENTRIES = 64;

export interface ApplierHost {
  readonly origin: OriginQueue;
  readonly reads: Reads;
  readonly leading: Leading;
  readonly reports: SessionReports;
  readonly hub: WatchHub;
  tree(): Tree;
  sessionEnded(cause: string): void;
  /** The state is at a mark: now is the time to say what it comes to. */
  marked(revision: Revision): void;
}

export class Applier {
  readonly #host: ApplierHost;
  /** Which connection of this member speaks for a session. */
  readonly #attached = new Map<SessionId, Gate>();

  #at: AppliedAt;
  readonly #queue = new Fifo<Run>();
  /** Entries of the queue's first run that are applied. */
  #done = 0;

  constructor(host: ApplierHost, at: AppliedAt) {
    this.#host = host;
    this.#at = at;
  }

  /** Where the state stands in the log. */
  get meta(): SnapshotMeta {
    const { term, configuration } = this.#at;
    return { term, configuration, index: this.#host.tree().revision };
  }

  /** The stamp of the last run applied: time never goes back behind it. */
  get time(): number {
    return this.#at.time;
  }

  /** Committed runs, in order; applied by `step`. */
  add(runs: readonly Run[]): void {
    for (const run of runs) this.#queue.push(run);
  }

  get hasMore(): boolean {
    return this.#queue.length > 0;
  }

  /** The next few entries: a small piece of work, so that a long replay can be done in slices. */
  step(): void {
    const run = this.#queue.peek();
    if (run === undefined) return;
    const isChange = run.kind === 'configuration';
    const configuration = isChange ? read(run) : this.#at.configuration;
    // A no-op's stamp may be older: nothing in the log says what the state at its beginning was stamped.
    const time = Math.max(this.#at.time, run.time);
    this.#at = { term: run.term, time, configuration };
    const end = Math.min(run.count, this.#done + STEP_ENTRIES);
    if (run.kind === 'command') this.#applyCommands(run, this.#done, end);
    else this.#host.tree().advance(run.first);
    this.#done = end;
    if (end < run.count) return;
    this.#done = 0;
    this.#queue.shift();
  }

  /** The connection is gone. */
  unbind(gate: Gate): void {
    if (this.#attached.get(gate.session) === gate) this.#attached.delete(gate.session);
    if (gate.wasPeerClosed) this.#reportClosed(gate.session, gate.epoch);
  }

  /** Sessions that ended or moved while this member was behind. */
  replaceTree(tree: Tree, at: AppliedAt): void {
    this.#settleUpTo(tree);
    this.#at = at;
    this.#queue.clear();
    this.#done = 0;
    this.#host.reports.reconcile((session) => tree.session(session)?.epoch);
    for (const [session, gate] of [...this.#attached]) {
      const view = tree.session(session);
      if (view?.epoch === gate.epoch) continue;
      this.#release(session, view === undefined ? 'expired' : 'moved');
    }
  }

  /** The new state holds these changes, but not what came of them. */
  #settleUpTo(tree: Tree): void {
    const { origin, reads } = this.#host;
    const applied = tree.originNumber(origin.member, origin.boot);
    const reason = 'this member was refetching its state';
    const last = new Map<Gate, Slot>();
    while (origin.applied < applied) {
      const slot = origin.settle(origin.applied + 1);
      slot.gate.fail(slot, unknownOutcome('UNAVAILABLE', reason));
      last.set(slot.gate, slot);
    }
    for (const slot of last.values()) reads.failBefore(slot, notApplied('UNAVAILABLE', reason));
  }

  #applyCommands(run: Run, from: number, to: number): void {
    const tree = this.#host.tree();
    const { term, time, offsets, bytes } = run;
    for (let i = from; i < to; i++) {
      const entry = bytes.subarray(offsets[i], offsets[i + 1]);
      const command = decodeCommand(entry);
      const context: EntryContext = { revision: asIndex(run.first + i), term, time };
      if (command === undefined) this.#applyUndecodable(entry, context);
      else this.#applyOne(tree, command, context);
    }
  }

  #applyUndecodable(entry: Uint8Array, context: EntryContext): void {
    const envelope = peekEnvelope(entry);
    const result = this.#host.tree().applyUndecodable(context, envelope);
    if (envelope !== undefined) this.#answer(envelope, result);
  }

  #applyOne(tree: Tree, command: Command, context: EntryContext): void {
    const { envelope } = command;
    if (this.#isOwn(envelope)) this.#host.reads.runBefore(this.#host.origin.next);
    const result = tree.apply(command, context);
    if (result.applied === undefined) return;
    this.#host.hub.publish(result.events);
    if (envelope.origin.number === 0) this.#host.leading.ownApplied(command.body);
    if (result.session !== undefined) this.#sessionChanged(result.session);
    else if (envelope.session !== NO_SESSION)
      this.#host.leading.sessionActive(envelope.session, envelope.epoch);
    if (command.body.kind === 'markDigest') this.#host.marked(context.revision);
    if (command.body.kind === 'expireSession' && result.session === undefined)
      this.#host.leading.sessionStarted(command.body.session);
    this.#answer(envelope, result);
  }

  /** It entered the cluster here: whoever asked gets the outcome. */
  #answer(envelope: Envelope, { applied }: ApplyResult): void {
    if (applied === undefined || !this.#isOwn(envelope)) return;
    const slot = this.#host.origin.settle(envelope.origin.number);
    const { outcome, revision } = applied;
    if (outcome.type === 'attached') this.#bind(slot.gate, outcome);
    slot.gate.complete(slot, { type: 'outcome', id: slot.id, outcome, revision });
  }

  /** It is the next request that this boot of this member is waiting for. */
  #isOwn({ origin: { member, boot, number } }: Envelope): boolean {
    const { origin } = this.#host;
    return number === origin.applied + 1 && member === origin.member && boot === origin.boot;
  }

  #bind(gate: Gate, outcome: SessionAttached): void {
    const { session, epoch } = outcome;
    if (gate.isClosed) {
      if (gate.wasPeerClosed) this.#reportClosed(session, epoch);
      return;
    }
    if (this.#attached.get(gate.session) === gate) this.#attached.delete(gate.session);
    gate.session = session;
    gate.epoch = epoch;
    gate.sessionEnd = undefined;
    gate.nextSeq = outcome.lastSeq + 1;
    this.#attached.set(session, gate);
  }

  #sessionChanged(change: SessionChange): void {
    const { session } = change;
    switch (change.type) {
      case 'opened':
        return this.#host.leading.sessionStarted(session);
      case 'attached':
        this.#host.reports.resolved(session, change.epoch - 1);
        this.#host.leading.sessionStarted(session);
        return this.#release(session, 'moved');
      case 'detached':
        this.#host.reports.resolved(session, change.epoch);
        return this.#host.leading.sessionDetached(session, change.epoch);
      case 'ended':
        this.#host.reports.ended(session);
        this.#host.leading.sessionEnded(session);
        this.#host.sessionEnded(change.cause);
        return this.#release(session, endedAs(change.cause));
      default:
        return unreachable(change);
    }
  }

  /** The connection that spoke for it here speaks for it no longer. */
  #release(session: SessionId, cause: SessionEnd): void {
    const gate = this.#attached.get(session);
    if (gate === undefined) return;
    this.#attached.delete(session);
    gate.session = NO_SESSION;
    gate.sessionEnd = cause;
    gate.push({ type: 'sessionEnded', cause });
  }

  #reportClosed(session: SessionId, epoch: number): void {
    const view = this.#host.tree().session(session);
    if (view === undefined || view.graceMs === 0 || view.epoch !== epoch) return;
    this.#host.reports.closed(session, epoch);
  }
}

function read(run: Run): Configuration {
  const configuration = decodeConfiguration(run.bytes);
  assert(configuration !== undefined, 'a configuration in the log can be read');
  return configuration;
}

function endedAs(cause: string): SessionEnd {
  if (cause === 'expiry') return 'expired';
  if (cause === 'grace') return 'disconnected';
  return cause === 'revoke' ? 'revoked' : 'closed';
}
