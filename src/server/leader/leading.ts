/**
 * What a member does while it leads, beyond Raft: takes forwarded commands in order, keeps the
 * session countdowns, reaps what ends by itself, and proposes the ends that only a leader may propose, each after a quorum round
 * begun past its deadline (contract S4, S5). Nothing here survives the loss of leadership.
 */
import { encodeBody, encodeCommand } from '../../codec/command.js';
import type { Tree } from '../../tree/tree.js';
import type { CommandBody } from '../../types/command.js';
import { type MemberId, NO_SESSION, type SessionId, type Term } from '../../types/ids.js';
import { EXPIRIES_PER_TICK_MAX } from '../../types/limits.js';
import type { EntryBatch } from '../../types/log.js';
import type { Forward, PeerMessage, SessionReport } from '../../types/peer.js';
import type { Rounds } from '../clients/rounds.js';
import type { Tuning } from '../tuning.js';
import { Acceptor } from '../writes/acceptor.js';
import { BatchBuilder } from '../writes/batch.js';
import { Reaper } from './reaper.js';
import { SessionClocks, type Suspect } from './session-clocks.js';

export interface LeadingHost {
  readonly self: MemberId;
  readonly boot: number;
  readonly rounds: Rounds;
  tree(): Tree;
  term(): Term;
  nowMs(): number;
  /** What the next run will be stamped with, at least. */
  stampMs(): number;
  propose(batch: EntryBatch): boolean;
  send(to: MemberId, message: PeerMessage): void;
}

export type LeadingTuning = Pick<Tuning, 'sessionTickMs' | 'containerIdleMs'>;

export class Leading {
  readonly #host: LeadingHost;
  readonly #tuning: LeadingTuning;
  readonly #acceptor: Acceptor;
  readonly #builder = new BatchBuilder();
  /** Own proposals that the log has not taken: at most one a session. */
  #offers: EntryBatch[] = [];
  #advancedAtMs = 0;
  #tickedAtMs = 0;
  #clocks: SessionClocks;
  #reaper: Reaper;
  /** Ends of nodes and overrides proposed so far. */
  reaps = 0;
  #isOpen = false;
  /** Rises with each term led: answers to questions of an earlier one are void. */
  #tenure = 0;

  constructor(host: LeadingHost, tuning: LeadingTuning) {
    this.#host = host;
    this.#tuning = tuning;
    this.#clocks = new SessionClocks(tuning.sessionTickMs);
    this.#reaper = this.#createReaper();
    this.#acceptor = new Acceptor({
      appliedNumber: (member, boot) => host.tree().originNumber(member, boot),
      propose: (batch) => host.propose(batch),
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The first own entry is applied: countdowns start at full, commands are taken. */
  open(): void {
    this.#isOpen = true;
    this.#tenure++;
    this.#clocks = new SessionClocks(this.#tuning.sessionTickMs);
    this.#reaper = this.#createReaper();
    this.#advancedAtMs = this.#host.nowMs();
    this.#tickedAtMs = this.#advancedAtMs;
    this.#clocks.startAll(this.#host.tree().sessions());
    for (const [to, reply] of this.#acceptor.open()) this.#host.send(to, reply);
  }

  close(): void {
    if (this.#isOpen) this.#tenure++;
    this.#isOpen = false;
    this.#builder.take();
    this.#offers = [];
    this.#acceptor.close();
  }

  accept(from: MemberId, forward: Forward): void {
    const reply = this.#acceptor.accept(from, forward);
    if (reply !== undefined) this.#host.send(from, reply);
  }

  /** Touches count from here; they are confirmed once a round begun after this has a quorum. */
  report(from: MemberId, report: SessionReport): void {
    if (!this.#isOpen) return;
    this.advance();
    const refused: SessionId[] = [];
    for (const { session, epoch } of report.touched)
      if (!this.#clocks.touch(session, epoch)) refused.push(session);
    for (const { session, epoch } of report.closed) this.#dropped(session, epoch);
    const { number } = report;
    this.#whenConfirmed(() => {
      const term = this.#host.term();
      this.#host.send(from, { type: 'sessionReportReply', number, term, refused });
    });
  }

  /** Before anything restarts a countdown: it would be short by the time since the last tick. */
  advance(): void {
    const nowMs = this.#host.nowMs();
    this.#clocks.advance(nowMs - this.#advancedAtMs);
    this.#advancedAtMs = nowMs;
  }

  /** Once per session tick. */
  tick(): void {
    if (!this.#isOpen) return;
    this.advance();
    this.#reaper.tick(this.#advancedAtMs - this.#tickedAtMs);
    this.#tickedAtMs = this.#advancedAtMs;
    const suspects = this.#clocks.suspects(EXPIRIES_PER_TICK_MAX);
    if (suspects.length > 0) this.#whenConfirmed(() => this.#expire(suspects));
  }

  /** What the log does not take now (a transfer may fail yet) is offered again: nobody else repeats it. */
  proposeOwn(): void {
    if (this.#builder.count > 0) this.#offers.push(this.#builder.take());
    while (this.#offers.length > 0 && this.#host.propose(this.#offers[0]!)) this.#offers.shift();
  }

  sessionStarted(session: SessionId): void {
    const view = this.#isOpen ? this.#host.tree().session(session) : undefined;
    if (view !== undefined) this.#clocks.start(view);
  }

  sessionDetached(session: SessionId, epoch: number): void {
    if (this.#isOpen) this.#clocks.detached(session, epoch);
  }

  sessionEnded(session: SessionId): void {
    if (this.#isOpen) this.#clocks.end(session);
  }

  /** A request of the session was applied, which counts as a touch (contract S7). */
  sessionActive(session: SessionId, epoch: number): void {
    if (this.#isOpen) this.#clocks.touch(session, epoch);
  }

  /** One of a leader's own proposals was applied, whoever made it. */
  ownApplied(body: CommandBody): void {
    if (body.kind === 'reap') this.#reaper.reapApplied(body.path);
    else if (body.kind === 'expireOverride') this.#reaper.overrideApplied(body);
  }

  #createReaper(): Reaper {
    const { sessionTickMs: tickMs, containerIdleMs } = this.#tuning;
    const propose = (body: CommandBody) => {
      this.reaps++;
      this.#propose(body);
    };
    const { tree, stampMs } = this.#host;
    return new Reaper({ tree, stampMs, propose }, { tickMs, containerIdleMs });
  }

  #dropped(session: SessionId, epoch: number): void {
    if (!this.#clocks.dropped(session, epoch)) return;
    this.#propose({ kind: 'detachSession', session, epoch, term: this.#host.term() });
  }

  #expire(suspects: readonly Suspect[]): void {
    for (const suspect of suspects) {
      const view = this.#host.tree().session(suspect.session);
      if (view === undefined || !this.#clocks.confirm(suspect)) continue;
      const { session, epoch, cause } = suspect;
      const { lastRevision } = view;
      const term = this.#host.term();
      this.#propose({ kind: 'expireSession', session, epoch, lastRevision, term, cause });
    }
  }

  #propose(body: CommandBody): void {
    const origin = { member: this.#host.self, boot: this.#host.boot, number: 0 };
    const sender = { kind: body.kind, session: NO_SESSION, epoch: 0, seq: 0, ackedSeq: 0 };
    const envelope = { ...sender, origin, identities: [] };
    encodeCommand(envelope, encodeBody(body), this.#builder.writer);
    this.#builder.endEntry();
  }

  #whenConfirmed(then: () => void): void {
    const tenure = this.#tenure;
    this.#host.rounds.ask(() => {
      if (this.#isOpen && this.#tenure === tenure) then();
    });
  }
}
