/**
 * One member as a step: inputs (ticks, peer messages, requests, "durable now") go in, effects come out
 * of `settle`. It owns consensus, the state machine and everything kept per client; it awaits nothing,
 * reads the time through a port, and runs unchanged in the simulator. `member.ts` performs the effects.
 *
 * Invariant: applied ≤ min(commit, durable) ≤ last index; an answer leaves only after it was applied.
 */
import { Raft, type RaftOptions, type Ready } from '../raft/raft.js';
import type { Tree } from '../tree/tree.js';
import { unreachable } from '../types/assert.js';
import type { Index, MemberId } from '../types/ids.js';
import { SLICE_MS_MAX } from '../types/limits.js';
import type { CheckpointMeta, EntryBatch, SnapshotMeta } from '../types/log.js';
import type { MemberStatus, PeerMessage } from '../types/peer.js';
import type { Clock } from '../types/ports.js';
import { type AppliedAt, Applier } from './applier.js';
import type { Effects, Persist } from './effects.js';
import { Flushing } from './flushing.js';
import { Forwarding } from './forwarding.js';
import { Gate, type GateHost, notApplied, type Slot, unknownOutcome } from './gate.js';
import { Intake } from './intake.js';
import { Leading } from './leading.js';
import { OriginQueue } from './origin-queue.js';
import { Pulse } from './pulse.js';
import { Quarantine } from './quarantine.js';
import { Reads } from './reads.js';
import { shownRole } from './role.js';
import { Rounds } from './rounds.js';
import type { Attachment, AttachOptions, Sink } from './service.js';
import { SessionReports } from './session-reports.js';
import type { Tuning } from './tuning.js';
import { WatchHub } from './watch-hub.js';

export interface CoreOptions {
  readonly self: MemberId;
  readonly boot: number;
  readonly raft: RaftOptions;
  /** The state at `raft.initial.appliedIndex`… */
  readonly tree: Tree;
  /** …and the term and configuration there. */
  readonly appliedAt: AppliedAt;
  /** The disk was damaged: why. No votes and no answers until the state is refetched. */
  readonly quarantine?: string | undefined;
  readonly clock: Clock;
  readonly tuning: Tuning;
  readonly describeSelf: () => Omit<
    MemberStatus,
    'type' | 'role' | 'term' | 'commitIndex' | 'appliedIndex'
  >;
  readonly sessionEnded: (cause: string) => void;
  /** Changes were pushed to subscribers this long after they were committed here. */
  readonly pushed: (ms: number) => void;
  /** There are inputs: `settle` is due at the end of this turn. */
  readonly wake: () => void;
}

export class Core {
  readonly #options: CoreOptions;
  readonly #raft: Raft;
  readonly #clock: Clock;
  #tree: Tree;
  readonly #hub: WatchHub;
  readonly #origin: OriginQueue;
  readonly #rounds: Rounds;
  readonly #reads: Reads;
  readonly #reports: SessionReports;
  readonly #leading: Leading;
  readonly #applier: Applier;
  readonly #intake: Intake;
  readonly #forwarding: Forwarding;
  readonly #pulse: Pulse;
  readonly #quarantine: Quarantine;
  readonly #gates = new Set<Gate>();
  readonly #flushing: Flushing;
  readonly #statuses = new Map<
    MemberId,
    { readonly status: MemberStatus; readonly atMs: number }
  >();
  readonly #gateHost: GateHost = {
    handle: (gate, request) => {
      this.#intake.handle(gate, request);
      this.#options.wake();
    },
    markDirty: (gate) => this.#flushing.add(gate),
    closed: (gate) => {
      this.#hub.stopAll(gate);
      this.#applier.unbind(gate);
      this.#gates.delete(gate);
      this.#flushing.delete(gate);
    },
  };
  #sends = new Map<MemberId, PeerMessage[]>();
  #followed: { readonly leader: MemberId | undefined; readonly term: number };
  /** Leading begins when this is applied; undefined while not a leader with a committed entry of its own. */
  #openAt: number | undefined;

  constructor(options: CoreOptions) {
    const { self, tuning, clock, sessionEnded } = options;
    this.#options = options;
    this.#clock = clock;
    this.#tree = options.tree;
    this.#raft = new Raft(options.raft);
    this.#followed = { leader: undefined, term: this.#raft.term };
    this.#origin = new OriginQueue(self, options.boot);
    this.#hub = new WatchHub(this.#tree);
    this.#flushing = new Flushing({ clock, hub: this.#hub, wake: options.wake });
    this.#reports = new SessionReports();
    this.#rounds = new Rounds((id) => this.#raft.readIndex(id), tuning.readRetryMs);
    const shared = {
      self,
      tuning,
      raft: this.#raft,
      origin: this.#origin,
      hub: this.#hub,
      reports: this.#reports,
      rounds: this.#rounds,
      gates: this.#gates,
      tree: () => this.#tree,
      nowMs: () => clock.monotonicMs(),
      status: () => this.status(),
      send: (to: MemberId, message: PeerMessage) => this.#send(to, message),
      propose: (batch: EntryBatch) => this.#propose(batch),
      sessionEnded,
      boot: options.boot,
      term: () => this.#raft.term,
    };
    const reads = new Reads(shared);
    const leading = new Leading(shared, tuning.sessionTickMs);
    this.#reads = reads;
    this.#leading = leading;
    this.#forwarding = new Forwarding({ ...shared, leading });
    this.#applier = new Applier({ ...shared, leading, reads }, options.appliedAt);
    this.#intake = new Intake({ ...shared, reads });
    this.#pulse = new Pulse({ ...shared, reads, leading }, clock.monotonicMs());
    const intake = this.#intake;
    this.#quarantine = new Quarantine({ ...shared, intake, gateHost: this.#gateHost });
    if (options.quarantine !== undefined) this.#quarantine.begin();
  }

  get raft(): Raft {
    return this.#raft;
  }

  get tree(): Tree {
    return this.#tree;
  }

  /** Where the state stands in the log. */
  get applied(): SnapshotMeta {
    return this.#applier.meta;
  }

  /** The stamp of the last run applied, milliseconds since 1970. */
  get appliedTime(): number {
    return this.#applier.time;
  }

  /** Accepted from clients and not yet applied. */
  get pending(): { readonly requests: number; readonly bytes: number } {
    return { requests: this.#origin.count, bytes: this.#origin.bytes };
  }

  get watchCount(): number {
    return this.#hub.count;
  }

  get confirmationAgeMs(): number {
    return this.#reports.confirmationAgeMs(this.#clock.monotonicMs());
  }

  get isQuarantined(): boolean {
    return this.#quarantine.isOn;
  }

  get hasQuorum(): boolean {
    return this.#reports.isConfirmed(this.#clock.monotonicMs());
  }

  /** What each other member last said of itself, and when. */
  get statuses(): ReadonlyMap<MemberId, { readonly status: MemberStatus; readonly atMs: number }> {
    return this.#statuses;
  }

  status(): MemberStatus {
    const { term, commitIndex } = this.#raft;
    return {
      ...this.#options.describeSelf(),
      type: 'status',
      role: this.isQuarantined ? 'quarantined' : shownRole(this.#raft, this.#options.self),
      term,
      commitIndex,
      appliedIndex: this.#tree.revision,
    };
  }

  // ---- Inputs ----

  attach(options: AttachOptions, sink: Sink): Attachment {
    const gate = new Gate(options, sink, this.#gateHost);
    gate.deliveredAtMs = this.#clock.monotonicMs();
    this.#gates.add(gate);
    this.#pulse.greet(gate);
    return gate;
  }

  /** Raft's tick; session ticks are counted out of it. */
  tick(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#raft.tick();
    this.#rounds.retry(nowMs);
    this.#forwarding.tick(nowMs);
    this.#pulse.tick(nowMs);
  }

  receive(from: MemberId, messages: readonly PeerMessage[]): void {
    for (const message of messages) this.#receiveOne(from, message);
  }

  persisted(token: number): void {
    this.#raft.persisted(token);
  }

  /** The link to a peer was made: what was under way on the old one may be lost. */
  connected(peer: MemberId): void {
    if (peer === this.#raft.leader) this.#origin.rewind();
  }

  peerDown(peer: MemberId): void {
    this.#raft.peerDown(peer);
  }

  /** The state was replaced: watches are shown the new one, and what cannot be answered is `unknown`. */
  installed({ snapshot, time }: CheckpointMeta, tree: Tree): void {
    this.#tree = tree;
    this.#hub.replaceTree(tree);
    for (const gate of this.#gates) if (gate.laggingCount > 0) this.#flushing.add(gate);
    this.#settleUpTo(tree.originNumber(this.#options.self, this.#options.boot));
    this.#applier.replaceTree(tree, { ...snapshot, time });
    this.#raft.snapshotInstalled(snapshot);
  }

  /** The new state holds these changes, but not what came of them. */
  #settleUpTo(applied: number): void {
    const reason = 'this member was refetching its state';
    const last = new Map<Gate, Slot>();
    while (this.#origin.applied < applied) {
      const slot = this.#origin.settle(this.#origin.applied + 1);
      slot.gate.fail(slot, unknownOutcome('UNAVAILABLE', reason));
      last.set(slot.gate, slot);
    }
    for (const slot of last.values())
      this.#reads.failBefore(slot, notApplied('UNAVAILABLE', reason));
  }

  installFailed(from: MemberId): void {
    this.#raft.snapshotFailed(from);
  }

  quarantineLifted(): void {
    this.#quarantine.end();
  }

  trimmed(to: Index): void {
    this.#raft.trim(to);
  }

  /** Stops taking requests and hands leadership to the follower that has most of the log. */
  leave(): void {
    this.#intake.isLeaving = true;
    const mayLead = (id: MemberId) => this.#statuses.get(id)?.status.role !== 'quarantined';
    const best = this.#raft.followers.filter(({ id }) => mayLead(id));
    best.sort((a, b) => b.matchIndex - a.matchIndex);
    for (const { id } of best) if (this.#raft.transferLeadership(id)) return;
  }

  // ---- Effects ----

  /** To be called at the end of every turn with inputs. */
  settle(): Effects {
    const startedMs = this.#clock.monotonicMs();
    this.#leading.advance();
    const persists: Persist[] = [];
    let install: Ready['install'];
    do {
      this.#leading.proposeOwn();
      this.#forwarding.dispatch();
      this.#reads.ask();
      this.#rounds.startNext(this.#clock.monotonicMs());
      for (let ready = this.#raft.takeReady(); ready; ready = this.#raft.takeReady()) {
        install = ready.install ?? install;
        this.#process(ready, persists);
      }
      this.#apply(startedMs);
    } while (this.#leadershipMoved());
    this.#reads.run();
    this.#flushing.run();
    if (this.#hub.takePublished()) this.#options.pushed(this.#clock.monotonicMs() - startedMs);
    const sends = this.#sends;
    this.#sends = new Map();
    return { persists, sends, install, liftQuarantine: this.#quarantine.takeRefetched() };
  }

  /** A long replay is done in slices, so that ticks and heartbeats go on meanwhile. */
  #apply(startedMs: number): void {
    if (!this.#applier.hasMore) return;
    const untilMs = startedMs + SLICE_MS_MAX - 2;
    do this.#applier.step();
    while (this.#applier.hasMore && this.#clock.monotonicMs() < untilMs);
    this.#raft.applied(this.#tree.revision);
    if (this.#applier.hasMore) this.#options.wake();
  }

  #process(ready: Ready, persists: Persist[]): void {
    for (const message of ready.send) this.#send(message.to, { type: 'raft', message });
    if (ready.write !== undefined) {
      const { token, write, sendAfterPersist } = ready;
      persists.push({ token, write, sendAfter: sendAfterPersist });
    }
    this.#applier.add(ready.committed);
    for (const { id, index } of ready.reads) this.#rounds.answered(id, index);
    for (const id of ready.readsFailed) this.#rounds.failed(id);
  }

  /** True when leadership changed in a way that lets more be done in this turn. */
  #leadershipMoved(): boolean {
    const { leader, term, isReady } = this.#raft;
    const { leader: before, term: termBefore } = this.#followed;
    const moved = leader !== before || term !== termBefore;
    this.#followed = { leader, term };
    if (moved) {
      this.#openAt = undefined;
      this.#leading.close();
      this.#origin.rewind();
    }
    if (isReady && this.#openAt === undefined) this.#openAt = this.#raft.commitIndex;
    if (this.#openAt === undefined || this.#leading.isOpen) return moved && leader !== undefined;
    if (this.#tree.revision < this.#openAt) return moved;
    this.#leading.open();
    return true;
  }

  /** What is for this member itself does not travel. */
  #send(to: MemberId, message: PeerMessage): void {
    if (to === this.#options.self) return this.#receiveOne(to, message);
    const queue = this.#sends.get(to);
    if (queue === undefined) this.#sends.set(to, [message]);
    else queue.push(message);
  }

  #propose(batch: EntryBatch): boolean {
    const timeMs = Math.max(this.#clock.wallMs(), this.#applier.time);
    return this.#raft.propose(batch, timeMs) !== undefined;
  }

  #receiveOne(from: MemberId, message: PeerMessage): void {
    switch (message.type) {
      case 'raft':
        if (message.message.from === from) this.#raft.step(message.message);
        return;
      case 'forward':
        if (this.#raft.role === 'leader') this.#leading.accept(from, message);
        return;
      case 'forwardReply':
        return this.#forwarding.replied(from, message);
      case 'sessionReport':
        return this.#leading.report(from, message);
      case 'sessionReportReply':
        if (message.term === this.#raft.term) this.#reports.confirm(message);
        return;
      case 'status':
        if (message.id === from)
          this.#statuses.set(from, { status: message, atMs: this.#clock.monotonicMs() });
        return;
      default:
        return unreachable(message);
    }
  }
}
