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
import type { Index, MemberId, Revision } from '../types/ids.js';
import { SLICE_MS_MAX } from '../types/limits.js';
import type { CheckpointMeta, EntryBatch, SnapshotMeta } from '../types/log.js';
import type { MemberStatus, PeerMessage } from '../types/peer.js';
import type { Clock } from '../types/ports.js';
import { Flushing } from './clients/flushing.js';
import { Gate, type GateHost } from './clients/gate.js';
import { Intake } from './clients/intake.js';
import { Pulse } from './clients/pulse.js';
import { Reads } from './clients/reads.js';
import { Rounds } from './clients/rounds.js';
import type { Effects, Persist } from './effects.js';
import type { Oddity, Split } from './integrity/comparison.js';
import { Integrity } from './integrity/integrity.js';
import { Quarantine } from './integrity/quarantine.js';
import { Leadership } from './leader/leadership.js';
import { Leading } from './leader/leading.js';
import { shownRole } from './leader/role.js';
import { SessionReports } from './leader/session-reports.js';
import { type Figures, figuresOf } from './metrics/figures.js';
import { type HeardStatus, isConfigured, Peers } from './peers.js';
import type { Attachment, AttachOptions, Sink } from './service.js';
import type { Tuning } from './tuning.js';
import { WatchHub } from './watches/watch-hub.js';
import { type AppliedAt, Applier } from './writes/applier.js';
import { Forwarding } from './writes/forwarding.js';
import { OriginQueue } from './writes/origin-queue.js';

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
    'type' | 'role' | 'disk' | 'term' | 'commitIndex' | 'appliedIndex'
  >;
  readonly sessionEnded: (cause: string) => void;
  /** Changes were pushed to subscribers this long after they were committed here. */
  readonly pushed: (ms: number) => void;
  /** There are inputs: `settle` is due at the end of this turn. */
  readonly wake: () => void;
}

export class Core {
  /** For whoever shows them; costs a look at every connection. */
  readonly figures: () => Figures;
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
  readonly #integrity: Integrity;
  readonly #leadership: Leadership;
  readonly #peers = new Peers();
  readonly #gates = new Set<Gate>();
  readonly #flushing: Flushing;
  readonly #gateHost: GateHost = {
    handle: (gate, request) => {
      this.#intake.handle(gate, request);
      this.#options.wake();
    },
    markDirty: (gate) => this.#flushing.add(gate),
    closed: (gate) => {
      this.#hub.stopAll(gate);
      this.#reads.closed();
      this.#applier.unbind(gate);
      this.#gates.delete(gate);
      this.#flushing.delete(gate);
    },
  };
  #sends = new Map<MemberId, PeerMessage[]>();

  constructor(options: CoreOptions) {
    const { self, tuning, clock, sessionEnded } = options;
    this.#options = options;
    this.#clock = clock;
    this.#tree = options.tree;
    this.#raft = new Raft(options.raft);
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
      stampMs: () => this.#stampMs(),
      status: () => this.status(),
      send: (to: MemberId, message: PeerMessage) => this.#send(to, message),
      propose: (batch: EntryBatch) => this.split === undefined && this.#propose(batch),
      append: (batch: EntryBatch) => this.#propose(batch),
      marked: (revision: Revision) => this.#integrity.marked(revision),
      isUnsound: () => this.split !== undefined || this.#leadership.isDiskSick,
      fitnessChanged: () => this.#leadership.showFitness(),
      peers: this.#peers,
      sessionEnded,
      boot: options.boot,
      term: () => this.#raft.term,
    };
    const reads = new Reads(shared);
    const leading = new Leading(shared, tuning);
    this.#reads = reads;
    this.#leading = leading;
    this.#forwarding = new Forwarding({ ...shared, leading });
    this.#applier = new Applier({ ...shared, leading, reads }, options.appliedAt);
    this.#intake = new Intake({ ...shared, reads });
    this.#pulse = new Pulse({ ...shared, reads, leading }, clock.monotonicMs());
    const intake = this.#intake;
    const quarantine = new Quarantine({ ...shared, intake, gateHost: this.#gateHost });
    this.#quarantine = quarantine;
    this.#integrity = new Integrity({ ...shared, intake, reads, quarantine });
    this.#leadership = new Leadership({
      ...shared,
      leading,
      quarantine,
      integrity: this.#integrity,
    });
    const counted = { ...shared, reads, leading, forwarding: this.#forwarding };
    this.figures = () => figuresOf({ ...counted, integrity: this.#integrity });
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

  get confirmationAgeMs(): number {
    return this.#reports.confirmationAgeMs(this.#clock.monotonicMs());
  }

  get isQuarantined(): boolean {
    return this.#quarantine.isOn;
  }

  /** Members disagree about the state, and no majority holds one: nothing is served. */
  get split(): Split | undefined {
    return this.#integrity.split;
  }

  get mayHandOnState(): boolean {
    return this.#integrity.mayHandOn;
  }

  get hasQuorum(): boolean {
    return this.#reports.isConfirmed(this.#clock.monotonicMs());
  }

  /** What each other member last said of itself, and when. */
  get statuses(): ReadonlyMap<MemberId, HeardStatus> {
    return this.#peers.statuses;
  }

  isReachable(peer: MemberId): boolean {
    return this.#peers.isReachable(peer, this.#clock.monotonicMs());
  }

  status(): MemberStatus {
    const { term, commitIndex } = this.#raft;
    return {
      ...this.#options.describeSelf(),
      type: 'status',
      role: this.isQuarantined ? 'quarantined' : shownRole(this.#raft, this.#options.self),
      disk: this.#leadership.isDiskSick ? 'stalled' : 'ok',
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
    this.#leadership.tick();
    this.#integrity.tick(nowMs);
    this.#rounds.retry(nowMs);
    this.#forwarding.tick(nowMs);
    this.#pulse.tick(nowMs);
  }

  receive(from: MemberId, messages: readonly PeerMessage[]): void {
    if (!isConfigured(this.#raft.configuration, from)) return;
    this.#peers.heard(from, this.#clock.monotonicMs());
    for (const message of messages) this.#receiveOne(from, message);
  }

  persisted(token: number): void {
    this.#raft.persisted(token);
  }

  /** The link to a peer was made: what was under way on the old one may be lost. */
  connected(peer: MemberId): void {
    this.#integrity.connected();
    if (peer === this.#raft.leader) this.#origin.rewind();
  }

  peerDown(peer: MemberId): void {
    this.#raft.peerDown(peer);
  }

  /** A member whose disk does not keep up neither leads nor stands (contract 11). */
  diskIs(health: 'ok' | 'sick'): void {
    this.#leadership.diskIs(health);
  }

  /** The state was replaced: watches are shown the new one, and what cannot be answered is `unknown`. */
  installed({ snapshot, time }: CheckpointMeta, tree: Tree): void {
    this.#tree = tree;
    this.#hub.replaceTree(tree);
    for (const gate of this.#gates) if (gate.laggingCount > 0) this.#flushing.add(gate);
    this.#applier.replaceTree(tree, { ...snapshot, time });
    this.#integrity.installed();
    this.#raft.snapshotInstalled(snapshot);
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

  /** Stops taking requests and hands leadership on. */
  leave(): void {
    this.#intake.isLeaving = true;
    this.#leadership.handOver();
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
    } while (this.#leadership.follow());
    const oddity = this.#integrity.judge();
    if (oddity !== undefined) return this.#fence(oddity);
    this.#reads.run(this.#flushing.due);
    this.#flushing.run();
    if (this.#hub.takePublished()) this.#options.pushed(this.#clock.monotonicMs() - startedMs);
    const sends = this.#takeSends();
    const liftQuarantine = this.#quarantine.takeRefetched();
    return { persists, sends, install, liftQuarantine, fence: undefined };
  }

  /** The last turn: nobody is answered any more, nothing is written, and the lead goes to another. */
  #fence(fence: Oddity): Effects {
    this.#leadership.handOver();
    this.#raft.resign();
    for (const message of this.#raft.takeReady()?.send ?? [])
      this.#send(message.to, { type: 'raft', message });
    const sends = this.#takeSends();
    return { persists: [], sends, install: undefined, liftQuarantine: false, fence };
  }

  #takeSends(): Map<MemberId, PeerMessage[]> {
    const sends = this.#sends;
    this.#sends = new Map();
    return sends;
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

  /** What is for this member itself does not travel. */
  #send(to: MemberId, message: PeerMessage): void {
    if (to === this.#options.self) return this.#receiveOne(to, message);
    const queue = this.#sends.get(to);
    if (queue === undefined) this.#sends.set(to, [message]);
    else queue.push(message);
  }

  #propose(batch: EntryBatch): boolean {
    return this.#raft.propose(batch, this.#stampMs()) !== undefined;
  }

  #stampMs(): number {
    return Math.max(this.#clock.wallMs(), this.#applier.time);
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
        return this.#peers.noteStatus(from, message, this.#clock.monotonicMs());
      case 'digest':
        return this.#integrity.heard(from, message);
      default:
        return unreachable(message);
    }
  }
}
